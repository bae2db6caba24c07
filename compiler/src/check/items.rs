//! What a program declares, and which name means what where.
//!
//! One namespace: a type, a function, a constant and a party never share a name in one scope. Declarations of a scope are
//! visible in all of it; variables (see [`super::body`]) hide them.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use num_bigint::BigInt;

use super::Checker;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::Expect;
use crate::source::Span;
use crate::syntax::ast;

/// Position in [`Checker::defs`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct DefId(pub(super) u32);

/// Position in [`Checker::scopes`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct ScopeId(pub(super) u32);

/// Position in [`Checker::impls`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct ImplId(pub(super) u32);

/// A declaration.
#[derive(Clone)]
pub(super) struct Def<'a> {
    pub(super) name: &'a ast::Ident,
    /// Where `pub` stands or would stand.
    pub(super) start: Span,
    pub(super) scope: ScopeId,
    pub(super) kind: DefKind<'a>,
    /// For functions and constants of an `impl`.
    pub(super) impl_: Option<ImplId>,
}

#[derive(Clone, Copy)]
pub(super) enum DefKind<'a> {
    Party(&'a ast::Party),
    Const(&'a ast::Const),
    Struct(&'a ast::Struct),
    Enum(&'a ast::Enum),
    Alias(&'a ast::TypeAlias),
    /// A function, and whether it is a `#[test]`.
    Function(&'a ast::Function, bool),
    /// A module that a `use` names.
    Module(ScopeId),
}

/// `impl<T> Type { … }`.
pub(super) struct ImplDef<'a> {
    pub(super) ast: &'a ast::Impl,
    pub(super) scope: ScopeId,
    /// The struct or enum that it belongs to, once known.
    pub(super) items: BTreeMap<Arc<str>, DefId>,
}

/// Declarations that see each other.
#[derive(Default)]
pub(super) struct Scope {
    pub(super) parent: Option<ScopeId>,
    pub(super) names: BTreeMap<Arc<str>, DefId>,
}

impl<'a> Def<'a> {
    pub(super) fn generics(&self) -> Option<&'a ast::Generics> {
        match self.kind {
            DefKind::Struct(ast) => Some(&ast.generics),
            DefKind::Enum(ast) => Some(&ast.generics),
            DefKind::Alias(ast) => Some(&ast.generics),
            DefKind::Function(ast, _) => Some(&ast.generics),
            DefKind::Party(_) | DefKind::Const(_) | DefKind::Module(_) => None,
        }
    }

    /// What it is, with an article.
    pub(super) fn what(&self) -> &'static str {
        match self.kind {
            DefKind::Party(_) => "a party",
            DefKind::Const(_) => "a constant",
            DefKind::Struct(_) => "a struct",
            DefKind::Enum(_) => "an enum",
            DefKind::Alias(_) => "a type",
            DefKind::Function(..) => "a function",
            DefKind::Module(_) => "a module",
        }
    }
}

impl<'a> Checker<'a> {
    /// Makes a scope of `items`; reports names that occur twice and attributes that mean nothing.
    pub(super) fn declare(
        &mut self,
        items: impl IntoIterator<Item = &'a ast::Item>,
        parent: Option<ScopeId>,
    ) -> ScopeId {
        let scope = ScopeId(self.scopes.len() as u32);
        self.scopes.push(Scope { parent, names: BTreeMap::new() });
        for item in items {
            self.declare_item(item, scope);
        }
        scope
    }

    fn declare_item(&mut self, item: &'a ast::Item, scope: ScopeId) {
        let n_defs = self.defs.len();
        let docs = item.docs.iter().map(|doc| doc.span).chain(item.attributes.iter().map(|attribute| attribute.span));
        let start = docs.chain([item.span]).map(Span::at_start).min().unwrap_or_default();
        self.file_starts.entry(start.file).or_insert(start);
        self.declare_kind(item, scope);
        if item.public.is_some() {
            self.public_defs.extend((n_defs..self.defs.len()).map(|i| DefId(i as u32)));
        }
    }

    fn declare_kind(&mut self, item: &'a ast::Item, scope: ScopeId) {
        let expects = self.attributes(item, DefId(self.defs.len() as u32));
        let test = expects.is_some();
        self.expects.extend(expects.map(|expects| (DefId(self.defs.len() as u32), expects)));
        match &item.kind {
            ast::ItemKind::Use(tree) if self.scopes[scope.0 as usize].parent.is_some() => {
                let error = Diagnostic::error(Code::MisplacedItem, "`use` stands at the top of a file")
                    .at(tree.span, "inside a function");
                self.report(error.help("move it to the top of the file"));
            }
            ast::ItemKind::Use(_) => {}
            ast::ItemKind::Party(parties) => {
                if self.scopes[scope.0 as usize].parent.is_some() {
                    return self.report(
                        Diagnostic::error(
                            Code::MisplacedItem,
                            "parties are declared at the top of the program's root file",
                        )
                        .at(item.span, "not at the top")
                        .help("move it out"),
                    );
                }
                for party in parties {
                    self.define(&party.name, item.span, scope, DefKind::Party(party), None);
                }
            }
            ast::ItemKind::Const(ast) => drop(self.define(&ast.name, item.span, scope, DefKind::Const(ast), None)),
            ast::ItemKind::Struct(ast) => drop(self.define(&ast.name, item.span, scope, DefKind::Struct(ast), None)),
            ast::ItemKind::Enum(ast) => drop(self.define(&ast.name, item.span, scope, DefKind::Enum(ast), None)),
            ast::ItemKind::TypeAlias(ast) => drop(self.define(&ast.name, item.span, scope, DefKind::Alias(ast), None)),
            ast::ItemKind::Function(ast) => {
                self.define(&ast.name, item.span, scope, DefKind::Function(ast, test), None);
            }
            ast::ItemKind::Impl(ast) => self.declare_impl(ast, scope),
        }
    }

    fn declare_impl(&mut self, ast: &'a ast::Impl, scope: ScopeId) {
        let id = ImplId(self.impls.len() as u32);
        self.impls.push(ImplDef { ast, scope, items: BTreeMap::new() });
        for item in &ast.items {
            let test = self.attributes(item, DefId(self.defs.len() as u32)).is_some();
            let (name, kind) = match &item.kind {
                ast::ItemKind::Function(ast) => (&ast.name, DefKind::Function(ast, test)),
                ast::ItemKind::Const(ast) => (&ast.name, DefKind::Const(ast)),
                _ => {
                    let message = "an `impl` holds functions and constants only";
                    let error = Diagnostic::error(Code::MisplacedItem, message).at(item.span, "neither");
                    self.report(error.help("move it out of the `impl`"));
                    continue;
                }
            };
            let def = self.define(name, item.span, scope, kind, Some(id));
            if item.public.is_some() {
                self.public_defs.insert(def);
            }
        }
    }

    fn define(
        &mut self,
        name: &'a ast::Ident,
        item: Span,
        scope: ScopeId,
        kind: DefKind<'a>,
        impl_: Option<ImplId>,
    ) -> DefId {
        let is_type = matches!(kind, DefKind::Struct(_) | DefKind::Enum(_) | DefKind::Alias(_));
        let own =
            super::resolve::TYPE_NAMES.contains(&&*name.name) || super::types::int_type_name(&name.name).is_some();
        if is_type && own {
            let error = Diagnostic::error(Code::DuplicateName, format!("`{name}` is a type of the language itself"));
            self.report(error.at(name.span, "declared again here").help("give it another name"));
        }
        let id = DefId(self.defs.len() as u32);
        self.defs.push(Def { name, start: item.at_start(), scope, kind, impl_ });
        let names = match impl_ {
            Some(impl_) => &mut self.impls[impl_.0 as usize].items,
            None => &mut self.scopes[scope.0 as usize].names,
        };
        match names.get(&name.name).copied() {
            Some(first) => {
                let first = self.defs[first.0 as usize].name.span;
                self.report(duplicate(name, first));
            }
            None => drop(names.insert(name.name.clone(), id)),
        }
        id
    }

    /// How the test ends that the attributes make of a function, if they do; all others are reported.
    fn attributes(&mut self, item: &ast::Item, def: DefId) -> Option<Expect> {
        let mut expects = None;
        for attribute in &item.attributes {
            let function = matches!(item.kind, ast::ItemKind::Function(_));
            if let (true, true, Some(found)) = (&*attribute.name.name == "test", function, expected(&attribute.args)) {
                expects = Some(found);
                continue;
            }
            if let ("max_and", ast::ItemKind::Function(ast), Some(max)) =
                (&*attribute.name.name, &item.kind, number(&attribute.args))
            {
                self.budget(ast, def, max, attribute.span);
                continue;
            }
            let message = format!("`#[{}]` means nothing here", attribute.name);
            let error = Diagnostic::error(Code::UnknownAttribute, message).at(attribute.span, "unknown attribute");
            let error = error.note(
                "the attributes are `#[test]`, before a function without parameters, also as `#[test(fails)]` or \
                 `#[test(fails = \"reason\")]`, and `#[max_and(1000)]`, before a function that may cost so many AND gates",

            );
            self.report(error.replace("remove it", attribute.span, ""));
        }
        expects
    }

    /// Keeps what a function may cost.
    fn budget(&mut self, ast: &ast::Function, def: DefId, max: BigInt, span: Span) {
        if super::closure::takes_closures(ast) {
            let error = Diagnostic::error(Code::UnknownAttribute, "what this function costs depends on its closures");
            let error = error.at(span, "of which closures?").because(ast.name.span, "takes closures");
            return self.report(error.replace("put it before a function that calls this one", span, ""));
        }
        self.costs.insert(def, (max, span));
    }

    pub(super) fn def(&self, id: DefId) -> &Def<'a> {
        &self.defs[id.0 as usize]
    }

    /// The scope that a path is to be looked up in, and what remains of it: names of modules lead into them.
    pub(super) fn enter_modules<'p>(
        &self,
        scope: ScopeId,
        segments: &'p [ast::PathSegment],
    ) -> (ScopeId, &'p [ast::PathSegment]) {
        if let [first, rest @ ..] = segments
            && !rest.is_empty()
            && let Some(def) = self.lookup(scope, &first.name.name)
            && let DefKind::Module(inside) = self.def(def).kind
        {
            return (inside, rest);
        }
        (scope, segments)
    }

    /// What `name` means in `scope`.
    pub(super) fn lookup(&self, scope: ScopeId, name: &str) -> Option<DefId> {
        let mut next = Some(scope);
        while let Some(id) = next {
            let scope = &self.scopes[id.0 as usize];
            if let Some(def) = scope.names.get(name) {
                return Some(*def);
            }
            next = scope.parent;
        }
        None
    }

    /// All names that can be seen from `scope`.
    pub(super) fn visible(&self, scope: ScopeId) -> Vec<Arc<str>> {
        let mut names = Vec::new();
        let mut next = Some(scope);
        while let Some(id) = next {
            let scope = &self.scopes[id.0 as usize];
            names.extend(scope.names.keys().cloned());
            next = scope.parent;
        }
        names
    }

    /// A visible enum with a variant of this name, the first by name.
    pub(super) fn enum_with(&self, scope: ScopeId, variant: &str) -> Option<Arc<str>> {
        let has = |name: &Arc<str>| match self.lookup(scope, name).map(|def| self.def(def).kind) {
            Some(DefKind::Enum(ast)) => ast.variants.iter().any(|own| &*own.name.name == variant),
            _ => false,
        };
        self.visible(scope).into_iter().filter(has).min()
    }

    /// The scope of the declarations inside a block; the surrounding one if there are none.
    pub(super) fn block_scope(&mut self, block: &'a ast::Block, parent: ScopeId) -> ScopeId {
        let items = block.statements.iter().filter_map(|stmt| match &stmt.kind {
            ast::StmtKind::Item(item) => Some(&**item),
            _ => None,
        });
        if items.clone().next().is_none() {
            return parent;
        }
        let key = std::ptr::from_ref(block);
        if let Some(scope) = self.block_scopes.get(&key) {
            return *scope;
        }
        let scope = self.declare(items, Some(parent));
        self.block_scopes.insert(key, scope);
        scope
    }
}

/// What `fails` and `fails = "reason"` mean; nothing where the arguments are others.
fn number(args: &[ast::AttributeArg]) -> Option<BigInt> {
    match args {
        [ast::AttributeArg { name: None, value, .. }] => match &value.kind {
            ast::ExprKind::Literal(ast::Literal::Int(n)) => Some(n.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn expected(args: &[ast::AttributeArg]) -> Option<Expect> {
    match args {
        [] => Some(Expect::Success),
        [ast::AttributeArg { name: None, value, .. }] => match &value.kind {
            ast::ExprKind::Path(path) if path.as_ident().is_some_and(|name| &*name.name == "fails") => {
                Some(Expect::Unmet)
            }
            _ => None,
        },
        [ast::AttributeArg { name: Some(name), value, .. }] if &*name.name == "fails" => match &value.kind {
            ast::ExprKind::Literal(ast::Literal::Str(reason)) => Some(Expect::UnmetFor(Rc::from(&**reason))),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn duplicate(name: &ast::Ident, first: Span) -> Diagnostic {
    Diagnostic::error(Code::DuplicateName, format!("`{name}` is declared twice"))
        .at(name.span, "declared again here")
        .because(first, "first declared here")
        .help("rename one of them")
}

/// The name among `names` that `wanted` is probably a misspelling of.
pub(super) fn similar<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let limit = wanted.chars().count() / 3;
    let near = names.into_iter().filter(|name| *name != wanted).map(|name| (distance(wanted, name), name));
    near.filter(|(distance, _)| *distance <= limit).min().map(|(_, name)| name.to_owned())
}

/// The name among `names` that begins as `wanted` does, or the reverse.
pub(super) fn begins_alike<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let alike =
        |name: &&str| name.len().min(wanted.len()) > 2 && (name.starts_with(wanted) || wanted.starts_with(name));
    names.into_iter().find(alike)
}

/// Insertions, deletions, substitutions and swaps of neighbours between two names.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut before = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut next = vec![i + 1; b.len() + 1];
        for j in 0..b.len() {
            let substituted = row[j] + usize::from(a[i] != b[j]);
            next[j + 1] = substituted.min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                let swapped: usize = before[j - 1];
                next[j + 1] = next[j + 1].min(swapped + 1);
            }
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

/// Generic arguments and `Self` of what is being checked.
#[derive(Clone, Default)]
pub(super) struct Env {
    pub(super) args: Vec<(Arc<str>, super::types::Arg)>,
    pub(super) self_ty: Option<crate::hir::Ty>,
}

impl Env {
    pub(super) fn get(&self, name: &str) -> Option<&super::types::Arg> {
        self.args.iter().rev().find(|(own, _)| &**own == name).map(|(_, arg)| arg)
    }
}

/// An environment is shared by everything that is checked with it.
pub(super) type EnvRef = Rc<Env>;
