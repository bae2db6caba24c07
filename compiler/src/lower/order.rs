//! `a < b` of values of one type that are not numbers: the first part that differs decides.
//!
//! The parts stand side by side, the first one on top, as one number on each side: the numbers are compared, for an AND a bit.

use hushgate_circuits::build::Builder;
use hushgate_circuits::gadgets::compare;
use hushgate_circuits::id::Wire;
use num_bigint::Sign;

use super::integer::extend;
use super::value::{Abstract, Bit, Int, Stage};
use super::walk::Walk;

/// The same part of both sides, of which it is not known which is less.
enum Pair {
    Bools(Bit, Bit),
    Ints(Int, Int),
}

/// What of two values decides which is less.
#[derive(Default)]
struct Decisive {
    /// The parts, first to last.
    pairs: Vec<Pair>,
    /// Whether the first value is known to be less where the pairs are equal.
    then_less: bool,
    /// Whether the parts after the pairs matter no more.
    is_decided: bool,
}

impl Walk<'_> {
    /// `a < b` of any type that has an order.
    pub(super) fn less_values(&mut self, a: &Abstract, b: &Abstract) -> Bit {
        if let (Abstract::Int(a), Abstract::Int(b)) = (a, b) {
            return self.less(a, b);
        }
        let mut decisive = Decisive::default();
        self.compare_parts(a, b, &mut decisive);
        let Decisive { pairs, then_less, .. } = decisive;
        match &pairs[..] {
            [] => Bit::known(then_less),
            [Pair::Ints(a, b)] if then_less => self.at_most(a, b),
            [Pair::Ints(a, b)] => self.less(a, b),
            [Pair::Bools(a, b)] if then_less => self.or_bits(&a.not(), b),
            [Pair::Bools(a, b)] => self.and_bits(&a.not(), b),
            pairs => self.less_joined(pairs, then_less),
        }
    }

    /// Looks for the parts that decide, until one surely does.
    fn compare_parts(&mut self, a: &Abstract, b: &Abstract, found: &mut Decisive) {
        if found.is_decided {
            return;
        }
        match (a, b) {
            (Abstract::Int(a), Abstract::Int(b)) => self.compare_ints(a, b, found),
            (Abstract::Enum(a), Abstract::Enum(b)) => self.compare_ints(&a.tag, &b.tag, found),
            (Abstract::Bool(a), Abstract::Bool(b)) => match (a.known, b.known) {
                (Some(a), Some(b)) if a == b => {}
                (Some(_), Some(is_less)) => found.decide(is_less),
                _ => found.pairs.push(Pair::Bools(a.clone(), b.clone())),
            },
            _ => {
                for (a, b) in a.items().iter().zip(b.items().iter()) {
                    self.compare_parts(a, b, found);
                }
            }
        }
    }

    fn compare_ints(&mut self, a: &Int, b: &Int, found: &mut Decisive) {
        let (a, b) = (self.refresh(a), self.refresh(b));
        let difference = self.difference(&a, &b);
        if difference.value().is_some_and(|value| value.sign() == Sign::NoSign) {
            return;
        }
        match (difference.lo.sign(), difference.hi.sign()) {
            (Sign::Plus, _) => found.decide(false),
            (_, Sign::Minus) => found.decide(true),
            _ => found.pairs.push(Pair::Ints(a, b)),
        }
    }

    /// `a < b` of the numbers that the parts are side by side; where `or_equal`, `a <= b`.
    fn less_joined(&mut self, pairs: &[Pair], or_equal: bool) -> Bit {
        let stage = pairs.iter().fold(Stage::BUILD, |stage, pair| match pair {
            Pair::Bools(a, b) => stage.join(a.stage).join(b.stage),
            Pair::Ints(a, b) => stage.join(a.stage()).join(b.stage()),
        });
        let n_bits: u64 = pairs.iter().map(Pair::width).sum();
        self.work += n_bits;
        let wire = self.builder.as_mut().map_or(Wire::FALSE, |builder| compare_joined(builder, pairs, or_equal));
        Bit { known: None, stage, claim: Walk::opaque_claim(), wire }
    }
}

impl Decisive {
    fn decide(&mut self, is_less: bool) {
        (self.then_less, self.is_decided) = (is_less, true);
    }
}

impl Pair {
    /// The bits that hold either side.
    fn width(&self) -> u64 {
        match self {
            Pair::Bools(..) => 1,
            Pair::Ints(a, b) => a.range().union(b.range()).width(),
        }
    }

    /// Both sides as numbers from 0 on, least significant bit first: of negative numbers the sign is turned round.
    fn wires(&self) -> [Vec<Wire>; 2] {
        match self {
            Pair::Bools(a, b) => [vec![a.wire], vec![b.wire]],
            Pair::Ints(a, b) => {
                let (both, width) = (a.range().union(b.range()), self.width() as usize);
                [a, b].map(|side| {
                    let mut wires = extend(side, width);
                    if both.is_signed()
                        && let Some(sign) = wires.last_mut()
                    {
                        *sign = !*sign;
                    }
                    wires
                })
            }
        }
    }
}

fn compare_joined(builder: &mut Builder, pairs: &[Pair], or_equal: bool) -> Wire {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for [own, other] in pairs.iter().rev().map(Pair::wires) {
        a.extend(own);
        b.extend(other);
    }
    if or_equal { !compare::less(builder, &b, &a) } else { compare::less(builder, &a, &b) }
}
