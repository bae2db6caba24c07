//! Operators with two operands, patterns, and the proofs that they need.

use num_bigint::{BigInt, Sign};

use super::integer::Ring;
use super::number::Operation;
use super::report;
use super::value::{Abstract, Bit, Int, Stage};
use super::walk::{Operand, Operator, Stop, Walk, Walked};
use crate::hir::{BinaryOp, Expr, ExprKind, IntTy, Pattern, Ty};
use crate::interpret::WIDTH_MAX;
use crate::ranges::Range;
use crate::source::Span;

impl Walk<'_> {
    /// `is_part` says that the result is the first operand of `+` or `-`, and used nowhere else.
    pub(super) fn binary(&mut self, op: BinaryOp, a: &Abstract, b: &Abstract, expr: &Expr, is_part: bool) -> Walked {
        match (op, a, b) {
            (BinaryOp::Eq, a, b) => return Ok(Abstract::Bool(self.equal_values(a, b))),
            (BinaryOp::Ne, a, b) => return Ok(Abstract::Bool(self.equal_values(a, b).not())),
            (BinaryOp::Lt, a, b) => return Ok(Abstract::Bool(self.less_values(a, b))),
            (BinaryOp::Le, a, b) => return Ok(Abstract::Bool(self.less_values(b, a).not())),
            (BinaryOp::Gt, a, b) => return Ok(Abstract::Bool(self.less_values(b, a))),
            (BinaryOp::Ge, a, b) => return Ok(Abstract::Bool(self.less_values(a, b).not())),
            (_, Abstract::Bool(a), Abstract::Bool(b)) => {
                return Ok(Abstract::Bool(match op {
                    BinaryOp::BitAnd => self.and_bits(a, b),
                    BinaryOp::BitOr => self.or_bits(a, b),
                    _ => self.xor_bits(a, b),
                }));
            }
            _ => {}
        }
        let (a, b) = (a.int(), b.int());
        let result = match op {
            BinaryOp::Add | BinaryOp::Sub => self.term(&a, &b, op == BinaryOp::Sub, is_part),
            _ => self.arithmetic(op, &a, &b, expr),
        };
        if result.range().width() > WIDTH_MAX {
            if self.trials > 0 && self.rolling > 0 {
                return Err(Stop::Unrollable(expr.span, "a number in it gets too wide"));
            }
            return self.fatal(report::too_wide(expr.span, result.range()));
        }
        if let ExprKind::Binary(_, left, right) = &expr.kind {
            let is_uniform = matches!((&left.ty, &right.ty), (Ty::Int(a), Ty::Int(b)) if same_base(a, b));
            // A shift that brings a fixed-point number to another scale would hide the operator that the author wrote.
            if left.span != right.span {
                let [left, right] = [(left, a), (right, b)].map(|(side, value)| Operand {
                    span: side.span,
                    value,
                    fraction: super::fraction::of(self.program, side),
                });
                self.operator = Some(Operator { op, span: expr.span, left, right, is_uniform });
            }
        }
        Ok(Abstract::Int(result))
    }

    fn arithmetic(&mut self, op: BinaryOp, a: &Int, b: &Int, expr: &Expr) -> Int {
        match op {
            BinaryOp::Mul => self.ring(Ring::Mul, a, b, None),
            BinaryOp::WrapAdd => self.ring(Ring::Add, a, b, Some(expr.ty.declared())),
            BinaryOp::WrapSub => self.ring(Ring::Sub, a, b, Some(expr.ty.declared())),
            BinaryOp::WrapMul => self.ring(Ring::Mul, a, b, Some(expr.ty.declared())),
            BinaryOp::SatAdd | BinaryOp::SatSub | BinaryOp::SatMul => {
                let op = match op {
                    BinaryOp::SatAdd => Ring::Add,
                    BinaryOp::SatSub => Ring::Sub,
                    _ => Ring::Mul,
                };
                let exact = self.ring(op, a, b, None);
                self.clamp(&exact, &Range::of(expr.ty.declared()))
            }
            BinaryOp::BitAnd => self.bitwise(Operation::And, a, b),
            BinaryOp::BitOr => self.bitwise(Operation::Or, a, b),
            BinaryOp::BitXor => self.bitwise(Operation::Xor, a, b),
            BinaryOp::Div | BinaryOp::Rem => {
                self.prove_divisor(b, expr);
                if op == BinaryOp::Div { self.quotient(a, b) } else { self.remainder(a, b) }
            }
            BinaryOp::Shl | BinaryOp::WrapShl => {
                let amount = self.prove_amount(b, expr);
                self.shift_left(a, &amount, (op == BinaryOp::WrapShl).then(|| expr.ty.declared()))
            }
            _ => {
                let amount = self.prove_amount(b, expr);
                self.shift_right(a, &amount)
            }
        }
    }

    fn prove_divisor(&mut self, b: &Int, expr: &Expr) {
        let b = self.refresh(b);
        if b.range().contains(&BigInt::ZERO)
            && !self.facts.is_not_zero(b.form())
            && self.recalled(&b).range().contains(&BigInt::ZERO)
        {
            self.report(report::zero_divisor(self.program, expr, b.range()));
        }
    }

    /// The amount of a shift, proven not to be negative.
    pub(super) fn prove_amount(&mut self, b: &Int, expr: &Expr) -> Int {
        let b = self.refresh(b);
        let b = if b.range().is_signed() { self.recalled(&b) } else { b };
        if !b.range().is_signed() {
            return b;
        }
        let span = match &expr.kind {
            ExprKind::Binary(_, _, right) => right.span,
            _ => expr.span,
        };
        self.report(report::negative_shift(span, b.range()));
        let hi = b.range().hi.clone().max(BigInt::ZERO);
        self.within(&b, Range::new(0, hi))
    }

    /// `a == b` of any type.
    fn equal_values(&mut self, a: &Abstract, b: &Abstract) -> Bit {
        match (a, b) {
            (Abstract::Int(a), Abstract::Int(b)) => self.equal(a, b),
            (Abstract::Bool(a), Abstract::Bool(b)) => self.xor_bits(a, b).not(),
            (Abstract::List(a), Abstract::List(b)) => {
                let bits: Vec<Bit> = a.iter().zip(b.iter()).map(|(a, b)| self.equal_values(a, b)).collect();
                self.all(&bits)
            }
            (Abstract::Enum(a), Abstract::Enum(b)) => {
                let mut bits = vec![self.equal(&a.tag, &b.tag)];
                for (tag, payloads) in a.payloads.iter().zip(&b.payloads).enumerate() {
                    let (Some(x), Some(y)) = payloads else { continue };
                    let tag = self.constant(BigInt::from(tag), Stage::BUILD);
                    let is_other = self.equal(&a.tag, &tag).not();
                    let same = self.equal_values(x, y);
                    bits.push(self.or_bits(&is_other, &same));
                }
                self.all(&bits)
            }
            _ => Bit::known(false),
        }
    }

    /// All of them, as a balanced tree.
    fn all(&mut self, bits: &[Bit]) -> Bit {
        match bits {
            [] => Bit::known(true),
            [bit] => bit.clone(),
            _ => {
                let (low, high) = bits.split_at(bits.len() / 2);
                let (low, high) = (self.all(low), self.all(high));
                self.and_bits(&low, &high)
            }
        }
    }

    /// Whether the value matches, and what the pattern binds.
    pub(super) fn matches(&mut self, pattern: &Pattern, value: &Abstract) -> Bit {
        match (pattern, value) {
            (Pattern::Any, _) => Bit::known(true),
            (Pattern::Bind(id, inner), value) => {
                self.bind(*id, value.clone());
                inner.as_ref().map_or(Bit::known(true), |inner| self.matches(inner, value))
            }
            (Pattern::Bool(wanted), Abstract::Bool(bit)) => {
                if *wanted {
                    bit.clone()
                } else {
                    bit.not()
                }
            }
            (Pattern::Range(lo, hi), Abstract::Int(value)) => self.is_within(value, lo, hi),
            (Pattern::Aggregate(patterns), Abstract::List(values)) => {
                let bits: Vec<Bit> = patterns.iter().zip(values.iter()).map(|(p, v)| self.matches(p, v)).collect();
                self.all(&bits)
            }
            (Pattern::Variant(wanted, inner), Abstract::Enum(variants)) => {
                let Some(payload) = &variants.payloads[*wanted as usize] else { return Bit::known(false) };
                let wanted = self.constant(BigInt::from(*wanted), Stage::BUILD);
                let is_it = self.equal(&variants.tag, &wanted);
                let holds = self.matches(inner, payload);
                self.and_bits(&is_it, &holds)
            }
            (Pattern::Or(patterns), value) => self.matches_any(patterns, value),
            _ => Bit::known(false),
        }
    }

    /// The first of several patterns that matches decides what is bound.
    fn matches_any(&mut self, patterns: &[Pattern], value: &Abstract) -> Bit {
        let before = self.env.clone();
        let mut alternatives = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            self.env = before.clone();
            let bit = self.matches(pattern, value);
            alternatives.push((bit, std::mem::take(&mut self.env)));
        }
        let Some((mut any, mut env)) = alternatives.pop() else { return Bit::known(false) };
        for (bit, bound) in alternatives.into_iter().rev() {
            env = match (bit.known, any.known) {
                (Some(false), _) => env,
                (_, Some(false)) => bound,
                _ => self.merge_envs(&bit, bound, env),
            };
            any = self.or_bits(&bit, &any);
        }
        self.env = env;
        any
    }

    /// `lo <= value && value <= hi`.
    pub(super) fn is_within(&mut self, value: &Int, lo: &BigInt, hi: &BigInt) -> Bit {
        let low = self.constant(lo.clone(), Stage::BUILD);
        if lo == hi {
            return self.equal(value, &low);
        }
        let high = self.constant(hi.clone(), Stage::BUILD);
        let (above, below) = (self.at_most(&low, value), self.at_most(value, &high));
        self.and_bits(&above, &below)
    }

    /// Whether an index lies inside an array; reports it if not.
    pub(super) fn prove_index(&mut self, index: &Int, len: usize, span: Span, read: Option<&Expr>) -> Int {
        let index = self.refresh(index);
        let last = BigInt::from(len) - 1;
        let is_inside = |index: &Int| index.range().lo.sign() != Sign::Minus && index.range().hi <= last;
        let index = if is_inside(&index) { index } else { self.recalled(&index) };
        if is_inside(&index) {
            return index;
        }
        let diagnostic = report::index_outside(span, index.range(), len);
        self.report(match read {
            Some(expr) => report::with_get_or(diagnostic, expr),
            None => diagnostic,
        });
        match index.range().intersection(&Range { lo: BigInt::ZERO, hi: last.max(BigInt::ZERO) }) {
            Some(inside) => self.within(&index, inside),
            None => self.constant(BigInt::ZERO, index.stage()),
        }
    }
}

/// Whether wrapping and saturating operators work on both types together.
fn same_base(a: &IntTy, b: &IntTy) -> bool {
    (a.signed, a.width) == (b.signed, b.width)
}
