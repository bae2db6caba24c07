//! Syntax tree → checked program: names, types, generics, constants, patterns, and who gives and learns what.
//!
//! Ranges and stages are not looked at here but in lowering, for which [`crate::hir::ExprKind::Fit`] marks every place where a
//! value must lie in a declared range.
//!
//! # Invariants
//! - No panic and no run without end on any tree: nesting, expansions of generics, sizes of types and the work of constants are
//!   bounded, each by an error of its own.
//! - An error is reported once, where it is; what depends on it has the type [`Ty::Never`] and stays silent.
//! - Same tree and parameters, same program and same diagnostics, in the same order.

mod body;
mod border;
mod builtin;
mod call;
mod closure;
mod consts;
mod control;
mod exhaustive;
mod expr;
mod fixed;
mod float;
mod generics;
mod graph;
mod holes;
mod items;
mod iterate;
mod library;
mod missing;
mod modules;
mod operator;
mod pattern;
mod requires;
mod resolve;
mod types;
mod visible;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use num_bigint::BigInt;

use self::body::{Body, Why};
use self::closure::takes_closures;
use self::consts::ConstState;
use self::holes::Holes;
use self::items::{Def, DefId, DefKind, EnvRef, ImplDef, Scope, ScopeId};
use self::modules::Module;
pub(crate) use self::types::decimal;
use self::types::{Arg, Bound, Origin, Types, unit};
use crate::diagnostic::{Code, Diagnostic, Stage, has_errors};
use crate::hir::{Budget, Expect, Function, FunctionId, Param, Party, PartyId, Program, Struct, Test, Ty};
use crate::lower;
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::{self, ast};

/// Expansions of generic functions, and of types.
const EXPANSIONS_MAX: usize = 10_000;
/// Expressions, generic functions and closures expanded.
const EXPRS_MAX: u64 = 1_000_000;
/// Expressions inside each other.
const DEPTH_MAX: u32 = 200;

/// What a program is built with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Values of the program's parameters, by name; a bool is 0 or 1.
    pub params: BTreeMap<String, BigInt>,
    /// Leaves out the `#[test]` functions, which may be about other parameters.
    pub without_tests: bool,
}

/// A program's text.
pub struct Sources<'s> {
    /// What messages call the root file, usually its path.
    pub name: &'s str,
    /// The root file.
    pub text: &'s str,
    /// Gives the file of a module, such as `geometry.hush` beside the root file; nothing if there is none.
    pub load: &'s dyn Fn(&str) -> Option<String>,
}

/// A program as far as it could be understood.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The program; there if no diagnostic is an error.
    pub program: Option<Program>,
    /// What is to be said about it, in order of place.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that the diagnostics point into.
    pub sources: SourceMap,
}

/// Reads and checks a program, and proves by [`lower::analyse`] that nothing in it can go wrong.
#[must_use]
pub fn check(sources: &Sources<'_>, options: &Options) -> Checked {
    let mut map = SourceMap::new();
    let root = map.add(sources.name, sources.text);
    let (file, mut diagnostics) = syntax::parse(&map, root);
    let (modules, found) = modules::load(&file, sources, &mut map);
    diagnostics.extend(found);
    let (program, found) = check_files(&file, &modules, options);
    let syntax = |diagnostic: &Diagnostic| diagnostic.is_error() && diagnostic.code.stage() == Stage::Syntax;
    let broken = diagnostics.iter().any(syntax);
    let is_read = !has_errors(&diagnostics);
    // Where the text is broken, declarations may be missing: what is said about names would mislead.
    let damage = Damage::of(&file, &modules, &diagnostics);
    diagnostics.extend(found.into_iter().filter(|found| !broken || damage.spares(found)));
    if let Some(program) = program.as_ref().filter(|_| is_read) {
        diagnostics.extend(lower::analyse(program, lower::Limits::default()));
    }
    let program = program.filter(|_| !has_errors(&diagnostics));
    diagnostics.sort_by_key(Diagnostic::span);
    bound(&mut diagnostics);
    Checked { program, diagnostics, sources: map }
}

/// What is said where a value was written, but could not be read.
const LOST_VALUE: [Code; 5] =
    [Code::TypeMismatch, Code::NoValue, Code::MissingElse, Code::ElseGoesOn, Code::MissingCases];

/// What could not be read of a program's text.
struct Damage {
    /// The declarations in which something could not be read.
    items: Vec<Span>,
    /// Whether all of it is inside the bodies of functions, so that every declaration is there.
    only_bodies: bool,
}

impl Damage {
    fn of(root: &ast::File, modules: &[Module], syntax: &[Diagnostic]) -> Damage {
        let items = || root.items.iter().chain(modules.iter().flat_map(|module| &module.file.items));
        let places: Vec<Span> = syntax.iter().filter_map(Diagnostic::span).collect();
        let damaged = |item: &&ast::Item| places.iter().any(|place| item.span.contains(*place));
        let body = |item: &ast::Item| match &item.kind {
            ast::ItemKind::Function(function) => Some(function.body.span),
            _ => None,
        };
        let inside = |place: &Span| items().filter_map(body).any(|body| body.contains(*place));
        // Where brackets or texts do not end where they should, declarations stand in bodies.
        let shifts = |found: &Diagnostic| {
            matches!(found.code, Code::UnclosedBracket | Code::UnexpectedBracket | Code::UnterminatedText)
        };
        Damage {
            items: items().filter(damaged).map(|item| item.span).collect(),
            only_bodies: places.iter().all(inside) && !syntax.iter().any(shifts),
        }
    }

    /// Whether what was found does not come from what could not be read.
    fn spares(&self, found: &Diagnostic) -> bool {
        let damaged = found.span().is_none_or(|span| self.items.iter().any(|item| item.contains(span)));
        match found.code.stage() {
            Stage::Types => !damaged || !LOST_VALUE.contains(&found.code),
            Stage::Names => !damaged && self.only_bodies,
            _ => false,
        }
    }
}

/// Keeps as many errors as people read, and says how many more there are.
fn bound(diagnostics: &mut Vec<Diagnostic>) {
    let n_more = diagnostics.len().saturating_sub(syntax::ERRORS_MAX + 1);
    if n_more > 0 {
        diagnostics.truncate(syntax::ERRORS_MAX);
        let message = format!("there are {} more errors; the first {} are shown", n_more + 1, syntax::ERRORS_MAX);
        diagnostics.push(Diagnostic::error(Code::TooManyErrors, message));
    }
}

/// Checks syntax trees. If there are errors, the program has what is whole of it, and nothing else is to be looked at.
fn check_files(root: &ast::File, modules: &[Module], options: &Options) -> (Option<Program>, Vec<Diagnostic>) {
    let mut checker = Checker::new(options);
    checker.declare_files(root, modules);
    let program = checker.program();
    let mut diagnostics = checker.diagnostics;
    diagnostics.sort_by_key(Diagnostic::span);
    (program, diagnostics)
}

/// A function whose body waits to be checked.
struct Job<'a> {
    function: FunctionId,
    ast: &'a ast::Function,
    scope: ScopeId,
    env: EnvRef,
    test: bool,
}

/// The types of a function's parameters, and of its result.
type Signature = (Rc<[Ty]>, Ty);

/// Everything known of a program so far.
struct Checker<'a> {
    options: &'a Options,
    defs: Vec<Def<'a>>,
    /// What files may use from each other.
    public_defs: BTreeSet<DefId>,
    impls: Vec<ImplDef<'a>>,
    scopes: Vec<Scope>,
    root: ScopeId,
    /// The scopes of the standard library's modules.
    library_scopes: BTreeSet<ScopeId>,
    /// Where the first declaration of a file begins.
    file_starts: BTreeMap<FileId, Span>,
    /// The library's functions that are methods of the language's own types.
    methods_scope: Option<ScopeId>,
    sort_scope: Option<ScopeId>,
    /// Names that a `use` would bring in if its module were there.
    missing_imports: BTreeSet<(ScopeId, Arc<str>)>,
    block_scopes: HashMap<*const ast::Block, ScopeId>,
    types: Types,
    /// Expanded types; nothing while one is being expanded.
    type_instances: HashMap<(DefId, Rc<[Arg]>), Option<Ty>>,
    open_types: Vec<DefId>,
    records: HashMap<Vec<(String, Ty)>, Ty>,
    /// By declaration and the generic arguments of the `impl` around it.
    consts: HashMap<(DefId, Rc<[Arg]>), ConstState>,
    open_consts: Vec<DefId>,
    const_nesting: u32,
    /// What `_` in a type stands for, where it may stand.
    holes: Option<Holes>,
    params: Vec<Param>,
    parties: Vec<Party>,
    parties_of: BTreeMap<DefId, Vec<PartyId>>,
    /// How the tests end, by function.
    expects: BTreeMap<DefId, Expect>,
    /// What functions may cost, and where that is said.
    costs: BTreeMap<DefId, (BigInt, Span)>,
    /// The same by expansion.
    budgets: Vec<Budget>,
    /// Outputs of `main` of which each member learns its own element, by position.
    audiences: BTreeMap<usize, Vec<PartyId>>,
    instances: HashMap<(DefId, Rc<[Arg]>), FunctionId>,
    /// The next five are by function.
    functions: Vec<Function>,
    signatures: Vec<Signature>,
    calls: Vec<Vec<(FunctionId, Span)>>,
    checked: Vec<bool>,
    bad_functions: Vec<bool>,
    queue: VecDeque<Job<'a>>,
    /// Expressions checked so far.
    n_exprs: u64,
    /// Whether they are too many, which is reported.
    too_large: bool,
    option_fields: &'a ast::Fields,
    /// Variables around a constant expression, which it cannot use.
    variables: Vec<(Arc<str>, Span)>,
    diagnostics: Vec<Diagnostic>,
    reported: BTreeSet<(Code, Option<Span>)>,
    errors: u32,
    /// Errors, and uses of what was an error before.
    failures: u32,
}

impl<'a> Checker<'a> {
    fn new(options: &'a Options) -> Checker<'a> {
        Checker {
            options,
            defs: Vec::new(),
            public_defs: BTreeSet::new(),
            impls: Vec::new(),
            scopes: Vec::new(),
            root: ScopeId(0),
            library_scopes: BTreeSet::new(),
            file_starts: BTreeMap::new(),
            methods_scope: None,
            sort_scope: None,
            missing_imports: BTreeSet::new(),
            block_scopes: HashMap::new(),
            types: Types::default(),
            type_instances: HashMap::new(),
            open_types: Vec::new(),
            records: HashMap::new(),
            consts: HashMap::new(),
            open_consts: Vec::new(),
            const_nesting: 0,
            holes: None,
            params: Vec::new(),
            parties: Vec::new(),
            parties_of: BTreeMap::new(),
            expects: BTreeMap::new(),
            costs: BTreeMap::new(),
            budgets: Vec::new(),
            audiences: BTreeMap::new(),
            instances: HashMap::new(),
            functions: Vec::new(),
            signatures: Vec::new(),
            calls: Vec::new(),
            checked: Vec::new(),
            bad_functions: Vec::new(),
            queue: VecDeque::new(),
            n_exprs: 0,
            too_large: false,
            option_fields: some_fields(),
            variables: Vec::new(),
            diagnostics: Vec::new(),
            reported: BTreeSet::new(),
            errors: 0,
            failures: 0,
        }
    }

    /// Keeps a diagnostic; the same at the same place is kept once, since generic code is checked once for each expansion.
    fn report(&mut self, diagnostic: Diagnostic) {
        self.failures += u32::from(diagnostic.is_error());
        let place = diagnostic.span();
        if place.is_none() || self.reported.insert((diagnostic.code, place)) {
            self.errors += u32::from(diagnostic.is_error());
            self.diagnostics.push(diagnostic);
        }
    }

    fn unsupported(&mut self, span: Span, what: &str, instead: &str) {
        self.report(
            Diagnostic::error(Code::NotSupported, format!("this compiler does not support {what} yet"))
                .at(span, "not supported")
                .help(instead),
        );
    }

    /// Checks everything that is declared.
    fn program(&mut self) -> Option<Program> {
        self.declare_parties();
        let mut next = 0;
        let mut tests = Vec::new();
        while next < self.defs.len() {
            self.check_def(DefId(next as u32), &mut tests);
            self.drain();
            next += 1;
        }
        let main = self.main();
        self.drain();
        self.check_unused();
        self.unknown_params();
        let whole = if self.errors > 0 { self.whole_functions() } else { Vec::new() };
        let position = self.order_functions()?;
        let place = |id: FunctionId| position[id.0 as usize];
        tests.iter_mut().for_each(|test: &mut Test| test.function = place(test.function));
        self.params.sort_by_key(|param| param.span);
        let main = main.map(|main| crate::hir::Main { function: place(main.function), ..main });
        let n_functions = position.len() as u32;
        let mut budgets = std::mem::take(&mut self.budgets);
        budgets.retain(|budget| budget.function.0 < n_functions);
        budgets.iter_mut().for_each(|budget: &mut Budget| budget.function = place(budget.function));
        let mut program = Program {
            parties: std::mem::take(&mut self.parties),
            params: std::mem::take(&mut self.params),
            structs: std::mem::take(&mut self.types.structs),
            enums: std::mem::take(&mut self.types.enums),
            functions: std::mem::take(&mut self.functions),
            main,
            tests,
            budgets,
        };
        if self.errors > 0 {
            let whole: BTreeSet<FunctionId> = whole.into_iter().map(place).collect();
            keep_whole(&mut program, &whole);
        }
        let errors = self.errors;
        self.requirements(&mut program);
        program.main = program.main.filter(|_| self.errors == errors);
        Some(program)
    }

    /// Checks one declaration, whether or not anything uses it.
    fn check_def(&mut self, id: DefId, tests: &mut Vec<Test>) {
        let def = self.def(id).clone();
        if let Some(generics) = def.generics() {
            self.known_bounds(generics);
        }
        let generic = def.generics().is_some_and(|generics| !generics.params.is_empty());
        let in_generic = def.impl_.is_some_and(|id| !self.impls[id.0 as usize].ast.generics.params.is_empty());
        match def.kind {
            _ if self.library_scopes.contains(&def.scope) => {}
            DefKind::Function(_, true) if self.options.without_tests => {}
            DefKind::Party(_) | DefKind::Module(_) => {}
            DefKind::Const(_) if in_generic => {}
            DefKind::Const(_) => drop(self.const_value(id, &Rc::default(), def.name.span)),
            DefKind::Struct(_) | DefKind::Enum(_) | DefKind::Alias(_) if generic => {}
            DefKind::Struct(_) | DefKind::Enum(_) | DefKind::Alias(_) => {
                drop(self.instance_ty(id, Rc::default(), def.name.span))
            }
            DefKind::Function(ast, test) => {
                let is_main = &*ast.name.name == "main" && def.scope == self.root && def.impl_.is_none();
                if !is_main {
                    self.no_border(ast);
                }
                if test && !self.good_test(ast) || generic || in_generic || takes_closures(ast) {
                    return;
                }
                let function = self.function(id, Rc::default(), def.name.span);
                if let (true, Some((function, ..))) = (test, function) {
                    let expects = self.expects.get(&id).cloned().unwrap_or(Expect::Success);
                    tests.push(Test { name: ast.name.to_string(), function, expects, span: ast.name.span });
                }
            }
        }
    }

    /// Checks generic functions with types and sizes that stand for all: what they do with values of a generic type must be in its
    /// bounds. Of functions that nothing has expanded, other errors are reported too.
    ///
    /// Only what does not depend on the choice is reported, and the expansions are dropped again.
    fn check_unused(&mut self) {
        let (n_functions, n_diagnostics, errors) = (self.functions.len(), self.diagnostics.len(), self.errors);
        let keys = self.instances.keys().map(|(def, _)| *def).chain(self.consts.keys().map(|(def, _)| *def));
        let used: BTreeSet<DefId> = keys.collect();
        for i in 0..self.defs.len() {
            let id = DefId(i as u32);
            if self.library_scopes.contains(&self.def(id).scope) {
                continue;
            }
            let before = self.diagnostics.len();
            if let DefKind::Const(ast) = self.def(id).kind {
                let args: Rc<[Arg]> = self.function_params(id).into_iter().map(|param| self.stand_in(param)).collect();
                if !args.is_empty() && !used.contains(&id) {
                    self.const_value(id, &args, ast.name.span);
                }
            } else if let DefKind::Function(ast, _) = self.def(id).kind
                && takes_closures(ast)
            {
                let args: Rc<[Arg]> = self.function_params(id).into_iter().map(|param| self.stand_in(param)).collect();
                let (env, scope) = self.function_env(id, &args);
                Body::new(self, scope, env).check_opaque(ast);
            } else if let DefKind::Function(ast, _) = self.def(id).kind
                && !self.function_params(id).is_empty()
            {
                let args: Rc<[Arg]> = self.function_params(id).into_iter().map(|param| self.stand_in(param)).collect();
                self.instances.remove(&(id, args.clone()));
                self.function(id, args, ast.name.span);
                let job = self.queue.pop_back();
                self.queue.clear();
                job.into_iter().for_each(|job| self.check_body(job));
                self.queue.clear();
                if used.contains(&id) {
                    let own = self.diagnostics.split_off(before);
                    self.diagnostics.extend(own.into_iter().filter(|found| found.code == Code::BoundNotMet));
                }
            }
        }
        self.functions.truncate(n_functions);
        self.calls.truncate(n_functions);
        let found = self.diagnostics.split_off(n_diagnostics);
        let depends =
            [Code::BadLength, Code::EmptyArray, Code::TypeTooLarge, Code::CannotInfer, Code::DeclaredTypeNeeded];
        let sure = |code: Code| matches!(code.stage(), Stage::Names | Stage::Types) && !depends.contains(&code);
        self.diagnostics.extend(found.into_iter().filter(|found| sure(found.code) && found.is_error()));
        self.errors = errors + (self.diagnostics.len() - n_diagnostics) as u32;
    }

    /// An argument that stands for all that a generic parameter may be.
    fn stand_in(&mut self, param: &ast::GenericParam) -> Arg {
        if param.is_size() {
            return Arg::Int(BigInt::from(16));
        }
        let has =
            |wanted: &str| param.bounds.iter().any(|bound| bound.as_ident().is_some_and(|name| &*name.name == wanted));
        let bound = match () {
            () if has("Num") => return Arg::Ty(Ty::Exact),
            () if has("Ord") => Bound::Ord,
            () if has("Eq") => Bound::Eq,
            () => Bound::None,
        };
        let origin = Origin::Opaque(param.span, bound);
        let name = param.name.to_string();
        Arg::Ty(self.types.add_struct(origin, Rc::default(), Struct { name, fields: Vec::new(), fraction: None }))
    }

    fn good_test(&mut self, ast: &ast::Function) -> bool {
        let plain = ast.params.is_empty() && ast.receiver.is_none() && ast.generics.params.is_empty();
        if plain && matches!(ast.output, ast::Output::Unit) {
            return true;
        }
        self.report(
            Diagnostic::error(Code::BadTest, format!("the test `{}` takes or gives something", ast.name))
                .at(ast.signature, "should be `fn name()`")
                .help("write a function without parameters and without result"),
        );
        false
    }

    /// Checks the bodies that wait.
    fn drain(&mut self) {
        while let Some(job) = self.queue.pop_front() {
            self.check_body(job);
        }
    }

    fn check_body(&mut self, job: Job<'a>) {
        let index = job.function.0 as usize;
        let (params, ret) = self.signatures[index].clone();
        let failures = self.failures;
        let mut body = Body::new(self, job.scope, job.env);
        body.test = job.test;
        let ret_span = match &job.ast.output {
            ast::Output::Unit => job.ast.signature,
            ast::Output::Type { ty, .. } => ty.span,
            ast::Output::Record { span, .. } => *span,
        };
        body.ret = Some((ret.clone(), ret_span));
        let stmts = body.params(job.ast, &params);
        let value = body.block(&job.ast.body, Some(&ret));
        let why = if ret == unit() { "this function gives nothing" } else { "expected because of this return type" };
        let value = body.fit(value, &ret, &Why::at(ret_span, why));
        let stmts = std::mem::take(&mut body.prologue).into_iter().chain(stmts).collect();
        let mut value = builtin::block(stmts, value);
        body.close(&mut value);
        let (locals, calls) = (body.locals, body.calls);
        let function = &mut self.functions[index];
        (function.locals, function.body) = (locals, value);
        self.calls[index] = calls;
        self.checked[index] = true;
        self.bad_functions[index] = self.failures > failures;
    }
}

/// Leaves only these functions to be looked at.
fn keep_whole(program: &mut Program, whole: &BTreeSet<FunctionId>) {
    for (function, i) in program.functions.iter_mut().zip(0..) {
        function.standalone &= whole.contains(&FunctionId(i));
    }
    program.main = program.main.take().filter(|main| whole.contains(&main.function));
    program.tests.retain(|test| whole.contains(&test.function));
}

/// `(T)`, the fields of `Some`.
fn some_fields() -> &'static ast::Fields {
    use std::sync::OnceLock;
    static FIELDS: OnceLock<ast::Fields> = OnceLock::new();
    FIELDS.get_or_init(|| {
        let ty = ast::Type { kind: ast::TypeKind::Infer, span: Span::default() };
        ast::Fields::Tuple(vec![ty])
    })
}
