//! Linear forms over the values of a program: what is known of an integer besides its interval.
//!
//! A form is `c + k₁·v₁ + … + kₙ·vₙ` over variables that stand for values of unknown magnitude. Two integers with equal forms are
//! equal. Forms are exact: the walk makes one for every integer, and replaces what is not linear, or has more than
//! [`TERMS_MAX`] terms, by a variable of its own.

use num_bigint::{BigInt, Sign};

/// Terms that a form may have.
pub(super) const TERMS_MAX: usize = 8;

/// A value of unknown magnitude.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Var(pub(super) u32);

/// A sum of multiples of variables and a constant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct Linear {
    /// What is added to the terms.
    pub(super) constant: BigInt,
    /// Coefficients, none of which is 0, by ascending variable.
    pub(super) terms: Vec<(Var, BigInt)>,
}

impl Linear {
    pub(super) fn constant(value: BigInt) -> Linear {
        Linear { constant: value, terms: Vec::new() }
    }

    pub(super) fn var(var: Var) -> Linear {
        Linear { constant: BigInt::ZERO, terms: vec![(var, BigInt::from(1))] }
    }

    /// The variable that this form is, if it is nothing else.
    pub(super) fn as_var(&self) -> Option<Var> {
        match &self.terms[..] {
            [(var, k)] if *k == BigInt::from(1) && self.constant.sign() == Sign::NoSign => Some(*var),
            _ => None,
        }
    }

    /// `self + k · other`.
    pub(super) fn add_scaled(&self, other: &Linear, k: &BigInt) -> Linear {
        let mut terms = Vec::with_capacity(self.terms.len() + other.terms.len());
        let (mut a, mut b) = (self.terms.iter().peekable(), other.terms.iter().peekable());
        loop {
            let (var, coefficient) = match (a.peek(), b.peek()) {
                (Some((x, p)), Some((y, q))) if x == y => {
                    let sum = (*x, p + q * k);
                    a.next();
                    b.next();
                    sum
                }
                (Some((x, p)), other) if other.is_none_or(|(y, _)| x < y) => {
                    let same = (*x, p.clone());
                    a.next();
                    same
                }
                (_, Some((y, q))) => {
                    let scaled = (*y, q * k);
                    b.next();
                    scaled
                }
                _ => break,
            };
            if coefficient.sign() != Sign::NoSign {
                terms.push((var, coefficient));
            }
        }
        Linear { constant: &self.constant + &other.constant * k, terms }
    }

    pub(super) fn add(&self, other: &Linear) -> Linear {
        self.add_scaled(other, &BigInt::from(1))
    }

    pub(super) fn sub(&self, other: &Linear) -> Linear {
        self.add_scaled(other, &BigInt::from(-1))
    }

    pub(super) fn scale(&self, k: &BigInt) -> Linear {
        Linear::default().add_scaled(self, k)
    }

    /// `-1 - self`: is 0 or more exactly where `self` is negative.
    pub(super) fn negated(&self) -> Linear {
        Linear::constant(BigInt::from(-1)).sub(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(constant: i64, terms: &[(u32, i64)]) -> Linear {
        Linear { constant: constant.into(), terms: terms.iter().map(|(v, k)| (Var(*v), (*k).into())).collect() }
    }

    #[test]
    fn forms_add_term_by_term_and_lose_what_cancels() {
        let a = form(1, &[(0, 2), (2, 1), (5, -1)]);
        let b = form(4, &[(1, 1), (2, -1), (5, 3)]);
        assert_eq!(a.add(&b), form(5, &[(0, 2), (1, 1), (5, 2)]));
        assert_eq!(a.sub(&a), form(0, &[]));
        assert_eq!(a.scale(&3.into()), form(3, &[(0, 6), (2, 3), (5, -3)]));
        assert_eq!(a.negated().negated(), a);
        assert_eq!(form(0, &[(7, 1)]).as_var(), Some(Var(7)));
        assert_eq!(form(1, &[(7, 1)]).as_var(), None);
    }
}
