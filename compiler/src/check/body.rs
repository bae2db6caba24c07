//! One function body (or one constant's value) at a time: variables, blocks, statements, and making values fit.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::Checker;
use super::closure::FnArg;
use super::holes::{declare_as, first_hole, has_holes};
use super::items::{DefId, EnvRef, ScopeId};
use super::types::{Arg, Fits, unit};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Arm, BinaryOp, Expr, ExprKind, FunctionId, Local, LocalId, Stmt, Ty};
use crate::source::Span;
use crate::syntax::ast::{self, PatternKind};

/// What is known while a body is checked.
pub(super) struct Body<'c, 'a> {
    pub(super) checker: &'c mut Checker<'a>,
    pub(super) scope: ScopeId,
    pub(super) env: EnvRef,
    pub(super) locals: Vec<Local>,
    /// What names mean; later ones hide earlier ones.
    pub(super) names: Vec<(Arc<str>, LocalId)>,
    /// What `return` gives and where that is said; nothing in a constant.
    pub(super) ret: Option<(Ty, Span)>,
    /// Loops around the place.
    pub(super) loops: u32,
    /// Closures around the place, and functions whose bodies stand in place of their calls.
    pub(super) inlined: Vec<Inlined>,
    /// Whether `assert` may stand here.
    pub(super) test: bool,
    /// Expressions around the place.
    pub(super) depth: u32,
    /// What the parameters of function type stand for, by their variable.
    pub(super) fn_args: HashMap<LocalId, FnArg<'a>>,
    /// Functions that take closures, whose bodies are being checked in place.
    pub(super) inlining: Vec<DefId>,
    /// Statements before all others.
    pub(super) prologue: Vec<Stmt>,
    /// Variables that hold large constants.
    pub(super) constants: HashMap<(DefId, Rc<[Arg]>), LocalId>,
    /// Variables for `rest @ ..` of patterns, and the elements that they hold.
    pub(super) rests: Vec<(LocalId, Vec<LocalId>)>,
    /// Variables whose type is not known yet.
    open_locals: HashMap<LocalId, Unknown>,
    /// Variables whose type only their first value has said.
    pub(super) untyped: HashSet<LocalId>,
    /// What is called, and where.
    pub(super) calls: Vec<(FunctionId, Span)>,
    /// [`Checker::failures`] when this body was begun.
    failures: u32,
}

/// A variable whose type is not known.
#[derive(Clone, Copy)]
pub(super) struct Unknown {
    /// Its value.
    pub(super) at: Span,
    pub(super) pattern: Span,
    /// `_` in the type that is written for it.
    pub(super) hole: Option<Span>,
}

/// A body that stands in place of a call: what `return` in it gives.
pub(super) struct Inlined {
    /// The type that is declared, and where.
    pub(super) declared: Option<(Ty, Span)>,
    /// The type that is expected, if none is declared.
    pub(super) hint: Option<Ty>,
    /// The types of what is returned, joined.
    pub(super) joined: Ty,
    /// Whether anything is returned.
    pub(super) returns: bool,
}

/// Why a type is expected, for messages.
#[derive(Clone)]
pub(super) struct Why {
    pub(super) span: Option<Span>,
    pub(super) text: String,
}

impl Why {
    pub(super) fn at(span: Span, text: impl Into<String>) -> Why {
        Why { span: Some(span), text: text.into() }
    }

    pub(super) fn plain() -> Why {
        Why { span: None, text: String::new() }
    }
}

impl<'c, 'a> Body<'c, 'a> {
    pub(super) fn new(checker: &'c mut Checker<'a>, scope: ScopeId, env: EnvRef) -> Body<'c, 'a> {
        let failures = checker.failures;
        let (locals, names, calls) = (Vec::new(), Vec::new(), Vec::new());
        Body {
            checker,
            scope,
            env,
            locals,
            names,
            ret: None,
            loops: 0,
            inlined: Vec::new(),
            test: false,
            depth: 0,
            fn_args: HashMap::new(),
            inlining: Vec::new(),
            open_locals: HashMap::new(),
            untyped: HashSet::new(),
            prologue: Vec::new(),
            constants: HashMap::new(),
            rests: Vec::new(),
            calls,
            failures,
        }
    }

    /// Whether something in this body is wrong, so that a missing value needs no further explanation.
    pub(super) fn failed(&self) -> bool {
        self.checker.failures > self.failures
    }

    /// Makes variables of the parameters; those that are taken apart need statements.
    pub(super) fn params(&mut self, ast: &'a ast::Function, tys: &[Ty]) -> Vec<Stmt> {
        let mut tys = tys.iter();
        if let (Some(receiver), Some(ty)) = (&ast.receiver, tys.as_slice().first()) {
            tys.next();
            let local = self.local("self", ty.clone(), receiver.mutable.is_some(), receiver.span);
            self.names.push((Arc::from("self"), local));
        }
        let mut locals = Vec::with_capacity(ast.params.len());
        for (param, ty) in ast.params.iter().zip(tys) {
            let (name, mutable, span) = match &param.pattern.kind {
                PatternKind::Binding { name, mutable, pattern: None } => (&*name.name, mutable.is_some(), name.span),
                _ => ("_", false, param.pattern.span),
            };
            locals.push(self.local(name, ty.clone(), mutable, span));
        }
        let mut stmts = Vec::new();
        for (param, local) in ast.params.iter().zip(locals) {
            self.bind_param(param, local, &mut stmts);
        }
        stmts
    }

    fn bind_param(&mut self, param: &'a ast::Param, local: LocalId, stmts: &mut Vec<Stmt>) {
        match &param.pattern.kind {
            PatternKind::Wildcard => {}
            PatternKind::Binding { name, pattern: None, .. } => {
                let first = self.names.iter().find(|(own, _)| *own == name.name).map(|(_, first)| *first);
                if let Some(first) = first {
                    let first = self.locals[first.0 as usize].span;
                    self.report(super::items::duplicate(name, first));
                }
                self.name(name, local);
            }
            _ => {
                let value = self.read(local, param.pattern.span);
                self.bind_all(&param.pattern, value, stmts);
            }
        }
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.checker.report(diagnostic);
    }

    /// What stands where an error was reported.
    pub(super) fn error(&self, span: Span) -> Expr {
        Expr { kind: ExprKind::Aggregate(Vec::new()), ty: Ty::Never, span }
    }

    /// Reports, and gives what stands in its place.
    pub(super) fn fail(&mut self, span: Span, diagnostic: Diagnostic) -> Expr {
        self.report(diagnostic);
        self.error(span)
    }

    pub(super) fn type_name(&self, ty: &Ty) -> String {
        self.checker.types.name(ty)
    }

    pub(super) fn ty(&mut self, ty: &'a ast::Type) -> Ty {
        let env = self.env.clone();
        self.constantly(|checker, scope| checker.ty(ty, scope, &env))
    }

    /// A new variable that has no name yet.
    pub(super) fn local(&mut self, name: &str, ty: Ty, mutable: bool, span: Span) -> LocalId {
        self.locals.push(Local { name: name.to_owned(), ty, mutable, span });
        LocalId(self.locals.len() as u32 - 1)
    }

    /// Gives a variable its name.
    pub(super) fn name(&mut self, name: &ast::Ident, local: LocalId) {
        self.names.push((name.name.clone(), local));
    }

    pub(super) fn find(&self, name: &str) -> Option<LocalId> {
        self.names.iter().rev().find(|(own, _)| &**own == name).map(|(_, local)| *local)
    }

    pub(super) fn read(&self, local: LocalId, span: Span) -> Expr {
        Expr { kind: ExprKind::Local(local), ty: self.locals[local.0 as usize].ty.clone(), span }
    }

    /// Keeps `value` in a new variable.
    pub(super) fn keep(&mut self, value: Expr, stmts: &mut Vec<Stmt>) -> LocalId {
        let local = self.local("_", value.ty.clone(), false, value.span);
        stmts.push(Stmt::Let(local, value));
        local
    }

    /// The block's value; names declared in it end with it.
    pub(super) fn block(&mut self, block: &'a ast::Block, want: Option<&Ty>) -> Expr {
        let (n_names, scope) = (self.names.len(), self.scope);
        self.scope = self.checker.block_scope(block, scope);
        let expr = self.statements(block, want);
        self.names.truncate(n_names);
        self.scope = scope;
        expr
    }

    fn statements(&mut self, block: &'a ast::Block, want: Option<&Ty>) -> Expr {
        let mut stmts = Vec::with_capacity(block.statements.len());
        let mut ends = false;
        for stmt in &block.statements {
            match &stmt.kind {
                ast::StmtKind::Item(_) => {}
                ast::StmtKind::Let(ast) if ast.otherwise.is_some() => {
                    self.let_else(ast, &mut stmts);
                }
                ast::StmtKind::Let(ast) => self.let_(ast, &mut stmts),
                ast::StmtKind::Expr { expr, semicolon } => {
                    let value = self.statement(expr, *semicolon);
                    ends |= value.ty == Ty::Never;
                    stmts.push(Stmt::Expr(value));
                }
            }
        }
        let value = match &block.value {
            Some(value) => self.expr(value, want),
            None => unit_value(closing(block), if ends { Ty::Never } else { unit() }),
        };
        if stmts.is_empty() {
            return value;
        }
        let ty = if ends { Ty::Never } else { value.ty.clone() };
        Expr { kind: ExprKind::Block(stmts, Box::new(value)), ty, span: block.span }
    }

    fn statement(&mut self, expr: &'a ast::Expr, semicolon: bool) -> Expr {
        if semicolon {
            return self.expr(expr, None);
        }
        let value = self.expr(expr, Some(&unit()));
        if value.ty == Ty::Never || value.ty == unit() {
            return value;
        }
        let found = self.type_name(&value.ty);
        self.fail(
            expr.span,
            Diagnostic::error(Code::TypeMismatch, format!("a statement that gives `{found}`, which nothing uses"))
                .at(expr.span, format!("this is `{found}`"))
                .replace("end it with a semicolon to drop the value", expr.span.at_end(), ";"),
        )
    }

    fn let_(&mut self, ast: &'a ast::Let, stmts: &mut Vec<Stmt>) {
        let open = ast.ty.as_ref().is_none_or(has_holes);
        if let (PatternKind::Binding { name, pattern: None, mutable }, true) = (&ast.pattern.kind, open) {
            if ast.ty.is_none() && matches!(ast.value.without_parens().kind, ast::ExprKind::Closure { .. }) {
                return self.let_closure(name, &ast.value);
            }
            if mutable.is_some() {
                return self.let_mut(ast, stmts);
            }
        }
        let value = self.let_value(ast);
        self.bind_all(&ast.pattern, value, stmts);
    }

    /// A variable whose type may become known only when something is assigned to it, as after `let mut x = None;`.
    fn let_mut(&mut self, ast: &'a ast::Let, stmts: &mut Vec<Stmt>) {
        let value = match ast.ty.as_ref().filter(|ty| !matches!(ty.kind, ast::TypeKind::Infer)) {
            Some(written) => self.annotated(&ast.value, written).0,
            None => self.expr(&ast.value, None),
        };
        let open = self.is_open(&value.ty);
        let value = if open { value } else { self.known(value, &ast.pattern) };
        let at = value.span;
        self.bind_all(&ast.pattern, value, stmts);
        self.untyped.insert(LocalId(self.locals.len() as u32 - 1));
        if open {
            let unknown = Unknown { at, pattern: ast.pattern.span, hole: ast.ty.as_ref().and_then(first_hole) };
            self.open_locals.insert(LocalId(self.locals.len() as u32 - 1), unknown);
        }
    }

    /// Whether a part of the type is not known yet.
    pub(super) fn is_open(&self, ty: &Ty) -> bool {
        *ty != Ty::Never && !is_empty_array(ty) && self.checker.types.mentions(ty, &|ty| *ty == Ty::Never)
    }

    /// Takes what is assigned to a variable into its type, as long as that is not known.
    pub(super) fn learn(&mut self, local: LocalId, ty: &Ty) {
        if self.open_locals.contains_key(&local)
            && let Some(joined) = self.join(&self.locals[local.0 as usize].ty.clone(), ty)
        {
            self.locals[local.0 as usize].ty = joined;
        }
    }

    /// Gives every use of variables that were open the type that they have got.
    pub(super) fn close(&mut self, body: &mut Expr) {
        let open: Vec<(LocalId, Unknown)> = self.open_locals.drain().collect();
        let mut closed = HashMap::new();
        for (local, unknown) in open {
            let ty = self.locals[local.0 as usize].ty.clone();
            if self.is_open(&ty) {
                let error = self.unknown_type(&ty, unknown);
                self.report(error);
            } else {
                closed.insert(local, ty);
            }
        }
        if !closed.is_empty() {
            self.close_expr(body, &closed);
        }
    }

    fn close_expr(&mut self, expr: &mut Expr, closed: &HashMap<LocalId, Ty>) {
        expr.for_each_child_mut(&mut |child| self.close_expr(child, closed));
        match &mut expr.kind {
            ExprKind::Local(local) => {
                if let Some(ty) = closed.get(local) {
                    expr.ty = ty.clone();
                }
            }
            ExprKind::Assign(place, value) => {
                if let Some(ty) = closed.get(&place.local).filter(|_| place.path.is_empty()) {
                    place.ty = ty.clone();
                    self.refit(value, ty);
                }
            }
            ExprKind::Block(stmts, _) => {
                for stmt in stmts {
                    if let Stmt::Let(local, value) = stmt
                        && let Some(ty) = closed.get(local)
                    {
                        self.refit(value, ty);
                    }
                }
            }
            _ => {}
        }
    }

    fn refit(&mut self, value: &mut Expr, ty: &Ty) {
        let span = value.span;
        let old = std::mem::replace(value, unit_value(span, unit()));
        *value = self.fit(old, ty, &Why::plain());
    }

    pub(super) fn unknown_type(&self, ty: &Ty, unknown: Unknown) -> Diagnostic {
        let found = self.type_name(ty);
        let error =
            Diagnostic::error(Code::CannotInfer, format!("the type of this value is only known to be `{found}`"))
                .at(unknown.at, "what would `_` be?");
        match unknown.hole {
            Some(hole) => error.because(hole, "it does not say this").replace("write the type", hole, "u32"),
            None => {
                let written = found.replace('_', "u32");
                error.replace("write the type", unknown.pattern.at_end(), format!(": {written}"))
            }
        }
    }

    /// The value of a `let`, fitted to its annotation.
    pub(super) fn let_value(&mut self, ast: &'a ast::Let) -> Expr {
        match &ast.ty {
            Some(written) if !matches!(written.kind, ast::TypeKind::Infer) => {
                let (value, ty) = self.annotated(&ast.value, written);
                if ty == Ty::Never || value.ty == Ty::Never {
                    return value;
                }
                declare_as(self.whole(value, &ty, ast.pattern.span, written), ty)
            }
            _ => {
                let value = self.expr(&ast.value, None);
                self.known(value, &ast.pattern)
            }
        }
    }

    /// Refuses to bind a value of which only a later use would say the type.
    fn known(&mut self, value: Expr, pattern: &ast::Pattern) -> Expr {
        if value.ty == Ty::Never && !self.failed() {
            let error = Diagnostic::error(Code::NoValue, "this never has a value")
                .at(value.span, "the code after it is never reached");
            return self.fail(value.span, error.help("remove what follows, or give a value"));
        }
        if !self.is_open(&value.ty) || self.failed() {
            return value;
        }
        let error = self.unknown_type(&value.ty, Unknown { at: value.span, pattern: pattern.span, hole: None });
        self.fail(value.span, error)
    }

    /// The value of `ast` where `ty` is expected.
    pub(super) fn value(&mut self, ast: &'a ast::Expr, ty: &Ty, why: &Why) -> Expr {
        let value = self.expr(ast, Some(ty));
        self.fit(value, ty, why)
    }

    /// `value` as a value of `ty`; what only ranges can decide becomes [`ExprKind::Fit`].
    pub(super) fn fit(&mut self, value: Expr, ty: &Ty, why: &Why) -> Expr {
        if *ty == Ty::Never || value.ty == Ty::Never {
            return value;
        }
        match self.checker.types.fits(&value.ty, ty) {
            Fits::Same => value,
            Fits::Never => match self.field_order(&value.ty, ty) {
                Some(order) => self.in_field_order(value, &order, ty, why),
                None => self.mismatch(value, ty, why),
            },
            Fits::Always | Fits::Perhaps => self.push_fit(value, ty),
        }
    }

    /// Where a record that has the fields of another in another order has each of them.
    fn field_order(&self, from: &Ty, to: &Ty) -> Option<Vec<usize>> {
        let types = &self.checker.types;
        let (Ty::Struct(from), Ty::Struct(to)) = (from, to) else { return None };
        let is_record = |id| types.struct_origin(id).0 == super::types::Origin::Record;
        let (given, wanted) = (&types.struct_(*from).fields, &types.struct_(*to).fields);
        if !is_record(*from) || !is_record(*to) || given.len() != wanted.len() {
            return None;
        }
        let order: Vec<usize> =
            wanted.iter().map(|(name, _)| given.iter().position(|(own, _)| own == name)).collect::<Option<_>>()?;
        (!order.is_sorted()).then_some(order)
    }

    /// A record with its fields in another order.
    fn in_field_order(&mut self, value: Expr, order: &[usize], ty: &Ty, why: &Why) -> Expr {
        let (span, tys) = (value.span, self.parts(&value.ty, order.len()));
        let mut stmts = Vec::new();
        let local = self.keep(value, &mut stmts);
        let whole = self.read(local, span);
        let wanted = self.parts(ty, order.len());
        let fields = order.iter().zip(&wanted);
        let fields = fields.map(|(i, ty)| self.fit(super::pattern::part(&whole, *i, tys[*i].clone()), ty, why));
        let record = Expr { kind: ExprKind::Aggregate(fields.collect()), ty: ty.clone(), span };
        super::builtin::block(stmts, record)
    }

    /// Fits the parts that `value` is made of, so that each is judged where it stands.
    fn push_fit(&mut self, value: Expr, ty: &Ty) -> Expr {
        let plain = Why::plain();
        let span = value.span;
        let kind = match value.kind {
            ExprKind::If(condition, then, otherwise) => {
                let (then, otherwise) = (self.fit(*then, ty, &plain), self.fit(*otherwise, ty, &plain));
                ExprKind::If(condition, Box::new(then), Box::new(otherwise))
            }
            ExprKind::Block(stmts, tail) => ExprKind::Block(stmts, Box::new(self.fit(*tail, ty, &plain))),
            ExprKind::Match(scrutinee, arms) => {
                let arms = arms.into_iter().map(|arm| Arm { body: self.fit(arm.body, ty, &plain), ..arm }).collect();
                ExprKind::Match(scrutinee, arms)
            }
            ExprKind::Aggregate(items) if self.checker.types.fixed_of(ty).is_none() => {
                let tys = self.parts(ty, items.len());
                ExprKind::Aggregate(items.into_iter().zip(tys).map(|(item, ty)| self.fit(item, &ty, &plain)).collect())
            }
            ExprKind::Repeat(item) => match ty {
                Ty::Array(element, _) => ExprKind::Repeat(Box::new(self.fit(*item, element, &plain))),
                _ => ExprKind::Repeat(item),
            },
            ExprKind::Variant(tag, payload) => {
                let payload_ty = match ty {
                    Ty::Enum(id) => self.checker.types.enum_(*id).variants[tag as usize].1.clone(),
                    _ => payload.ty.clone(),
                };
                ExprKind::Variant(tag, Box::new(self.fit(*payload, &payload_ty, &plain)))
            }
            kind => {
                let value = Expr { kind, ..value };
                let scalar =
                    matches!(value.ty, Ty::Int(_) | Ty::Exact) || self.checker.types.fixed_of(&value.ty).is_some();
                if scalar && self.checker.types.fits(&value.ty, ty) == Fits::Always {
                    return value;
                }
                return Expr { kind: ExprKind::Fit(Box::new(value)), ty: ty.clone(), span };
            }
        };
        Expr { kind, ty: ty.clone(), span }
    }

    /// The types of the elements or fields of `ty`.
    pub(super) fn parts(&self, ty: &Ty, n: usize) -> Vec<Ty> {
        match ty {
            Ty::Array(element, _) => vec![(**element).clone(); n],
            Ty::Tuple(items) => items.to_vec(),
            Ty::Struct(id) => self.checker.types.struct_(*id).fields.iter().map(|(_, ty)| ty.clone()).collect(),
            _ => Vec::new(),
        }
    }

    fn mismatch(&mut self, value: Expr, ty: &Ty, why: &Why) -> Expr {
        if *ty == unit() {
            return self.unused(value, why);
        }
        let (found, wanted) = (self.type_name(&value.ty), self.type_name(ty));
        let mut error = Diagnostic::error(Code::TypeMismatch, format!("expected `{wanted}`, found `{found}`"))
            .at(value.span, format!("this is `{found}`"));
        if let Some(span) = why.span {
            error = error.because(span, why.text.clone());
        }
        let error = self.conversion(error, &value, ty);
        self.fail(value.span, error)
    }

    /// A value where none is expected.
    fn unused(&mut self, value: Expr, why: &Why) -> Expr {
        let found = self.type_name(&value.ty);
        let mut error = Diagnostic::error(Code::TypeMismatch, format!("no value is expected here, found `{found}`"))
            .at(value.span, format!("this is `{found}`, which nothing uses"));
        if let Some(span) = why.span {
            error = error.because(span, why.text.clone());
        }
        self.fail(value.span, error.replace("drop the value", value.span.at_end(), ";"))
    }

    /// Adds the way from a value to an expected type, where there is a usual one.
    fn conversion(&self, error: Diagnostic, value: &Expr, ty: &Ty) -> Diagnostic {
        let types = &self.checker.types;
        let (start, end) = (value.span.at_start(), value.span.at_end());
        let around = |before: &str, after: &str| {
            let edit = |span, replacement: &str| crate::diagnostic::Edit { span, replacement: replacement.to_owned() };
            vec![edit(start, before), edit(end, after)]
        };
        let number = |ty: &Ty| matches!(ty, Ty::Int(_) | Ty::Exact) || types.fixed_of(ty).is_some();
        match (&value.ty, ty) {
            (found, Ty::Int(_) | Ty::Exact) if types.is_declared_enum(found) => self.numbered(error, value),
            (Ty::Int(_) | Ty::Exact, Ty::Bool) => error.fix("compare it", around("(", ") != 0")),
            (Ty::Bool, Ty::Int(_) | Ty::Exact) => {
                error.fix("choose a number for each case", around("if ", " { 1 } else { 0 }"))
            }
            (found, wanted)
                if types.option_of(wanted).is_some_and(|inner| types.fits(found, &inner) != Fits::Never) =>
            {
                error.fix("wrap it in `Some`", around("Some(", ")"))
            }
            (found, wanted)
                if types.option_of(found).is_some_and(|inner| types.fits(&inner, wanted) != Fits::Never) =>
            {
                error.help("say what happens when there is no value: `.unwrap_or(…)`, `match` or `if let`")
            }
            (Ty::Array(_, n), Ty::Array(_, m)) if n != m => {
                error.help(format!("make both the same length: here are {n} elements, expected are {m}"))
            }
            (Ty::Int(_) | Ty::Exact, wanted)
                if types.fixed_of(wanted).is_some() && matches!(value.kind, ExprKind::Binary(BinaryOp::Div, ..)) =>
            {
                let name = types.name(wanted);
                error.help(format!(
                    "`/` of whole numbers gives a whole number; convert before: `let x: {name} = to_fixed(…);`, then divide `x`"
                ))
            }
            (found, wanted) if number(found) && types.fixed_of(wanted).is_some() => {
                error.fix("convert it; bits beyond the last are dropped", around("to_fixed(", ")"))
            }
            (found, Ty::Int(_) | Ty::Exact) if types.fixed_of(found).is_some() => {
                error.help("say how to round it: `.floor()` or `.round()`")
            }
            (found, _) if *found == unit() => {
                error.help("give a value: the last expression of a block, without a semicolon, is its value")
            }
            _ => error.help(format!("give a value of type `{}`", types.name(ty))),
        }
    }

    /// The type of a value that is one of two.
    pub(super) fn join(&mut self, a: &Ty, b: &Ty) -> Option<Ty> {
        self.checker.join(a, b)
    }

    /// Checks `inner` with the nesting counted; too deep is an error.
    pub(super) fn deeper(&mut self, span: Span, inner: impl FnOnce(&mut Self) -> Expr) -> Expr {
        if self.depth >= super::DEPTH_MAX {
            let error = Diagnostic::error(Code::NestedTooDeeply, "this code nests too deeply").at(span, "too deep");
            return self.fail(span, error.help("move a part of it into a function of its own"));
        }
        self.depth += 1;
        let expr = inner(self);
        self.depth -= 1;
        expr
    }
}

/// The closing brace, where a missing value is missed.
fn closing(block: &ast::Block) -> Span {
    Span { start: block.span.end.saturating_sub(1).max(block.span.start), ..block.span }
}

fn is_empty_array(ty: &Ty) -> bool {
    matches!(ty, Ty::Array(_, 0))
}

pub(super) fn unit_value(span: Span, ty: Ty) -> Expr {
    Expr { kind: ExprKind::Aggregate(Vec::new()), ty, span }
}

impl Checker<'_> {
    /// The type of a value that is one of two: integers of one declared type join their ranges, others become exact.
    pub(super) fn join(&mut self, a: &Ty, b: &Ty) -> Option<Ty> {
        match (a, b) {
            _ if a == b => Some(a.clone()),
            (Ty::Never, other) | (other, Ty::Never) => Some(other.clone()),
            (Ty::Int(x), Ty::Int(y)) if x.signed == y.signed && x.width == y.width => {
                let (lo, hi) = (x.lo.clone().min(y.lo.clone()), x.hi.clone().max(y.hi.clone()));
                Some(Ty::Int(Rc::new(crate::hir::IntTy { lo, hi, ..(**x).clone() })))
            }
            (Ty::Int(_) | Ty::Exact, Ty::Int(_) | Ty::Exact) => Some(Ty::Exact),
            (Ty::Array(x, n), Ty::Array(y, m)) if n == m => Some(Ty::Array(Rc::new(self.join(x, y)?), *n)),
            (Ty::Tuple(x), Ty::Tuple(y)) if x.len() == y.len() => {
                let items: Option<Rc<[Ty]>> = x.iter().zip(y.iter()).map(|(x, y)| self.join(x, y)).collect();
                items.map(Ty::Tuple)
            }
            (Ty::Struct(x), Ty::Struct(y)) if self.types.struct_origin(*x).0 == super::types::Origin::Record => {
                let (x, y) = (self.types.struct_(*x).fields.clone(), self.types.struct_(*y).fields.clone());
                let join = |((name, x), (other, y)): (&(String, Ty), &(String, Ty))| {
                    if name == other { self.join(x, y).map(|ty| (name.clone(), ty)) } else { None }
                };
                let fields: Option<Vec<(String, Ty)>> = x.iter().zip(&y).map(join).collect();
                fields
                    .filter(|fields| fields.len() == x.len() && x.len() == y.len())
                    .map(|fields| self.anonymous(fields))
            }
            (Ty::Struct(x), Ty::Struct(y)) => {
                let (x, y) = (self.types.struct_origin(*x).clone(), self.types.struct_origin(*y).clone());
                self.join_instances(x, y)
            }
            (Ty::Enum(x), Ty::Enum(y)) => {
                let (x, y) = (self.types.enum_origin(*x).clone(), self.types.enum_origin(*y).clone());
                self.join_instances(x, y)
            }
            _ => None,
        }
    }

    fn join_instances(&mut self, x: Instance, y: Instance) -> Option<Ty> {
        use super::types::Origin;
        if x.0 != y.0 {
            return None;
        }
        let join = |(x, y): (&Arg, &Arg)| match (x, y) {
            (Arg::Ty(x), Arg::Ty(y)) => self.join(x, y).map(Arg::Ty),
            (Arg::Int(x), Arg::Int(y)) if x == y => Some(Arg::Int(x.clone())),
            _ => None,
        };
        let args: Option<Vec<Arg>> = x.1.iter().zip(y.1.iter()).map(join).collect();
        match (x.0, args?) {
            (Origin::Def(def), args) => {
                let span = self.def(def).name.span;
                Some(self.instance_ty(def, args.into(), span))
            }
            (Origin::Option, args) => match &args[..] {
                [Arg::Ty(ty)] => Some(self.types.option(ty)),
                _ => None,
            },
            (Origin::Fixed(fraction), args) => match &args[..] {
                [Arg::Ty(raw)] => Some(self.types.fixed(fraction, raw)),
                _ => None,
            },
            _ => None,
        }
    }
}

type Instance = (super::types::Origin, Rc<[Arg]>);
