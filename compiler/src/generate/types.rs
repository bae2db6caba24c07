//! The types of generated programs.

use rand::{Rng, RngExt};

/// A type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Type {
    Bool,
    Int(Int),
    Array(Box<Type>, u32),
    Tuple(Vec<Type>),
    Struct(usize),
    Enum(usize),
    Option(Box<Type>),
}

/// A declared integer type of at most 24 bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Int {
    pub(super) signed: bool,
    pub(super) width: u32,
    pub(super) lo: i64,
    pub(super) hi: i64,
}

impl Int {
    pub(super) fn full(signed: bool, width: u32) -> Int {
        let (lo, hi) = if signed { (-(1 << (width - 1)), (1 << (width - 1)) - 1) } else { (0, (1 << width) - 1) };
        Int { signed, width, lo, hi }
    }

    pub(super) fn random(rng: &mut impl Rng) -> Int {
        let width = if rng.random() { rng.random_range(1..=10) } else { [8, 16, 12, 20][rng.random_range(0..4)] };
        let full = Int::full(rng.random_ratio(1, 3), width);
        if rng.random_ratio(2, 3) {
            return full;
        }
        let (a, b) = (rng.random_range(full.lo..=full.hi), rng.random_range(full.lo..=full.hi));
        Int { lo: a.min(b), hi: a.max(b), ..full }
    }

    pub(super) fn is_full(self) -> bool {
        self == Int::full(self.signed, self.width)
    }

    pub(super) fn base(self) -> String {
        format!("{}{}", if self.signed { 'i' } else { 'u' }, self.width)
    }

    pub(super) fn text(self) -> String {
        match self.is_full() {
            true => self.base(),
            false => format!("{} in {}..={}", self.base(), self.lo, self.hi),
        }
    }
}

impl Type {
    pub(super) fn text(&self) -> String {
        match self {
            Type::Bool => "bool".to_owned(),
            Type::Int(int) => int.text(),
            Type::Array(element, len) => format!("[{}; {len}]", element.text()),
            Type::Tuple(items) => format!("({})", items.iter().map(Type::text).collect::<Vec<_>>().join(", ")),
            Type::Struct(i) => format!("S{i}"),
            Type::Enum(i) => format!("E{i}"),
            Type::Option(inner) => format!("Option<{}>", inner.text()),
        }
    }
}
