//! Numbers for values: the same operation on the same operands is the same variable.
//!
//! So `if a * b <= c { c - a * b }` is provable, though the product is written twice.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::rc::Rc;

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
    forms: HashMap<Rc<Linear>, FormId>,
    /// The forms by their numbers.
    by_id: Vec<Rc<Linear>>,
    results: HashMap<Key, Var>,
    /// What variables stand for, by ascending variable.
    definitions: Vec<(Var, Key)>,
}

type Key = (Operation, FormId, FormId);

impl Numbering {
    /// The variable of this operation; `new` makes one that was not there.
    pub(super) fn result(&mut self, op: Operation, a: &Linear, b: &Linear, new: impl FnOnce() -> Var) -> Var {
        let (a, b) = (self.form(a), self.form(b));
        let commutes = matches!(
            op,
            Operation::Mul | Operation::And | Operation::Or | Operation::Xor | Operation::Min | Operation::Max
        );
        let (a, b) = if commutes && b < a { (b, a) } else { (a, b) };
        match self.results.entry((op, a, b)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                let var = *place.insert(new());
                debug_assert!(
                    self.definitions.last().is_none_or(|(last, _)| *last < var),
                    "variables are numbered in order"
                );
                self.definitions.push((var, (op, a, b)));
                var
            }
        }
    }

    /// The operation that a variable stands for.
    pub(super) fn definition(&self, var: Var) -> Option<(Operation, &Linear, &Linear)> {
        let at = self.definitions.binary_search_by_key(&var, |(var, _)| *var).ok()?;
        let (op, a, b) = self.definitions[at].1;
        Some((op, &self.by_id[a.0 as usize], &self.by_id[b.0 as usize]))
    }

    fn form(&mut self, form: &Linear) -> FormId {
        if let Some(id) = self.forms.get(form) {
            return *id;
        }
        let id = FormId(self.forms.len() as u32);
        let form = Rc::new(form.clone());
        self.by_id.push(Rc::clone(&form));
        self.forms.insert(form, id);
        id
    }
}
