//! Fixed-point numbers: `fixed<I, F>` is an integer of I + F bits that stands for itself divided by 2^F.
//!
//! As with integers, results are exact in range: `a + b` of two fixed-point numbers has the range that they imply, and is proven to fit
//! where it is stored. A result has as many fractional bits as the operand that has more of them, an integer having none, so operands may
//! change places. Sums, remainders and comparisons lose nothing; products are rounded downwards, quotients towards 0.

use std::rc::Rc;

use num_bigint::BigInt;

use super::body::{Body, Why};
use super::builtin::Builtin;
use super::expr::{adapts, int};
use super::operator::{Op, node};
use super::types::is_int;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Expr, ExprKind, IntTy, Intrinsic, Ty};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp as Ast};

impl<'a> Body<'_, 'a> {
    /// `1.50` as a fixed-point number of the expected type, rounded to the nearest one.
    pub(super) fn decimal(&mut self, digits: &BigInt, scale: u32, want: Option<&Ty>, span: Span) -> Expr {
        let Some((fraction, _)) = want.and_then(|ty| self.checker.types.fixed_of(ty)) else {
            let error = Diagnostic::error(Code::CannotInfer, "how many fractional bits does this number have?")
                .at(span, "a number with a point needs a type");
            return self.fail(span, error.help("say the type, as in `let x: fixed<16, 16> = 1.5;`"));
        };
        let divisor = BigInt::from(10).pow(scale);
        let doubled: BigInt = ((digits << (fraction + 1)) + &divisor) / (BigInt::from(2) * &divisor);
        self.fixed(int(doubled, span), fraction)
    }

    /// The fixed-point number `raw` / 2^`fraction`.
    pub(super) fn fixed(&mut self, raw: Expr, fraction: u32) -> Expr {
        let (span, ty) = (raw.span, self.checker.types.fixed(fraction, &raw.ty));
        Expr { kind: ExprKind::Aggregate(vec![raw]), ty, span }
    }

    /// A fixed-point number times 2^F.
    pub(super) fn raw(&self, value: Expr) -> Expr {
        let span = value.span;
        let ty = self.checker.types.fixed_of(&value.ty).map_or(Ty::Never, |(_, raw)| raw);
        match value.kind {
            ExprKind::Aggregate(mut items) if items.len() == 1 => items.pop().unwrap_or_else(|| self.error(span)),
            kind => Expr { kind: ExprKind::Field(Box::new(Expr { kind, ty: value.ty, span }), 0), ty, span },
        }
    }

    /// An operator of which at least one operand is a fixed-point number; nothing if it is none for them.
    pub(super) fn fixed_binary(
        &mut self,
        op: Op,
        left: Expr,
        right: Expr,
        span: Span,
    ) -> Result<Expr, Box<(Expr, Expr)>> {
        let fraction_of = |ty: &Ty| match self.checker.types.fixed_of(ty) {
            Some((fraction, _)) => Some(fraction),
            None => is_int(ty).then_some(0),
        };
        let (Some(own), Some(other)) = (fraction_of(&left.ty), fraction_of(&right.ty)) else {
            return Err(Box::new((left, right)));
        };
        let common = own.max(other);
        let (exact, fit) = match op.op {
            Ast::AddWrap | Ast::AddSat => (Ast::Add, Some(op.op == Ast::AddWrap)),
            Ast::SubWrap | Ast::SubSat => (Ast::Sub, Some(op.op == Ast::SubWrap)),
            Ast::MulWrap | Ast::MulSat => (Ast::Mul, Some(op.op == Ast::MulWrap)),
            other => (other, None),
        };
        let declared = match fit {
            Some(_) => {
                let sides = [(own, &left.ty), (other, &right.ty)];
                let ty = sides.iter().find_map(|(f, ty)| declared_raw(ty, self).filter(|_| *f == common));
                if ty.is_none() {
                    return Err(Box::new((left, right)));
                }
                ty
            }
            None => None,
        };
        let raw = match exact {
            Ast::Add | Ast::Sub | Ast::Rem => {
                node(exact, self.rescaled(left, common), self.rescaled(right, common), span, Ty::Exact)
            }
            Ast::Mul => {
                let (left, right) = (self.rescaled(left, own), self.rescaled(right, other));
                shift(node(Ast::Mul, left, right, span, Ty::Exact), own.min(other), Ast::Shr)
            }
            Ast::Div => {
                let (dividend, divisor) = self.division(true, left, right);
                node(Ast::Div, dividend, divisor, span, Ty::Exact)
            }
            Ast::Eq | Ast::Ne | Ast::Lt | Ast::Le | Ast::Gt | Ast::Ge => {
                let (left, right) = (self.compared(left, common), self.compared(right, common));
                return Ok(node(exact, left, right, span, Ty::Bool));
            }
            _ => return Err(Box::new((left, right))),
        };
        let raw = match (fit, declared) {
            (Some(wrap), Some(ty)) => {
                let kind = if wrap { ExprKind::Wrap(Box::new(raw)) } else { ExprKind::Saturate(Box::new(raw)) };
                Expr { kind, ty: Ty::Int(ty), span }
            }
            _ => raw,
        };
        Ok(self.fixed(raw, common))
    }

    /// A side of a comparison of numbers times 2^`fraction`. In tests, which show what they compare, it stays the raw part of a fixed-point number.
    fn compared(&mut self, side: Expr, fraction: u32) -> Expr {
        let raw = self.rescaled(side, fraction);
        if !self.test || matches!(raw.kind, ExprKind::Int(_)) {
            return raw;
        }
        let (span, ty) = (raw.span, raw.ty.clone());
        let number = self.fixed(raw, fraction);
        Expr { ty, span, kind: ExprKind::Field(Box::new(number), 0) }
    }

    /// What to divide by what, so that the quotient or the remainder has as many fractional bits as the side that has more.
    fn division(&mut self, is_quotient: bool, left: Expr, right: Expr) -> (Expr, Expr) {
        let (common, other) = (self.common(&left, &right), self.fraction_of(&right));
        let (dividend, divisor) = if is_quotient { (common + other, other) } else { (common, common) };
        (self.rescaled(left, dividend), self.rescaled(right, divisor))
    }

    /// Fractional bits of a number, none for an integer.
    fn fraction_of(&self, number: &Expr) -> u32 {
        self.checker.types.fixed_of(&number.ty).map_or(0, |(fraction, _)| fraction)
    }

    fn common(&self, left: &Expr, right: &Expr) -> u32 {
        self.fraction_of(left).max(self.fraction_of(right))
    }

    /// `x.div_or(y, default)`, `x.rem_or(y, default)`, `x.checked_div(y)`, `x.checked_rem(y)`.
    pub(super) fn fixed_division(&mut self, value: Expr, call: &Builtin<'_, 'a>) -> Expr {
        let (name, span) = (&*call.name.name, call.span);
        let is_checked = name.starts_with("checked");
        if !self.takes(call, if is_checked { 1 } else { 2 }) {
            return self.error(span);
        }
        let mut numbers = vec![value];
        for arg in call.args {
            let number = self.number_like(arg, &numbers[0].ty.clone());
            numbers.push(number);
        }
        if numbers.iter().any(|number| number.ty == Ty::Never) {
            return self.no_value(numbers, span);
        }
        let default = if is_checked { None } else { numbers.pop() };
        let (Some(right), Some(left)) = (numbers.pop(), numbers.pop()) else { return self.error(span) };
        let is_quotient = name.ends_with("div") || name.starts_with("div");
        let fraction = self.common(&left, &right);
        let (dividend, divisor) = self.division(is_quotient, left, right);
        let intrinsic = if is_quotient { Intrinsic::DivOr } else { Intrinsic::RemOr };
        let Some(default) = default else {
            return self.checked(intrinsic, vec![dividend, divisor], Some(fraction), span);
        };
        let default = self.rescaled(default, fraction);
        let raw = self.intrinsic(intrinsic, vec![dividend, divisor, default], Ty::Exact, span);
        self.fixed(raw, fraction)
    }

    /// An argument that is a number; one with a point takes its type from the number that it meets.
    fn number_like(&mut self, arg: &'a ast::Expr, ty: &Ty) -> Expr {
        let value = self.expr(arg, Some(ty).filter(|_| adapts(arg)));
        if is_int(&value.ty) || value.ty == Ty::Never || self.checker.types.fixed_of(&value.ty).is_some() {
            return value;
        }
        let found = self.type_name(&value.ty);
        let error = Diagnostic::error(Code::TypeMismatch, format!("expected a number, found `{found}`"));
        self.fail(arg.span, error.at(arg.span, format!("this is `{found}`")).help("use a number"))
    }

    /// `-x`.
    pub(super) fn fixed_neg(&mut self, value: Expr, fraction: u32, span: Span) -> Expr {
        let raw = self.raw(value);
        let raw = match raw.kind {
            ExprKind::Int(n) => int(-n, span),
            _ => Expr { kind: ExprKind::Unary(crate::hir::UnaryOp::Neg, Box::new(raw)), ty: Ty::Exact, span },
        };
        self.fixed(raw, fraction)
    }

    /// `x.floor()`, `x.round()`, `x.raw()`, `x.abs()`.
    pub(super) fn fixed_method(&mut self, value: Expr, fraction: u32, name: &str, span: Span) -> Expr {
        let raw = self.raw(value);
        let integer = match name {
            "floor" => shift(raw, fraction, Ast::Shr),
            "round" if fraction > 0 => {
                let half = int(BigInt::from(1) << (fraction - 1), span);
                shift(node(Ast::Add, raw, half, span, Ty::Exact), fraction, Ast::Shr)
            }
            "abs" => {
                let raw = Expr { kind: ExprKind::Intrinsic(Intrinsic::Abs, vec![raw]), ty: Ty::Exact, span };
                self.fixed(raw, fraction)
            }
            _ => raw,
        };
        Expr { span, ..integer }
    }

    /// `value`, an integer or a fixed-point number, with `fraction` fractional bits; rounded downwards.
    pub(super) fn rescaled(&mut self, value: Expr, fraction: u32) -> Expr {
        let (own, raw) = match self.checker.types.fixed_of(&value.ty) {
            Some((own, _)) => (own, self.raw(value)),
            None => (0, value),
        };
        if own <= fraction { shift(raw, fraction - own, Ast::Shl) } else { shift(raw, own - fraction, Ast::Shr) }
    }

    /// `from_raw`, `wrap`, `saturate` or `to_fixed` into a fixed-point type.
    pub(super) fn convert_to_fixed(&mut self, name: &str, value: Expr, ty: &Ty, span: Span) -> Expr {
        let Some((fraction, Ty::Int(target))) = self.checker.types.fixed_of(ty) else { return self.error(span) };
        let raw = if name == "from_raw" { value } else { self.rescaled(value, fraction) };
        let whole = Ty::Int(Rc::new(super::types::base(&target)));
        let raw = match name {
            "wrap" => Expr { kind: ExprKind::Wrap(Box::new(raw)), ty: whole, span },
            "saturate" => Expr { kind: ExprKind::Saturate(Box::new(raw)), ty: Ty::Int(target), span },
            _ => raw,
        };
        let value = self.fixed(raw, fraction);
        self.fit(value, ty, &Why::plain())
    }
}

fn declared_raw(ty: &Ty, body: &Body<'_, '_>) -> Option<Rc<IntTy>> {
    match body.checker.types.fixed_of(ty) {
        Some((_, Ty::Int(int))) => Some(Rc::new(super::types::base(&int))),
        _ => None,
    }
}

/// `raw` shifted by a number of bits.
fn shift(raw: Expr, bits: u32, op: Ast) -> Expr {
    if bits == 0 {
        return raw;
    }
    let span = raw.span;
    match (&raw.kind, op) {
        (ExprKind::Int(n), Ast::Shl) => int(n << bits, span),
        _ => node(op, raw, int(BigInt::from(bits), span), span, Ty::Exact),
    }
}
