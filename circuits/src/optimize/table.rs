//! Least-AND implementations of all functions of four bits, by affine class.
//!
//! Two functions are in one class if an invertible affine map of the inputs and the addition of an affine function turn one
//! into the other. Neither costs ANDs, so a class has one multiplicative complexity. Functions of four bits fall into
//! eight classes, of complexity 0, 1, 2, 2, 2, 3, 3, 3 (Turan and Peralta, "The multiplicative complexity of Boolean functions
//! on four and five variables", LightSec 2014).
//!
//! A truth table is a `u16`: bit `x` is the value at `x`, whose bit `i` is variable `i`. Modulo affine functions there are
//! 2¹¹ tables. For each we keep its class and the map from class to function with few XORs, found by relaxation: from
//! the representatives, along the generators of the affine group, until nothing becomes cheaper.

use std::sync::LazyLock;

use super::Gates;

/// The truth tables of the four variables.
pub(super) const VARIABLES: [u16; 4] = [0xaaaa, 0xcccc, 0xf0f0, 0xff00];

/// A class of functions, by its representative on variables `y0 … y3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// 0
    Affine,
    /// `y0 y1`
    Product2,
    /// `y0 y1 + y2 y3`
    Bent,
    /// `y0 y1 y2`
    Product3,
    /// `y0 (y1 y2 + y3)`
    Cubic,
    /// `y0 y1 y2 y3`
    Product4,
    /// `y0 y1 (y2 y3 + 1)`
    Quartic,
    /// `(y0 y1 + 1) (y2 y3 + 1)`
    QuarticBent,
}

impl Class {
    pub(super) const ALL: [Class; 8] = [
        Class::Affine,
        Class::Product2,
        Class::Bent,
        Class::Product3,
        Class::Cubic,
        Class::Product4,
        Class::Quartic,
        Class::QuarticBent,
    ];

    /// The multiplicative complexity.
    pub(super) const fn n_ands(self) -> u8 {
        match self {
            Class::Affine => 0,
            Class::Product2 => 1,
            Class::Bent | Class::Product3 | Class::Cubic => 2,
            Class::Product4 | Class::Quartic | Class::QuarticBent => 3,
        }
    }

    /// XORs in the representative.
    const fn n_xors(self) -> u32 {
        matches!(self, Class::Bent | Class::Cubic) as u32
    }

    /// How many of `y0 …` the representative reads.
    const fn n_variables(self) -> usize {
        match self {
            Class::Affine => 0,
            Class::Product2 => 2,
            Class::Product3 => 3,
            _ => 4,
        }
    }

    /// The representative, in [`Class::n_ands`] ANDs.
    pub(super) fn build<L: Logic>(self, logic: &mut L, y: [L::Bit; 4]) -> L::Bit {
        let [y0, y1, y2, y3] = y;
        match self {
            Class::Affine => logic.constant(false),
            Class::Product2 => logic.and(y0, y1),
            Class::Bent => {
                let (p, q) = (logic.and(y0, y1), logic.and(y2, y3));
                logic.xor(p, q)
            }
            Class::Product3 => {
                let p = logic.and(y0, y1);
                logic.and(p, y2)
            }
            Class::Cubic => {
                let p = logic.and(y1, y2);
                let sum = logic.xor(p, y3);
                logic.and(y0, sum)
            }
            Class::Product4 | Class::Quartic | Class::QuarticBent => {
                let (p, q) = (logic.and(y0, y1), logic.and(y2, y3));
                let one = logic.constant(true);
                let p = if self == Class::QuarticBent { logic.xor(p, one) } else { p };
                let q = if self == Class::Product4 { q } else { logic.xor(q, one) };
                logic.and(p, q)
            }
        }
    }
}

/// What implementations are built on: a circuit, or truth tables.
pub(super) trait Logic {
    type Bit: Copy;
    fn constant(&mut self, value: bool) -> Self::Bit;
    fn and(&mut self, a: Self::Bit, b: Self::Bit) -> Self::Bit;
    fn xor(&mut self, a: Self::Bit, b: Self::Bit) -> Self::Bit;
}

/// Truth tables of four variables.
pub(super) struct TruthTables;

impl Logic for TruthTables {
    type Bit = u16;

    fn constant(&mut self, value: bool) -> u16 {
        if value { u16::MAX } else { 0 }
    }

    fn and(&mut self, a: u16, b: u16) -> u16 {
        a & b
    }

    fn xor(&mut self, a: u16, b: u16) -> u16 {
        a ^ b
    }
}

/// `offset + Σ xᵢ` over the variables in `mask`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct AffineForm {
    mask: u8,
    offset: bool,
}

impl AffineForm {
    fn build<L: Logic>(self, logic: &mut L, x: [L::Bit; 4]) -> L::Bit {
        let mut sum = logic.constant(self.offset);
        for (i, &bit) in x.iter().enumerate() {
            if self.mask >> i & 1 == 1 {
                sum = logic.xor(sum, bit);
            }
        }
        sum
    }

    fn n_xors(self) -> u32 {
        self.mask.count_ones().saturating_sub(1)
    }
}

/// A function of four bits, but for the affine function that is added: a class, and what goes into its representative.
#[derive(Clone, Copy, Debug)]
struct Entry {
    class: Class,
    rows: [AffineForm; 4],
    /// What [`Entry::build`] makes.
    table: u16,
    /// About how many XORs it makes.
    n_xors: u32,
}

impl Entry {
    fn representative(class: Class) -> Entry {
        Entry::new(class, [0, 1, 2, 3].map(|i| AffineForm { mask: 1 << i, offset: false }))
    }

    fn new(class: Class, rows: [AffineForm; 4]) -> Entry {
        let n_xors = rows[..class.n_variables()].iter().map(|row| row.n_xors()).sum::<u32>() + class.n_xors();
        let mut entry = Entry { class, rows, table: 0, n_xors };
        entry.table = entry.build(&mut TruthTables, VARIABLES);
        entry
    }

    fn build<L: Logic>(&self, logic: &mut L, x: [L::Bit; 4]) -> L::Bit {
        let y = self.rows.map(|row| row.build(logic, x));
        self.class.build(logic, y)
    }

    /// The entry after a generator of the affine group: `xᵢ + xⱼ` for `xᵢ`, or `xᵢ + 1` for `xᵢ` if `i = j`.
    fn substituted(&self, i: usize, j: usize) -> Entry {
        let substitute = |row: AffineForm| match (row.mask >> i & 1 == 1, i == j) {
            (false, _) => row,
            (true, true) => AffineForm { offset: !row.offset, ..row },
            (true, false) => AffineForm { mask: row.mask ^ 1 << j, ..row },
        };
        Entry::new(self.class, self.rows.map(substitute))
    }
}

/// All functions of four bits, modulo affine functions; by [`index`].
static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(generate);

/// The gates of the function with this truth table: as few ANDs as it needs, about as many XORs as [`build`] makes.
pub(super) fn cost(table: u16) -> Gates {
    let entry = &ENTRIES[index(table)];
    let rest = affine_part(table ^ entry.table).mask.count_ones();
    let n_xors = if entry.class == Class::Affine { rest.saturating_sub(1) } else { entry.n_xors + rest };
    Gates { n_ands: entry.class.n_ands().into(), n_xors: n_xors as i32 }
}

/// The function with this truth table on `x`, in as few ANDs as it needs.
pub(super) fn build<L: Logic>(logic: &mut L, table: u16, x: [L::Bit; 4]) -> L::Bit {
    let entry = &ENTRIES[index(table)];
    let core = entry.build(logic, x);
    let rest = affine_part(table ^ entry.table).build(logic, x);
    logic.xor(core, rest)
}

/// The affine function that agrees with `table` at 0 and at the unit vectors.
fn affine_part(table: u16) -> AffineForm {
    let offset = table & 1;
    let mask = (0..4).fold(0, |mask, i| mask | ((table >> (1 << i) & 1 ^ offset) as u8) << i);
    AffineForm { mask, offset: offset == 1 }
}

/// The number of a function modulo affine functions: its values where at least two bits are set, its affine part removed.
fn index(table: u16) -> usize {
    let rest = table ^ affine_part(table).build(&mut TruthTables, VARIABLES);
    usize::from(rest >> 3 & 1 | (rest >> 5 & 7) << 1 | (rest >> 9) << 4)
}

fn generate() -> Vec<Entry> {
    let mut entries: Vec<Option<Entry>> = vec![None; 1 << 11];
    let mut work: Vec<Entry> = Class::ALL.map(Entry::representative).to_vec();
    while let Some(entry) = work.pop() {
        let known = &mut entries[index(entry.table)];
        if known.is_some_and(|known| known.n_xors <= entry.n_xors) {
            continue;
        }
        *known = Some(entry);
        work.extend((0..16).map(|generator| entry.substituted(generator / 4, generator % 4)));
    }
    entries.into_iter().map(|entry| entry.expect("every function is in one of the classes")).collect()
}

#[cfg(test)]
mod tests;
