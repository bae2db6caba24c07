//! Built-in functions.

use hushgate_circuits::gadgets::{aes, count, root, shift, sign_extend, zero_extend};
use hushgate_circuits::id::Wire;
use num_bigint::BigInt;

use super::integer::{extend, sum_wires, unsigned_wires};
use super::linear::{Linear, TERMS_MAX};
use super::number::Operation;
use super::value::{Abstract, Bit, Int, Stage};
use super::walk::{Walk, Walked};
use crate::hir::{Expr, IntTy, Intrinsic};
use crate::ranges::Range;

impl Walk<'_> {
    pub(super) fn intrinsic(
        &mut self,
        intrinsic: Intrinsic,
        expr: &Expr,
        args: &[Expr],
        values: &[Abstract],
    ) -> Walked {
        self.step(expr.span)?;
        self.at(expr.span);
        let int = |i: usize| values[i].int();
        Ok(Abstract::Int(match intrinsic {
            Intrinsic::Min => self.extreme(&int(0), &int(1), true),
            Intrinsic::Max => self.extreme(&int(0), &int(1), false),
            Intrinsic::Abs => self.abs(&int(0)),
            Intrinsic::DivOr => self.division_or(&int(0), &int(1), &values[2], Walk::quotient),
            Intrinsic::RemOr => self.division_or(&int(0), &int(1), &values[2], Walk::remainder),
            Intrinsic::RotateLeft => self.rotate(shift::Shift::RotateLeft, &int(0), &int(1), expr),
            Intrinsic::RotateRight => self.rotate(shift::Shift::RotateRight, &int(0), &int(1), expr),
            Intrinsic::CountOnes => {
                let bits = self.bits(&values[0], &args[0]);
                self.count_ones(&bits)
            }
            Intrinsic::LeadingZeros => self.leading_zeros(&int(0), args[0].ty.declared()),
            Intrinsic::Bits => {
                let bits = self.bits(&values[0], &args[0]);
                return Ok(Abstract::list(bits.into_iter().map(Abstract::Bool).collect()));
            }
            Intrinsic::FromBits => {
                let bits = self.bits(&values[0], &args[0]);
                self.join_bits(&bits, expr.ty.declared())
            }
            Intrinsic::Sum => self.sum(&values[0]),
            Intrinsic::GetOr => return Ok(self.get_or(&values[0], &int(1), &values[2])),
            Intrinsic::AesSbox => self.aes_sbox(&int(0)),
            Intrinsic::SortingNetwork | Intrinsic::MergingNetwork => return Ok(self.network(intrinsic, values)),
            Intrinsic::Isqrt => self.square_root(&int(0)),
            Intrinsic::Tag => values[0].variants().tag.clone(),
            Intrinsic::Float(op) => {
                let operands: Vec<Int> = (0..values.len()).map(int).collect();
                return Ok(self.float(op, &operands, args[0].ty.declared(), &expr.ty));
            }
        }))
    }

    /// The pairs of positions of a network.
    fn network(&self, intrinsic: Intrinsic, sizes: &[Abstract]) -> Abstract {
        let size = |size: &Abstract| u64::try_from(size.int().known()?).ok();
        let sizes: Vec<u64> = sizes.iter().filter_map(size).collect();
        let position = |i: usize| Abstract::Int(self.constant(BigInt::from(i), Stage::BUILD));
        let pairs = crate::interpret::network(intrinsic, &sizes).into_iter();
        Abstract::list(pairs.map(|(i, j)| Abstract::list(vec![position(i), position(j)])).collect())
    }

    fn division_or(&mut self, a: &Int, b: &Int, default: &Abstract, divide: fn(&mut Self, &Int, &Int) -> Int) -> Int {
        let zero = self.constant(BigInt::ZERO, Stage::BUILD);
        let is_zero = self.equal(b, &zero);
        match is_zero.known {
            Some(true) => return default.int(),
            Some(false) => return divide(self, a, b),
            None => {}
        }
        let facts = self.facts.mark();
        self.facts.assume(&is_zero.claim, false);
        let result = divide(self, a, b);
        self.facts.rollback(facts);
        self.merge(&is_zero, default, &Abstract::Int(result)).int()
    }

    fn rotate(&mut self, kind: shift::Shift, a: &Int, amount: &Int, expr: &Expr) -> Int {
        let ty = expr.ty.declared();
        let width = ty.width as usize;
        let (a, amount) = (&self.refresh(a), &self.prove_amount(amount, expr));
        let turn = BigInt::from(ty.width);
        if amount.known().is_some_and(|amount| amount % &turn == BigInt::ZERO) {
            return a.clone();
        }
        let range = match (a.known(), amount.known()) {
            (Some(value), Some(amount)) => Range::single(rotated(kind, value, amount, ty)),
            _ => Range::of_width(ty.signed, ty.width),
        };
        self.opaque(range, a.stage().join(amount.stage()), |builder, _| {
            let word = extend(a, width);
            match amount.known() {
                Some(known) => shift::shift(kind, &word, u64::try_from(known % &turn).unwrap_or(0)),
                None => shift::shift_by(builder, kind, &word, &unsigned_wires(amount)),
            }
        })
    }

    /// The bits of a declared integer in its width, or the elements of an array of bools; least significant first.
    fn bits(&mut self, value: &Abstract, arg: &Expr) -> Vec<Bit> {
        match value {
            Abstract::Int(value) => self.bits_of(value, arg.ty.declared().width as usize),
            value => value.items().iter().map(Abstract::bit).collect(),
        }
    }

    fn bits_of(&mut self, value: &Int, width: usize) -> Vec<Bit> {
        let value = self.refresh(value);
        let stage = value.stage();
        if let Some(known) = value.known() {
            return (0..width as u64).map(|i| Bit { stage, ..Bit::known(known.bit(i)) }).collect();
        }
        let top = value.range().width() as usize;
        let wires = if self.builder.is_some() { extend(&value, width) } else { vec![Wire::FALSE; width] };
        let is_high = |i: usize| i >= top && !value.range().is_signed();
        let bits = wires.into_iter().enumerate();
        bits.map(|(i, wire)| match is_high(i) {
            true => Bit { stage, ..Bit::known(false) },
            false => self.unknown_bit(wire, stage),
        })
        .collect()
    }

    fn join_bits(&mut self, bits: &[Bit], ty: &IntTy) -> Int {
        let (mut lo, mut hi) = (BigInt::ZERO, BigInt::ZERO);
        for (i, bit) in bits.iter().enumerate() {
            let weight = BigInt::from(1) << i;
            let weight = if ty.signed && i + 1 == bits.len() { -weight } else { weight };
            let (least, most) = if weight < BigInt::ZERO { (&weight, &BigInt::ZERO) } else { (&BigInt::ZERO, &weight) };
            lo += bit.known.map_or(least.clone(), |value| if value { weight.clone() } else { BigInt::ZERO });
            hi += bit.known.map_or(most.clone(), |value| if value { weight.clone() } else { BigInt::ZERO });
        }
        let stage = stage_of(bits);
        let wires: Vec<Wire> = bits.iter().map(|bit| bit.wire).collect();
        let extended = |width| if ty.signed { sign_extend(&wires, width) } else { zero_extend(&wires, width) };
        self.opaque(Range::new(lo, hi), stage, |_, width| extended(width))
    }

    fn count_ones(&mut self, bits: &[Bit]) -> Int {
        let n_known = bits.iter().filter(|bit| bit.known == Some(true)).count();
        let n_unknown = bits.iter().filter(|bit| bit.known.is_none()).count();
        let wires: Vec<Wire> = bits.iter().map(|bit| bit.wire).collect();
        let range = Range::new(n_known, n_known + n_unknown);
        self.opaque(range, stage_of(bits), |builder, width| {
            let ones = count::population_count(builder, &wires);
            zero_extend(&ones, width)
        })
    }

    fn leading_zeros(&mut self, value: &Int, ty: &IntTy) -> Int {
        let value = self.refresh(value);
        let zeros = |x: &BigInt| u64::from(ty.width) - x.bits();
        let range = match value.range().is_signed() {
            true => Range::new(0, ty.width),
            false => Range::new(zeros(&value.range().hi), zeros(&value.range().lo)),
        };
        self.opaque(range, value.stage(), |builder, width| {
            let zeros = count::leading_zeros(builder, &extend(&value, ty.width as usize));
            zero_extend(&zeros, width)
        })
    }

    fn sum(&mut self, array: &Abstract) -> Int {
        let items: Vec<Int> = array.items().iter().map(|item| self.refresh(&item.int())).collect();
        let range = items.iter().fold(Range::single(0), |sum, item| sum.add(item.range()));
        let stage = items.iter().fold(Stage::BUILD, |stage, item| stage.join(item.stage()));
        let mut form = Linear::default();
        for item in items.iter().take_while(|_| items.len() <= TERMS_MAX) {
            form = form.add(item.form());
        }
        if items.len() > TERMS_MAX {
            form = items.iter().fold(Linear::default(), |sum, item| {
                let facts = &mut self.facts;
                Linear::var(self.numbering.result(Operation::Sum, &sum, item.form(), || facts.unknown()))
            });
        }
        let terms: Vec<(Int, bool)> = items.into_iter().map(|item| (item, false)).collect();
        self.result(range, form, stage, |builder, width| sum_wires(builder, &terms, width))
    }

    fn get_or(&mut self, array: &Abstract, index: &Int, default: &Abstract) -> Abstract {
        let items = array.items();
        let last: BigInt = BigInt::from(items.len()) - 1;
        let Some(inside) = index.range().intersection(&Range { lo: BigInt::ZERO, hi: last.clone().max(BigInt::ZERO) })
        else {
            return default.clone();
        };
        if items.is_empty() {
            return default.clone();
        }
        let is_inside = self.is_within(index, &BigInt::ZERO, &last);
        let index = self.within(index, inside);
        let element = self.read(items, &index);
        self.merge(&is_inside, &element, default)
    }

    fn aes_sbox(&mut self, x: &Int) -> Int {
        let x = self.refresh(x);
        if let Some(byte) = x.known().and_then(|x| u8::try_from(x).ok()) {
            return self.constant(crate::interpret::aes_sbox(byte).into(), x.stage());
        }
        let word = extend(&x, 8);
        self.opaque(Range::of_width(false, 8), x.stage(), |builder, _| {
            aes::sbox(builder, std::array::from_fn(|i| word[i])).to_vec()
        })
    }
}

impl Walk<'_> {
    /// The square root, rounded down; 0 of what is negative.
    fn square_root(&mut self, x: &Int) -> Int {
        let zero = self.constant(BigInt::ZERO, Stage::BUILD);
        let x = if x.range().is_signed() { self.extreme(x, &zero, false) } else { self.refresh(x) };
        let range = Range { lo: x.range().lo.sqrt(), hi: x.range().hi.sqrt() };
        self.opaque(range, x.stage(), |builder, width| zero_extend(&root::square_root(builder, x.wires()), width))
    }
}

fn stage_of(bits: &[Bit]) -> Stage {
    bits.iter().fold(Stage::BUILD, |stage, bit| stage.join(bit.stage))
}

fn rotated(kind: shift::Shift, value: &BigInt, amount: &BigInt, ty: &IntTy) -> BigInt {
    let width = u64::from(ty.width);
    let amount = u64::try_from(amount % width).unwrap_or(0);
    let amount = if kind == shift::Shift::RotateLeft { amount } else { (width - amount) % width };
    let bits = (0..width).map(|i| value.bit((i + width - amount) % width));
    hushgate_circuits::shape::int_from_bits(bits, ty.signed)
}
