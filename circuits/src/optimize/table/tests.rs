//! All 65,536 functions are built right, in as few ANDs as theory says.

use super::*;

/// Counts ANDs beside computing truth tables.
struct Counting(u8);

impl Logic for Counting {
    type Bit = u16;

    fn constant(&mut self, value: bool) -> u16 {
        TruthTables.constant(value)
    }

    fn and(&mut self, a: u16, b: u16) -> u16 {
        self.0 += 1;
        a & b
    }

    fn xor(&mut self, a: u16, b: u16) -> u16 {
        a ^ b
    }
}

#[test]
fn every_function_is_built_right() {
    for table in 0..=u16::MAX {
        let mut logic = Counting(0);
        assert_eq!(build(&mut logic, table, VARIABLES), table);
        assert_eq!(i32::from(logic.0), cost(table).n_ands, "{table:#06x}");
    }
}

/// The degree of a function's polynomial: by the Möbius transform.
fn degree(table: u16) -> u32 {
    let mut coefficients = table;
    for (i, variable) in VARIABLES.iter().enumerate() {
        coefficients ^= (coefficients & !variable) << (1 << i);
    }
    (0..16u32).filter(|&x| coefficients >> x & 1 == 1).map(u32::count_ones).max().unwrap_or(0)
}

/// A function of degree `d` needs `d - 1` ANDs, and in four variables only the bent functions need more.
#[test]
fn the_counts_are_the_least() {
    let mut sizes = [0; 4];
    for table in 0..=u16::MAX {
        let n_ands = cost(table).n_ands;
        let least = degree(table).saturating_sub(1);
        let is_bent = ENTRIES[index(table)].class == Class::Bent;
        assert_eq!(n_ands as u32, least + u32::from(is_bent), "{table:#06x}");
        sizes[n_ands as usize] += 1;
    }
    // Cosets of one AND: the 35 planes of affine forms. Bent functions: 896 of the 2,048 quadratic ones.
    assert_eq!(sizes[0], 32);
    assert_eq!(sizes[1], 35 * 32);
    assert_eq!(sizes[3], 1 << 15);
    let is_bent = |table: &u16| ENTRIES[index(*table)].class == Class::Bent;
    assert_eq!((0..=u16::MAX).filter(is_bent).count(), 896);
}
