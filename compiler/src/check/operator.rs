//! Operators with two operands, and assignment.

use std::rc::Rc;

use super::body::{Body, Why, unit_value};
use super::expr::adapts;
use super::types::{Bound, Origin, base, base_name, is_int, unit};
use crate::diagnostic::{Code, Diagnostic, Edit};
use crate::hir::{BinaryOp, Expr, ExprKind, IntTy, LocalId, Place, Step, Stmt, Ty};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp as Ast};

/// Operators in a row before the value so far is kept in a variable, so that the tree stays shallow.
const CHAIN_MAX: usize = 128;

/// An operator and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Op {
    pub(super) op: Ast,
    pub(super) span: Span,
}

impl<'a> Body<'_, 'a> {
    pub(super) fn binary_chain(
        &mut self,
        first: &'a ast::Expr,
        steps: &'a [ast::BinaryStep],
        want: Option<&Ty>,
        span: Span,
    ) -> Expr {
        let mut stmts = Vec::new();
        // A literal that takes its type from elsewhere takes it from the other side.
        let mut early = None;
        let mut value = match steps.first() {
            Some(step) if adapts(first) && !adapts(&step.operand) && !matches!(step.op, Ast::And | Ast::Or) => {
                let right = self.expr(&step.operand, None);
                let left =
                    if right.ty == Ty::Never { self.error(first.span) } else { self.expr(first, Some(&right.ty)) };
                early = Some(right);
                left
            }
            _ => self.expr(first, want.filter(|_| adapts(first))),
        };
        for (i, step) in steps.iter().enumerate() {
            let op = Op { op: step.op, span: step.op_span };
            let span = Span::to(first.span, step.operand.span);
            value = match step.op {
                Ast::And | Ast::Or => self.short_circuit(op, value, &step.operand, span),
                _ => {
                    let hint = Some(value.ty.clone()).filter(|_| adapts(&step.operand));
                    let right = match early.take() {
                        Some(right) => right,
                        // What the number would be depends on what is wrong already.
                        None if hint == Some(Ty::Never) => self.error(step.operand.span),
                        None => self.expr(&step.operand, hint.as_ref()),
                    };
                    self.binary(op, value, right, span)
                }
            };
            if i % CHAIN_MAX == CHAIN_MAX - 1 && value.ty != Ty::Never {
                let kept = self.keep(value, &mut stmts);
                value = self.read(kept, span);
            }
        }
        if stmts.is_empty() {
            return value;
        }
        Expr { ty: value.ty.clone(), span, kind: ExprKind::Block(stmts, Box::new(value)) }
    }

    fn short_circuit(&mut self, op: Op, left: Expr, right: &'a ast::Expr, span: Span) -> Expr {
        let left = self.condition_value(left, op.op.symbol());
        let right = self.expr(right, None);
        let right = self.condition_value(right, op.op.symbol());
        if left.ty == Ty::Never {
            return self.no_value(vec![left], span);
        }
        let constant = |value| Box::new(Expr { kind: ExprKind::Bool(value), ty: Ty::Bool, span });
        let kind = match op.op {
            Ast::And => ExprKind::If(Box::new(left), Box::new(right), constant(false)),
            _ => ExprKind::If(Box::new(left), constant(true), Box::new(right)),
        };
        Expr { kind, ty: Ty::Bool, span }
    }

    /// `value`, which must be a bool.
    pub(super) fn condition_value(&mut self, value: Expr, what: &str) -> Expr {
        if matches!(value.ty, Ty::Bool | Ty::Never) {
            return value;
        }
        let found = self.type_name(&value.ty);
        let mut error = Diagnostic::error(Code::TypeMismatch, format!("`{what}` needs a `bool`, found `{found}`"))
            .at(value.span, format!("this is `{found}`"));
        error = if is_int(&value.ty) {
            let edit = |span, replacement: &str| Edit { span, replacement: replacement.to_owned() };
            error.fix("compare it", vec![edit(value.span.at_start(), "("), edit(value.span.at_end(), ") != 0")])
        } else {
            error.help("use a comparison or a `bool`")
        };
        self.fail(value.span, error)
    }

    fn binary(&mut self, op: Op, left: Expr, right: Expr, span: Span) -> Expr {
        if left.ty == Ty::Never || right.ty == Ty::Never {
            return self.no_value(vec![left, right], span);
        }
        let fixed = |ty: &Ty| self.checker.types.fixed_of(ty).is_some();
        if fixed(&left.ty) || fixed(&right.ty) {
            return self
                .fixed_binary(op, left, right, span)
                .unwrap_or_else(|sides| self.bad_operands(op, &sides.0, &sides.1, "numbers", span));
        }
        match op.op {
            Ast::Add | Ast::Sub | Ast::Mul | Ast::Div | Ast::Rem | Ast::Shl => {
                self.arithmetic(op, left, right, span, Ty::Exact)
            }
            Ast::Shr => {
                let ty = without_range(&left.ty);
                self.arithmetic(op, left, right, span, ty)
            }
            Ast::AddWrap | Ast::SubWrap | Ast::MulWrap | Ast::AddSat | Ast::SubSat | Ast::MulSat => {
                self.in_type(op, left, right, span)
            }
            Ast::ShlWrap => self.shift_in_type(op, left, right, span),
            Ast::BitAnd | Ast::BitXor | Ast::BitOr => self.bitwise(op, left, right, span),
            Ast::Eq | Ast::Ne => self.equality(op, left, right, span),
            Ast::Lt | Ast::Le | Ast::Gt | Ast::Ge => self.ordering(op, left, right, span),
            Ast::And | Ast::Or => self.arithmetic(op, left, right, span, Ty::Bool),
        }
    }

    /// An operator on integers of any types.
    fn arithmetic(&mut self, op: Op, left: Expr, right: Expr, span: Span, ty: Ty) -> Expr {
        if is_int(&left.ty) && is_int(&right.ty) {
            return node(op.op, left, right, span, ty);
        }
        self.bad_operands(op, &left, &right, "integers", span)
    }

    /// An operator on values of a generic type, of which only its bounds are known; nothing if neither side is one.
    fn operator_on_opaque(&mut self, op: Op, left: &Expr, right: &Expr, span: Span) -> Option<Expr> {
        let types = &self.checker.types;
        types.bound_of(&left.ty).or_else(|| types.bound_of(&right.ty))?;
        let needed = match op.op {
            Ast::Eq | Ast::Ne if left.ty == right.ty => "Eq",
            Ast::Lt | Ast::Le | Ast::Gt | Ast::Ge if left.ty == right.ty => "Ord",
            _ => "Num",
        };
        let own = if types.bound_of(&left.ty).is_some() { &left.ty } else { &right.ty };
        let Ty::Struct(id) = own else { return None };
        let Origin::Opaque(declared, _) = types.struct_origin(*id).0 else { return None };
        let name = types.name(own);
        self.checker.lacks_bound(&name, declared, needed, op.span, &format!("`{}` needs it", op.op.symbol()));
        Some(self.error(span))
    }

    fn bad_operands(&mut self, op: Op, left: &Expr, right: &Expr, wanted: &str, span: Span) -> Expr {
        if let Some(error) = self.operator_on_opaque(op, left, right, span) {
            return error;
        }
        let (symbol, left_name, right_name) = (op.op.symbol(), self.type_name(&left.ty), self.type_name(&right.ty));
        let mut error = Diagnostic::error(
            Code::OperandType,
            format!("`{symbol}` needs {wanted}, found `{left_name}` and `{right_name}`"),
        );
        error = error.at(op.span, "cannot be applied").because(left.span, format!("this is `{left_name}`"));
        error = error.because(right.span, format!("this is `{right_name}`"));
        let both_bools = left.ty == Ty::Bool && right.ty == Ty::Bool;
        let compared = matches!(op.op, Ast::Lt | Ast::Le | Ast::Gt | Ast::Ge);
        let is_option = |ty: &Ty| self.checker.types.option_of(ty).is_some();
        error = match op.op {
            Ast::Add | Ast::Mul if both_bools => {
                let symbol = if op.op == Ast::Add { "^" } else { "&" };
                error.replace("use the operator of bools", op.span, symbol)
            }
            _ if is_option(&left.ty) || is_option(&right.ty) => {
                error.help("say what happens when there is no value, for example with `.unwrap_or(…)`")
            }
            _ if compared && left.ty == right.ty => error.help(self.order_by_parts(&left.ty)),
            _ if self.checker.types.is_declared_enum(&left.ty) => self.numbered(error, left),
            _ if self.checker.types.is_declared_enum(&right.ty) => self.numbered(error, right),
            _ if compared => error.help("compare values of one type"),
            _ => error.help(format!("use {wanted} on both sides")),
        };
        self.fail(span, error)
    }

    /// How to compare two values of a type that has no order.
    fn order_by_parts(&self, ty: &Ty) -> String {
        if self.checker.types.is_declared_enum(ty) {
            return "compare what `match` gives for each, or the numbers of the variants, `.index()`".to_owned();
        }
        let fields: Vec<&str> = match ty {
            Ty::Struct(id) => {
                let fields = self.checker.types.struct_(*id).fields.iter();
                fields.filter(|(_, ty)| self.checker.types.is_ordered(ty)).map(|(name, _)| &**name).take(2).collect()
            }
            _ => Vec::new(),
        };
        let fields = if fields.is_empty() { vec!["first", "second"] } else { fields };
        let side = |value: &str| {
            let parts: Vec<String> = fields.iter().map(|field| format!("{value}.{field}")).collect();
            if parts.len() == 1 { parts.concat() } else { format!("({})", parts.join(", ")) }
        };
        format!("say by which parts: `{} < {}`", side("a"), side("b"))
    }

    /// Offers the number of an enum's variant in its place.
    pub(super) fn numbered(&self, error: Diagnostic, value: &Expr) -> Diagnostic {
        error.replace(
            "an enum's variants have numbers, 0 for the first: `.index()` gives them",
            value.span.at_end(),
            ".index()",
        )
    }

    /// `+%`, `+|` and the like: both operands of one declared type, which constants adapt to.
    fn in_type(&mut self, op: Op, left: Expr, right: Expr, span: Span) -> Expr {
        match self.common_base(&left, &right) {
            Common::Type(ty) => node(op.op, left, right, span, Ty::Int(ty)),
            Common::NotInts => self.bad_operands(op, &left, &right, "integers of one declared type", span),
            Common::Exact(at) => self.needs_declared(op, at, span),
            Common::Differ => {
                let (left_name, right_name) = (self.type_name(&left.ty), self.type_name(&right.ty));
                let message =
                    format!("`{}` works in one declared type, found `{left_name}` and `{right_name}`", op.op.symbol());
                let error = Diagnostic::error(Code::OperandType, message).at(op.span, "in which of both types?");
                let error = error
                    .because(left.span, format!("this is `{left_name}`"))
                    .because(right.span, format!("this is `{right_name}`"));
                let error = convert(error, &right, &left.ty);
                self.fail(span, error)
            }
        }
    }

    fn needs_declared(&mut self, op: Op, at: Span, span: Span) -> Expr {
        let message = format!("`{}` works in the width of a declared type, but this integer has none", op.op.symbol());
        let error = Diagnostic::error(Code::DeclaredTypeNeeded, message)
            .at(at, "an exact integer, of no declared width")
            .because(op.span, "needs a width");
        self.fail(span, error.help("name the type first: `let x: u32 = …;`, or `wrap::<u32>(…)`"))
    }

    fn shift_in_type(&mut self, op: Op, left: Expr, right: Expr, span: Span) -> Expr {
        match left.ty.clone() {
            Ty::Int(int) if is_int(&right.ty) => node(op.op, left, right, span, Ty::Int(Rc::new(base(&int)))),
            Ty::Exact if is_int(&right.ty) => self.needs_declared(op, left.span, span),
            _ => self.bad_operands(op, &left, &right, "integers", span),
        }
    }

    fn bitwise(&mut self, op: Op, left: Expr, right: Expr, span: Span) -> Expr {
        if left.ty == Ty::Bool && right.ty == Ty::Bool {
            return node(op.op, left, right, span, Ty::Bool);
        }
        match self.common_base(&left, &right) {
            Common::Type(ty) => node(op.op, left, right, span, Ty::Int(ty)),
            Common::NotInts => self.bad_operands(op, &left, &right, "two bools or two integers", span),
            Common::Exact(_) | Common::Differ => node(op.op, left, right, span, Ty::Exact),
        }
    }

    fn equality(&mut self, op: Op, left: Expr, right: Expr, span: Span) -> Expr {
        let Some(ty) = self.join(&left.ty, &right.ty) else {
            return self.bad_operands(op, &left, &right, "two values of one type", span);
        };
        if is_int(&ty) {
            return node(op.op, left, right, span, Ty::Bool);
        }
        if let Some((name, declared, _)) = self.checker.types.lacks(&ty, Bound::Eq) {
            self.checker.lacks_bound(&name, declared, "Eq", op.span, &format!("`{}` needs it", op.op.symbol()));
            return self.error(span);
        }
        let (left, right) = (self.fit(left, &ty, &Why::plain()), self.fit(right, &ty, &Why::plain()));
        node(op.op, left, right, span, Ty::Bool)
    }

    /// `<` and its like.
    fn ordering(&mut self, op: Op, left: Expr, right: Expr, span: Span) -> Expr {
        if is_int(&left.ty) && is_int(&right.ty) {
            return node(op.op, left, right, span, Ty::Bool);
        }
        let wanted = "two numbers, or two values of one type that has an order";
        let Some(ty) = self.join(&left.ty, &right.ty) else {
            return self.bad_operands(op, &left, &right, wanted, span);
        };
        if let Some((name, declared, _)) = self.checker.types.lacks(&ty, Bound::Ord) {
            self.checker.lacks_bound(&name, declared, "Ord", op.span, &format!("`{}` needs it", op.op.symbol()));
            return self.error(span);
        }
        if !self.checker.types.is_ordered(&ty) {
            return self.bad_operands(op, &left, &right, wanted, span);
        }
        let (left, right) = (self.fit(left, &ty, &Why::plain()), self.fit(right, &ty, &Why::plain()));
        node(op.op, left, right, span, Ty::Bool)
    }

    /// The declared type that both operands share, where a constant takes on the type of the other side.
    fn common_base(&mut self, left: &Expr, right: &Expr) -> Common {
        match (&left.ty, &right.ty) {
            (Ty::Int(x), Ty::Int(y)) if (x.signed, x.width) == (y.signed, y.width) => Common::Type(Rc::new(base(x))),
            (Ty::Int(int), Ty::Exact) => self.adapted(int, right),
            (Ty::Exact, Ty::Int(int)) => self.adapted(int, left),
            (Ty::Exact, Ty::Exact) => Common::Exact(left.span),
            (Ty::Int(x), Ty::Int(y)) => {
                let (x, y) = (base(x), base(y));
                match (x.lo <= y.lo && x.hi >= y.hi, y.lo <= x.lo && y.hi >= x.hi) {
                    (true, _) => Common::Type(Rc::new(x)),
                    (_, true) => Common::Type(Rc::new(y)),
                    _ => Common::Differ,
                }
            }
            _ => Common::NotInts,
        }
    }

    fn adapted(&mut self, int: &IntTy, other: &Expr) -> Common {
        let ty = base(int);
        match self.evaluate_quietly(other) {
            Some(n) if n >= ty.lo && n <= ty.hi => Common::Type(Rc::new(ty)),
            _ => Common::Exact(other.span),
        }
    }

    pub(super) fn assign(&mut self, place: &'a ast::Expr, value: &'a ast::Expr, span: Span) -> Expr {
        let mut stmts = Vec::new();
        if let ast::ExprKind::Tuple(items) | ast::ExprKind::Array(items) = &place.without_parens().kind {
            let value = self.expr(value, None);
            self.assign_parts(items, value, &mut stmts);
            let nothing = unit_value(span, unit());
            return Expr { kind: ExprKind::Block(stmts, Box::new(nothing)), ty: unit(), span };
        }
        let Some(target) = self.place(place, &mut stmts) else {
            self.expr(value, None);
            return self.error(span);
        };
        if target.path.is_empty() && self.is_open(&target.ty) {
            let value = self.expr(value, None);
            self.learn(target.local, &value.ty);
            let ty = self.locals[target.local.0 as usize].ty.clone();
            let value = self.fit(value, &ty, &Why::plain());
            return self.store(Place { ty, ..target }, value, stmts, span);
        }
        let declared = self.locals[target.local.0 as usize].span;
        let why = Why::at(declared, format!("`{}` is declared here", self.locals[target.local.0 as usize].name));
        if self.untyped.contains(&target.local) && self.checker.types.text_len(&target.ty).is_some() {
            let value = self.expr(value, Some(&target.ty));
            if self.longer_text(&target, &value) {
                return self.error(span);
            }
            let value = self.fit(value, &target.ty.clone(), &why);
            return self.store(target, value, stmts, span);
        }
        let value = self.value(value, &target.ty.clone(), &why);
        self.store(target, value, stmts, span)
    }

    /// Whether a text is too long for a variable whose type its first text has said: reported once for the variable.
    fn longer_text(&mut self, target: &Place, value: &Expr) -> bool {
        let types = &self.checker.types;
        let (Some(room), Some(found)) = (types.text_len(&target.ty), types.text_len(&value.ty)) else { return false };
        if found <= room {
            return false;
        }
        let (short, long) = (self.type_name(&target.ty), self.type_name(&value.ty));
        let local = &mut self.locals[target.local.0 as usize];
        let whole = std::mem::replace(&mut local.ty, Ty::Never);
        let (name, declared) = (local.name.clone(), local.span);
        let written = self.type_name(&whole).replace(&short, &long);
        let error = Diagnostic::error(Code::TypeMismatch, format!("expected `{short}`, found `{long}`"))
            .at(value.span, format!("this is `{long}`"))
            .because(declared, format!("`{name}` has the type of its first value, a text of {room} bytes"))
            .replace("write its type", declared.at_end(), format!(": {written}"));
        self.report(error);
        true
    }

    /// `(a, b) = value`: all values are known before the first is stored.
    fn assign_parts(&mut self, items: &'a [ast::Expr], value: Expr, stmts: &mut Vec<Stmt>) {
        let span = value.span;
        let tys = self.parts(&value.ty, items.len());
        let fits = matches!(&value.ty, Ty::Tuple(tys) if tys.len() == items.len())
            || matches!(&value.ty, Ty::Array(_, n) if *n == items.len() as u64);
        if !fits {
            if value.ty != Ty::Never {
                let found = self.type_name(&value.ty);
                let error =
                    Diagnostic::error(Code::TypeMismatch, format!("expected {} values, found `{found}`", items.len()));
                self.report(
                    error.at(span, format!("this is `{found}`")).help(format!("give a tuple of {}", items.len())),
                );
            }
            return;
        }
        let whole = self.keep(value, stmts);
        let whole = self.read(whole, span);
        for (i, (item, ty)) in items.iter().zip(tys).enumerate() {
            let part = super::pattern::part(&whole, i, ty);
            if let ast::ExprKind::Tuple(inner) | ast::ExprKind::Array(inner) = &item.without_parens().kind {
                self.assign_parts(inner, part, stmts);
                continue;
            }
            let Some(target) = self.place(item, stmts) else { continue };
            let part = self.fit(part, &target.ty.clone(), &Why::plain());
            let stored = self.store(target, part, Vec::new(), item.span);
            stmts.push(Stmt::Expr(stored));
        }
    }

    fn store(&mut self, target: Place, value: Expr, stmts: Vec<Stmt>, span: Span) -> Expr {
        if value.ty == Ty::Never {
            return self.no_value(vec![value], span);
        }
        let kind = ExprKind::Assign(target, Box::new(value));
        let assign = Expr { kind, ty: unit(), span };
        if stmts.is_empty() {
            assign
        } else {
            Expr { kind: ExprKind::Block(stmts, Box::new(assign)), ty: unit(), span }
        }
    }

    pub(super) fn compound_assign(
        &mut self,
        place: &'a ast::Expr,
        op: Ast,
        op_span: Span,
        value: &'a ast::Expr,
        span: Span,
    ) -> Expr {
        let mut stmts = Vec::new();
        let Some(target) = self.place(place, &mut stmts) else {
            self.expr(value, None);
            return self.error(span);
        };
        let old = self.read_place(&target, place.span);
        let op = Op { op, span: op_span };
        let new = match op.op {
            Ast::And | Ast::Or => self.short_circuit(op, old, value, span),
            _ => {
                let hint = Some(old.ty.clone()).filter(|_| adapts(value));
                let right = self.expr(value, hint.as_ref());
                self.binary(op, old, right, span)
            }
        };
        if new.ty == Ty::Never {
            return self.error(span);
        }
        let local = &self.locals[target.local.0 as usize];
        let why = Why::at(local.span, format!("`{}` is declared here", local.name));
        let new = self.fit(new, &target.ty.clone(), &why);
        self.store(target, new, stmts, span)
    }

    fn read_place(&self, place: &Place, span: Span) -> Expr {
        let mut value = self.read(place.local, span);
        for step in &place.path {
            value = match step {
                Step::Field(i) => {
                    let ty = self.parts(&value.ty, 0).get(*i as usize).cloned().unwrap_or(Ty::Never);
                    Expr { kind: ExprKind::Field(Box::new(value), *i), ty, span }
                }
                Step::Index(index) => {
                    let ty = self.parts(&value.ty, 1).first().cloned().unwrap_or(Ty::Never);
                    Expr { kind: ExprKind::Index(Box::new(value), Box::new(index.clone())), ty, span }
                }
            };
        }
        value
    }

    /// What can be assigned. An index is evaluated once, by a statement before the assignment unless it is plain.
    fn place(&mut self, ast: &'a ast::Expr, stmts: &mut Vec<Stmt>) -> Option<Place> {
        let expr = self.expr(ast, None);
        if expr.ty == Ty::Never {
            return None;
        }
        let mut path = Vec::new();
        let ty = expr.ty.clone();
        let Some(local) = self.place_path(expr, &mut path, stmts) else {
            self.report(
                Diagnostic::error(Code::NotAPlace, "this cannot be assigned to")
                    .at(ast.span, "not a variable or a part of one")
                    .help("assign to a variable, a field or an element: `x = …`, `x.f = …`, `x[i] = …`"),
            );
            return None;
        };
        let declared = self.locals[local.0 as usize].clone();
        if !declared.mutable {
            self.report(
                Diagnostic::error(
                    Code::NotMutable,
                    format!("`{}` cannot be assigned, since it is not declared `mut`", declared.name),
                )
                .at(ast.span, "assigned here")
                .because(declared.span, "declared here")
                .replace("make it mutable", declared.span.at_start(), "mut "),
            );
            return None;
        }
        path.reverse();
        Some(Place { local, path, ty, span: ast.span })
    }

    /// The variable that `expr` is a part of, and the steps to the part, last first.
    fn place_path(&mut self, expr: Expr, path: &mut Vec<Step>, stmts: &mut Vec<Stmt>) -> Option<LocalId> {
        let mut expr = expr;
        loop {
            expr = match expr.kind {
                ExprKind::Local(local) => return Some(local),
                ExprKind::Field(base, i) => {
                    path.push(Step::Field(i));
                    *base
                }
                ExprKind::Index(base, index) => {
                    let index = self.once(*index, stmts);
                    path.push(Step::Index(index));
                    *base
                }
                _ => return None,
            };
        }
    }

    /// `value`, to be read more than once.
    pub(super) fn once(&mut self, value: Expr, stmts: &mut Vec<Stmt>) -> Expr {
        let immutable = |local: LocalId| !self.locals[local.0 as usize].mutable;
        match value.kind {
            ExprKind::Int(_) | ExprKind::Bool(_) => value,
            ExprKind::Local(local) if immutable(local) => value,
            _ => {
                let span = value.span;
                let kept = self.keep(value, stmts);
                self.read(kept, span)
            }
        }
    }
}

/// What two operands have in common.
enum Common {
    Type(Rc<IntTy>),
    /// An operand without a declared type.
    Exact(Span),
    Differ,
    NotInts,
}

fn without_range(ty: &Ty) -> Ty {
    match ty {
        Ty::Int(int) => Ty::Int(Rc::new(base(int))),
        _ => Ty::Exact,
    }
}

/// Offers to bring `value` into another type.
fn convert(error: Diagnostic, value: &Expr, to: &Ty) -> Diagnostic {
    let Ty::Int(int) = to else { return error };
    let name = base_name(int);
    let edit = |span, replacement: String| Edit { span, replacement };
    error.fix(
        format!("bring it into `{name}` first"),
        vec![edit(value.span.at_start(), format!("wrap::<{name}>(")), edit(value.span.at_end(), ")".to_owned())],
    )
}

pub(super) fn node(op: Ast, left: Expr, right: Expr, span: Span, ty: Ty) -> Expr {
    let op = match op {
        Ast::Add => BinaryOp::Add,
        Ast::Sub => BinaryOp::Sub,
        Ast::Mul => BinaryOp::Mul,
        Ast::Div => BinaryOp::Div,
        Ast::Rem => BinaryOp::Rem,
        Ast::AddWrap => BinaryOp::WrapAdd,
        Ast::SubWrap => BinaryOp::WrapSub,
        Ast::MulWrap => BinaryOp::WrapMul,
        Ast::AddSat => BinaryOp::SatAdd,
        Ast::SubSat => BinaryOp::SatSub,
        Ast::MulSat => BinaryOp::SatMul,
        Ast::Shl => BinaryOp::Shl,
        Ast::ShlWrap => BinaryOp::WrapShl,
        Ast::Shr => BinaryOp::Shr,
        Ast::BitAnd | Ast::And => BinaryOp::BitAnd,
        Ast::BitXor => BinaryOp::BitXor,
        Ast::BitOr | Ast::Or => BinaryOp::BitOr,
        Ast::Eq => BinaryOp::Eq,
        Ast::Ne => BinaryOp::Ne,
        Ast::Lt => BinaryOp::Lt,
        Ast::Le => BinaryOp::Le,
        Ast::Gt => BinaryOp::Gt,
        Ast::Ge => BinaryOp::Ge,
    };
    Expr { kind: ExprKind::Binary(op, Box::new(left), Box::new(right)), ty, span }
}

pub(super) fn no_branch(span: Span) -> Expr {
    unit_value(span, unit())
}
