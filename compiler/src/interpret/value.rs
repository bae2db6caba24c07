//! Values while they are computed: cheap to copy, cheap to change in place.

use std::cmp::Ordering;
use std::rc::Rc;

use hushgate_circuits::shape::Value;
use num_bigint::BigInt;

use super::{ErrorKind, Eval, fail};
use crate::source::Span;

/// A value in the clear, shared until it is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Val {
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(BigInt),
    /// The elements of an array, the fields of a tuple or of a struct, in order.
    List(Rc<Vec<Val>>),
    /// A variant by its tag, and its payload.
    Variant(u32, Rc<Val>),
}

impl Val {
    /// `()`.
    #[must_use]
    pub fn unit() -> Val {
        Val::List(Rc::default())
    }

    /// The same value, shared.
    #[must_use]
    pub fn from_value(value: &Value) -> Val {
        match value {
            Value::Bool(value) => Val::Bool(*value),
            Value::Int(value) => Val::Int(value.clone()),
            Value::List(items) => Val::List(Rc::new(items.iter().map(Val::from_value).collect())),
            Value::Variant(tag, payload) => Val::Variant(*tag, Rc::new(Val::from_value(payload))),
        }
    }

    /// The same value, owned.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Val::Bool(value) => Value::Bool(*value),
            Val::Int(value) => Value::Int(value.clone()),
            Val::List(items) => Value::List(items.iter().map(Val::to_value).collect()),
            Val::Variant(tag, payload) => Value::Variant(*tag, Box::new(payload.to_value())),
        }
    }

    /// Which of two values of one type comes first: the first part that differs decides.
    pub(super) fn order(&self, other: &Val) -> Ordering {
        match (self, other) {
            (Val::Bool(a), Val::Bool(b)) => a.cmp(b),
            (Val::Int(a), Val::Int(b)) => a.cmp(b),
            (Val::List(a), Val::List(b)) => {
                let mut parts = a.iter().zip(b.iter()).map(|(a, b)| a.order(b));
                parts.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            }
            (Val::Variant(a, x), Val::Variant(b, y)) => a.cmp(b).then_with(|| x.order(y)),
            // The checker compares values of one type only.
            _ => Ordering::Equal,
        }
    }

    pub(super) fn bool(&self, span: Span) -> Eval<bool> {
        match self {
            Val::Bool(value) => Ok(*value),
            _ => fail(span, ErrorKind::Internal("expected a bool")),
        }
    }

    pub(super) fn int(&self, span: Span) -> Eval<BigInt> {
        match self {
            Val::Int(value) => Ok(value.clone()),
            _ => fail(span, ErrorKind::Internal("expected an integer")),
        }
    }

    pub(super) fn list(&self, span: Span) -> Eval<&Rc<Vec<Val>>> {
        match self {
            Val::List(items) => Ok(items),
            _ => fail(span, ErrorKind::Internal("expected an array, a tuple or a struct")),
        }
    }

    pub(super) fn element(&self, index: &BigInt, span: Span) -> Eval<&Val> {
        let items = self.list(span)?;
        let len = items.len() as u64;
        match usize::try_from(index).ok().and_then(|i| items.get(i)) {
            Some(item) => Ok(item),
            None => fail(span, ErrorKind::IndexOutside { index: index.clone(), len }),
        }
    }

    pub(super) fn element_mut(&mut self, index: &BigInt, span: Span) -> Eval<&mut Val> {
        let len = self.list(span)?.len() as u64;
        let Val::List(items) = self else { return fail(span, ErrorKind::Internal("expected a list")) };
        match usize::try_from(index).ok().filter(|i| (*i as u64) < len) {
            Some(i) => Ok(&mut Rc::make_mut(items)[i]),
            None => fail(span, ErrorKind::IndexOutside { index: index.clone(), len }),
        }
    }
}
