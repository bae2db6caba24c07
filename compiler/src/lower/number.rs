//! Numbers for values: the same operation on the same operands is the same variable.
//!
//! So `if a * b <= c { c - a * b }` is provable, though the product is written twice.

use std::collections::HashMap;

use super::linear::{Linear, Var};

/// What was done, with everything that decides the result besides the operands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Operation {
    Mul,
    Div,
    Rem,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    Min,
    Max,
    Abs,
    /// A sum so far, and what is added to it.
    Sum,
    /// A form with too many terms.
    Whole,
    Wrap(bool, u32),
}

/// A form, as a small number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct FormId(u32);

/// Which variable stands for which operation.
#[derive(Default)]
pub(super) struct Numbering {
    forms: HashMap<Linear, FormId>,
    results: HashMap<(Operation, FormId, FormId), Var>,
}

impl Numbering {
    /// The variable of this operation; `new` makes one that was not there.
    pub(super) fn result(&mut self, op: Operation, a: &Linear, b: &Linear, new: impl FnOnce() -> Var) -> Var {
        let (a, b) = (self.form(a), self.form(b));
        let commutes = matches!(
            op,
            Operation::Mul | Operation::And | Operation::Or | Operation::Xor | Operation::Min | Operation::Max
        );
        let (a, b) = if commutes && b < a { (b, a) } else { (a, b) };
        *self.results.entry((op, a, b)).or_insert_with(new)
    }

    fn form(&mut self, form: &Linear) -> FormId {
        if let Some(id) = self.forms.get(form) {
            return *id;
        }
        let id = FormId(self.forms.len() as u32);
        self.forms.insert(form.clone(), id);
        id
    }
}
