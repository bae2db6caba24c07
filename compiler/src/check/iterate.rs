//! Methods of arrays and ranges, and the closures that they take, which are inlined.

use std::rc::Rc;

use num_bigint::BigInt;

use super::body::{Body, Why};
use super::builtin::{Builtin, block};
use super::control::Iter;
use super::expr::int;
use super::holes::{declare_as, has_holes};
use super::operator::node;
use super::types::{Bound, is_int, unit};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{BinaryOp, Expr, ExprKind, For, Intrinsic, LocalId, Over, Place, Stmt, Ty};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp as Op};

pub(super) const METHODS: &[&str] = &[
    "all",
    "any",
    "contains",
    "count",
    "count_ones",
    "enumerate",
    "first",
    "fold",
    "get",
    "get_or",
    "last",
    "len",
    "map",
    "max",
    "min",
    "rev",
    "sum",
    "to_str",
    "zip",
];

/// Whether the language itself declares this method for arrays of such elements; others may be the library's.
pub(super) fn declares(name: &str, element: &Ty) -> bool {
    METHODS.contains(&name) && (is_int(element) || !matches!(name, "min" | "max"))
}

const RANGE_METHODS: &[&str] = &["all", "any", "count", "fold", "map", "rev"];

/// Elements that `count` looks at before it adds anything up: that takes fewer gates, but memory for all of them.
const COUNTED_AT_ONCE_MAX: u64 = 1 << 16;

impl<'a> Body<'_, 'a> {
    /// `(0..n).map(…)` and its like.
    pub(super) fn range_method(&mut self, receiver: &'a ast::Expr, call: &Builtin<'_, 'a>) -> Expr {
        let Some(iter) = self.iterable(receiver) else { return self.args_anyway(call.args, call.span) };
        if !RANGE_METHODS.contains(&&*call.name.name) && iter.len.is_some() {
            let numbers = self.numbers(iter, call.span);
            return self.value_method(numbers, call);
        }
        if !RANGE_METHODS.contains(&&*call.name.name) {
            let error = Diagnostic::error(Code::UnknownMethod, format!("a range has no method `{}`", call.name))
                .at(call.name.span, "unknown method");
            self.report(error.help(format!("it has: {}", RANGE_METHODS.join(", "))));
            return self.args_anyway(call.args, call.span);
        }
        self.iterate(iter, call)
    }

    /// The numbers of a range whose length is known, as an array.
    fn numbers(&mut self, iter: Iter, span: Span) -> Expr {
        let n = iter.len.unwrap_or_default();
        let body = self.loop_body(iter, span, |_, item, _| item);
        let ty = self.checker.sized(Ty::Array(Rc::new(Ty::Exact), n), span);
        Expr { kind: ExprKind::Map(Box::new(body)), ty, span }
    }

    fn iterate(&mut self, iter: Iter, call: &Builtin<'_, 'a>) -> Expr {
        let wanted = if &*call.name.name == "fold" { 2 } else { 1 };
        if !self.takes(call, wanted) {
            return self.error(call.span);
        }
        match &*call.name.name {
            "map" => self.map(iter, call),
            "fold" => self.fold(iter, call),
            "any" => self.gather(iter, call, false, BinaryOp::BitOr),
            "all" => self.gather(iter, call, true, BinaryOp::BitAnd),
            _ => self.count(iter, call),
        }
    }

    pub(super) fn array_method(&mut self, array: Expr, element: &Rc<Ty>, n: u64, call: &Builtin<'_, 'a>) -> Expr {
        let span = call.span;
        let element_ty = (**element).clone();
        match &*call.name.name {
            "all" | "any" | "count" | "fold" | "map" => {
                return self
                    .iterate(Iter { over: Over::Array(array), element: element_ty, len: Some(n), turned: None }, call);
            }
            _ => {}
        }
        let wanted = match &*call.name.name {
            "contains" | "get" | "zip" => 1,
            "get_or" => 2,
            _ => 0,
        };
        if !self.takes(call, wanted) {
            return self.error(span);
        }
        match &*call.name.name {
            "len" => int(BigInt::from(n), span),
            "sum" if is_int(element) => self.array_intrinsic(Intrinsic::Sum, array, span),
            "sum" if self.checker.types.fixed_of(element).is_some() => self.fixed_sum(array, element_ty, n, span),
            "count_ones" if element_ty == Ty::Bool => self.array_intrinsic(Intrinsic::CountOnes, array, span),
            "min" if is_int(element) => self.extreme(Intrinsic::Min, array, &element_ty, n, call),
            "max" if is_int(element) => self.extreme(Intrinsic::Max, array, &element_ty, n, call),
            "first" if n > 0 => at(array, BigInt::ZERO, element_ty, span),
            "last" if n > 0 => at(array, BigInt::from(n - 1), element_ty, span),
            "first" | "last" => self.empty(array.span, call),
            "get" => self.get(array, element_ty, n, call),
            "get_or" => self.get_or(array, element_ty, call),
            "contains" => self.contains(array, element_ty, call),
            "zip" => self.zip(array, element_ty, n, call),
            "enumerate" => {
                let whole = Ty::Tuple(Rc::new([Ty::Exact, element_ty.clone()]));
                self.rebuild(array, n, whole, span, |_, array, i| {
                    let item = index(array, i.clone(), element_ty.clone(), span);
                    vec![i, item]
                })
            }
            "rev" => {
                let last = int(BigInt::from(n) - 1, span);
                let element = element_ty.clone();
                self.rebuild(array, n, element_ty, span, |_, array, i| {
                    vec![index(array, node(Op::Sub, last.clone(), i, span, Ty::Exact), element.clone(), span)]
                })
            }
            _ => {
                if let Some((name, declared, _)) = self.checker.types.lacks(&element_ty, Bound::Num) {
                    self.checker.lacks_bound(
                        &name,
                        declared,
                        "Num",
                        call.name.span,
                        &format!("`{}` needs it", call.name),
                    );
                    return self.error(span);
                }
                let found = self.type_name(&array.ty);
                let needed = if &*call.name.name == "count_ones" { "bools" } else { "integers" };
                let error = Diagnostic::error(
                    Code::OperandType,
                    format!("`{}` needs an array of {needed}, found `{found}`", call.name),
                );
                self.fail(span, error.at(array.span, format!("this is `{found}`")).help("use `map` to get one"))
            }
        }
    }

    /// The sum of fixed-point numbers: that of the integers that they are made of.
    fn fixed_sum(&mut self, array: Expr, element: Ty, n: u64, span: Span) -> Expr {
        let Some((fraction, raw)) = self.checker.types.fixed_of(&element) else { return self.error(span) };
        let raws = self.rebuild(array, n, raw, span, |this, array, i| {
            let item = index(array, i, element, span);
            vec![this.raw(item)]
        });
        let sum = self.array_intrinsic(Intrinsic::Sum, raws, span);
        self.fixed(sum, fraction)
    }

    fn array_intrinsic(&mut self, intrinsic: Intrinsic, array: Expr, span: Span) -> Expr {
        Expr { kind: ExprKind::Intrinsic(intrinsic, vec![array]), ty: Ty::Exact, span }
    }

    fn empty(&mut self, at: Span, call: &Builtin<'_, 'a>) -> Expr {
        let error = Diagnostic::error(Code::EmptyArray, format!("`{}` of an array without elements", call.name))
            .at(at, "has no elements");
        self.fail(call.span, error.help("use an array with at least one element"))
    }

    /// The least or greatest element.
    fn extreme(&mut self, intrinsic: Intrinsic, array: Expr, element: &Ty, n: u64, call: &Builtin<'_, 'a>) -> Expr {
        let span = call.span;
        if n == 0 {
            return self.empty(array.span, call);
        }
        let mut stmts = Vec::new();
        let array = self.once(array, &mut stmts);
        let best =
            self.accumulator(at(array.clone(), BigInt::ZERO, element.clone(), span), element.clone(), &mut stmts);
        let rest = Ty::Array(Rc::new(element.clone()), n - 1);
        let rest =
            Expr { kind: ExprKind::Slice(Box::new(array), Box::new(int(BigInt::from(1), span))), ty: rest, span };
        let local = self.local("_", element.clone(), false, span);
        let args = vec![self.read(best, span), self.read(local, span)];
        let better = Expr { kind: ExprKind::Intrinsic(intrinsic, args), ty: element.clone(), span };
        let body = self.store_in(best, better, span);
        stmts.push(loop_stmt(For { local, over: Over::Array(rest), body }, span));
        block(stmts, self.read(best, span))
    }

    /// A new variable that a loop assigns.
    fn accumulator(&mut self, init: Expr, ty: Ty, stmts: &mut Vec<Stmt>) -> LocalId {
        let local = self.local("_", ty, true, init.span);
        stmts.push(Stmt::Let(local, init));
        local
    }

    fn store_in(&self, local: LocalId, value: Expr, span: Span) -> Expr {
        let ty = self.locals[local.0 as usize].ty.clone();
        let place = Place { local, path: Vec::new(), ty, span };
        Expr { kind: ExprKind::Assign(place, Box::new(value)), ty: unit(), span }
    }

    fn get(&mut self, array: Expr, element: Ty, n: u64, call: &Builtin<'_, 'a>) -> Expr {
        let span = call.span;
        let mut stmts = Vec::new();
        let array = self.once(array, &mut stmts);
        let i = self.index_value(&call.args[0]);
        if i.ty == Ty::Never {
            return self.no_value(vec![i], span);
        }
        let i = self.once(i, &mut stmts);
        let item = index(array, i.clone(), element.clone(), span);
        let some = self.some(item);
        let ty = some.ty.clone();
        let not_less = node(Op::Ge, i.clone(), int(BigInt::ZERO, span), span, Ty::Bool);
        let below = node(Op::Lt, i, int(BigInt::from(n), span), span, Ty::Bool);
        let mut choose = |condition, then, ty: &Ty| {
            let none = self.none(&element, span);
            Expr { kind: ExprKind::If(Box::new(condition), Box::new(then), Box::new(none)), ty: ty.clone(), span }
        };
        let inner = choose(below, some, &ty);
        let outer = choose(not_less, inner, &ty);
        block(stmts, outer)
    }

    fn get_or(&mut self, array: Expr, element: Ty, call: &Builtin<'_, 'a>) -> Expr {
        let i = self.index_value(&call.args[0]);
        let default = self.value(&call.args[1], &element, &Why::at(array.span, "the elements are of this type"));
        if i.ty == Ty::Never || default.ty == Ty::Never {
            return self.no_value(vec![i, default], call.span);
        }
        Expr { kind: ExprKind::Intrinsic(Intrinsic::GetOr, vec![array, i, default]), ty: element, span: call.span }
    }

    fn contains(&mut self, array: Expr, element: Ty, call: &Builtin<'_, 'a>) -> Expr {
        let span = call.span;
        let wanted = self.expr(&call.args[0], None);
        if wanted.ty == Ty::Never {
            return self.no_value(vec![wanted], span);
        }
        let Some(joined) = self.join(&element, &wanted.ty) else {
            let (found, expected) = (self.type_name(&wanted.ty), self.type_name(&element));
            let error = Diagnostic::error(Code::TypeMismatch, format!("expected `{expected}`, found `{found}`"))
                .at(call.args[0].span, format!("this is `{found}`"));
            return self.fail(
                span,
                error.because(array.span, format!("elements are `{expected}`")).help(format!("give a `{expected}`")),
            );
        };
        if let Some((name, declared, _)) = self.checker.types.lacks(&joined, Bound::Eq) {
            self.checker.lacks_bound(&name, declared, "Eq", call.name.span, "`contains` needs it");
            return self.error(span);
        }
        let mut stmts = Vec::new();
        let wanted = self.fit(wanted, &joined, &Why::plain());
        let wanted = self.once(wanted, &mut stmts);
        let yes_or_no = |value| Expr { kind: ExprKind::Bool(value), ty: Ty::Bool, span };
        let found = self.accumulator(yes_or_no(false), Ty::Bool, &mut stmts);
        let local = self.local("_", element, false, span);
        let item = self.read(local, span);
        let item = self.fit(item, &joined, &Why::plain());
        let same = node(Op::Eq, item, wanted, span, Ty::Bool);
        let either = node(Op::BitOr, self.read(found, span), same, span, Ty::Bool);
        let body = self.store_in(found, either, span);
        stmts.push(loop_stmt(For { local, over: Over::Array(array), body }, span));
        block(stmts, self.read(found, span))
    }

    /// A new array of `n` elements, each made from the old array and its position.
    fn rebuild(
        &mut self,
        array: Expr,
        n: u64,
        element: Ty,
        span: Span,
        make: impl FnOnce(&mut Self, Expr, Expr) -> Vec<Expr>,
    ) -> Expr {
        let mut stmts = Vec::new();
        let array = self.once(array, &mut stmts);
        let local = self.local("_", Ty::Exact, false, span);
        let i = self.read(local, span);
        let mut items = make(self, array, i);
        let body = match (&element, items.len()) {
            (Ty::Tuple(_), 2) => Expr { kind: ExprKind::Aggregate(items), ty: element.clone(), span },
            _ => items.pop().unwrap_or_else(|| self.error(span)),
        };
        let over = Over::Range(int(BigInt::ZERO, span), int(BigInt::from(n), span));
        let ty = self.checker.sized(Ty::Array(Rc::new(element), n), span);
        block(stmts, Expr { kind: ExprKind::Map(Box::new(For { local, over, body })), ty, span })
    }

    fn zip(&mut self, array: Expr, element: Ty, n: u64, call: &Builtin<'_, 'a>) -> Expr {
        let span = call.span;
        let other = self.expr(&call.args[0], None);
        let (other_element, m) = match &other.ty {
            Ty::Array(element, m) => ((**element).clone(), *m),
            ty => {
                let ty = ty.clone();
                return self.not_an_array(other.span, &ty, "zipped");
            }
        };
        if n != m {
            let error = Diagnostic::error(
                Code::BadLength,
                format!("`zip` needs two arrays of one length, found {n} and {m} elements"),
            )
            .at(other.span, format!("{m} elements"))
            .because(array.span, format!("{n} elements"));
            return self.fail(span, error.help("use arrays of the same length, or a slice of the longer one"));
        }
        let mut stmts = Vec::new();
        let array = self.once(array, &mut stmts);
        let other = self.once(other, &mut stmts);
        let whole = Ty::Tuple(Rc::new([element.clone(), other_element.clone()]));
        let pairs = self.rebuild(array, n, whole, span, |_, array, i| {
            vec![index(array, i.clone(), element, span), index(other, i, other_element, span)]
        });
        block(stmts, pairs)
    }

    fn map(&mut self, iter: Iter, call: &Builtin<'_, 'a>) -> Expr {
        let span = call.span;
        let Some(n) = iter.len else {
            let error =
                Diagnostic::error(Code::NotConstant, "how many elements this gives must be known at build time")
                    .at(span, "how many?");
            self.report(error.help("use a range whose ends are constants, or a `for` loop"));
            return self.args_anyway(call.args, span);
        };
        let element = match call.want {
            Some(Ty::Array(element, _)) => Some((**element).clone()),
            _ => None,
        };
        let body = self.loop_body(iter, span, |this, item, _| this.apply(&call.args[0], vec![item], element.as_ref()));
        if body.body.ty == Ty::Never {
            return self.no_value(vec![body.body], span);
        }
        let ty = self.checker.sized(Ty::Array(Rc::new(body.body.ty.clone()), n), span);
        Expr { kind: ExprKind::Map(Box::new(body)), ty, span }
    }

    fn fold(&mut self, iter: Iter, call: &Builtin<'_, 'a>) -> Expr {
        let span = call.span;
        let written = self.fn_arg(&call.args[1]).and_then(|code| self.written_param(&code, 0));
        let want = call.want.or(written.as_ref());
        // A number with a point begins like the elements, where nothing else is said.
        let hint = want.or(Some(&iter.element).filter(|_| super::expr::adapts(&call.args[0])));
        let init = self.expr(&call.args[0], hint);
        let init = match want {
            Some(want) => self.fit(init, want, &Why::plain()),
            None => init,
        };
        if init.ty == Ty::Never {
            self.args_anyway(&call.args[1..], span);
            return self.no_value(vec![init], span);
        }
        let mut ty = want.cloned().unwrap_or_else(|| init.ty.clone());
        if self.is_open(&ty) {
            // `fold(None, …)`: what the closure gives says the rest.
            let args = [&ty, &iter.element].map(|ty| {
                let local = self.local("_", ty.clone(), false, span);
                self.read(local, span)
            });
            let next = self.apply(&call.args[1], args.to_vec(), None);
            ty = self.join(&ty, &next.ty).unwrap_or(ty);
        }
        let init = self.fit(init, &ty, &Why::plain());
        let why = Why::at(init.span, "the fold begins with this");
        let mut stmts = Vec::new();
        let total = self.accumulator(init, ty.clone(), &mut stmts);
        let body = self.loop_body(iter, span, |this, item, _| {
            let args = vec![this.read(total, span), item];
            let next = this.apply(&call.args[1], args, Some(&ty));
            let next = this.fit(next, &ty, &why);
            if next.ty == Ty::Never { this.no_value(vec![next], span) } else { this.store_in(total, next, span) }
        });
        stmts.push(loop_stmt(body, span));
        block(stmts, self.read(total, span))
    }

    /// `any`, `all`.
    fn gather(&mut self, iter: Iter, call: &Builtin<'_, 'a>, start: bool, op: BinaryOp) -> Expr {
        let span = call.span;
        let mut stmts = Vec::new();
        let init = Expr { kind: ExprKind::Bool(start), ty: Ty::Bool, span };
        let total = self.accumulator(init, Ty::Bool, &mut stmts);
        let body = self.loop_body(iter, span, |this, item, _| {
            let holds = this.predicate(&call.args[0], item, &call.name.name);
            let both = (Box::new(this.read(total, span)), Box::new(holds));
            let next = Expr { kind: ExprKind::Binary(op, both.0, both.1), ty: Ty::Bool, span };
            this.store_in(total, next, span)
        });
        stmts.push(loop_stmt(body, span));
        block(stmts, self.read(total, span))
    }

    fn predicate(&mut self, closure: &'a ast::Expr, item: Expr, name: &str) -> Expr {
        let holds = self.apply(closure, vec![item], Some(&Ty::Bool));
        self.condition_value(holds, name)
    }

    /// How many elements a closure holds for.
    fn count(&mut self, iter: Iter, call: &Builtin<'_, 'a>) -> Expr {
        let span = call.span;
        if let Some(n) = iter.len.filter(|n| *n <= COUNTED_AT_ONCE_MAX) {
            let body = self.loop_body(iter, span, |this, item, _| this.predicate(&call.args[0], item, "count"));
            if body.body.ty == Ty::Never {
                return self.no_value(vec![body.body], span);
            }
            let bits = Expr { kind: ExprKind::Map(Box::new(body)), ty: Ty::Array(Rc::new(Ty::Bool), n), span };
            return self.array_intrinsic(Intrinsic::CountOnes, bits, span);
        }
        let mut stmts = Vec::new();
        let total = self.accumulator(int(BigInt::ZERO, span), Ty::Exact, &mut stmts);
        let body = self.loop_body(iter, span, |this, item, _| {
            let holds = this.predicate(&call.args[0], item, "count");
            let (one, zero) = (Box::new(int(BigInt::from(1), span)), Box::new(int(BigInt::ZERO, span)));
            let step = Expr { kind: ExprKind::If(Box::new(holds), one, zero), ty: Ty::Exact, span };
            let next = node(Op::Add, this.read(total, span), step, span, Ty::Exact);
            this.store_in(total, next, span)
        });
        stmts.push(loop_stmt(body, span));
        block(stmts, self.read(total, span))
    }

    /// The value of a closure, or of a named function, for `args`.
    pub(super) fn apply(&mut self, closure: &'a ast::Expr, args: Vec<Expr>, want: Option<&Ty>) -> Expr {
        match self.fn_arg(closure) {
            Some(code) => self.apply_fn(&code, args, want, closure.span),
            None => self.error(closure.span),
        }
    }

    pub(super) fn closure_count(&mut self, span: Span, given: usize, taken: usize) -> Expr {
        let message = format!("this closure gets {}, but takes {taken}", super::call::counted(given, "value"));
        let error = Diagnostic::error(Code::ArgumentCount, message).at(span, format!("takes {taken}"));
        let tuple = if taken > given { ", or one that takes a tuple apart: `|(a, b)| …`" } else { "" };
        self.fail(span, error.help(format!("give it {}{tuple}", super::call::counted(given, "parameter"))))
    }

    /// The body of a closure, where names mean what they mean around it.
    pub(super) fn inline(
        &mut self,
        params: &'a [ast::ClosureParam],
        output: Option<&'a ast::Type>,
        body: &'a ast::Expr,
        args: Vec<Expr>,
        want: Option<&Ty>,
    ) -> Expr {
        let n_names = self.names.len();
        let mut stmts = Vec::new();
        for (param, arg) in params.iter().zip(args) {
            let arg = match &param.ty {
                Some(written) => {
                    let (arg, ty) = self.filled(arg, written);
                    declare_as(declared_by(arg, param.pattern.span, written.span), ty)
                }
                None => arg,
            };
            self.bind_all(&param.pattern, arg, &mut stmts);
        }
        let value = match output {
            Some(written) if has_holes(written) => {
                let value = self.inlined(None, None, |this| this.expr(body, None));
                let (value, ty) = self.filled(value, written);
                declare_as(value, ty)
            }
            Some(written) => {
                let ty = self.ty(written);
                let why = Why::at(written.span, "expected because of this type");
                let value = self.inlined(Some((ty.clone(), written.span)), None, |this| this.value(body, &ty, &why));
                declare_as(value, ty)
            }
            None => self.inlined(None, want, |this| this.expr(body, want)),
        };
        self.names.truncate(n_names);
        block(stmts, value)
    }
}

fn at(array: Expr, i: BigInt, element: Ty, span: Span) -> Expr {
    index(array, int(i, span), element, span)
}

/// A value that is fitted to the type of a closure's parameter. One that the closure's own call stands for, as in `xs.map(|x: u4| x)`, is said
/// to stand where the parameter's name does, and its fitting where the type does.
fn declared_by(value: Expr, pattern: Span, written: Span) -> Expr {
    match value.kind {
        ExprKind::Fit(inner) if inner.span.contains(pattern) => {
            let inner = Box::new(Expr { span: pattern, ..*inner });
            Expr { kind: ExprKind::Fit(inner), span: written, ty: value.ty }
        }
        _ => value,
    }
}

fn index(array: Expr, i: Expr, element: Ty, span: Span) -> Expr {
    Expr { kind: ExprKind::Index(Box::new(array), Box::new(i)), ty: element, span }
}

fn loop_stmt(body: For, span: Span) -> Stmt {
    Stmt::Expr(Expr { kind: ExprKind::For(Box::new(body)), ty: unit(), span })
}
