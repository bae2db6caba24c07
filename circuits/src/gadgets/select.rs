//! Choice between words.
//!
//! `f ⊕ c·(t ⊕ f)`: one AND per bit, depth 1. A conditional swap shares the product and costs the same.

use crate::build::Builder;
use crate::id::Wire;

/// `on_true` where `choice`, else `on_false`; n ANDs.
///
/// # Panics
/// If the widths differ.
pub fn select(b: &mut Builder, choice: Wire, on_true: &[Wire], on_false: &[Wire]) -> Vec<Wire> {
    assert_eq!(on_true.len(), on_false.len(), "widths of alternatives");
    on_true.iter().zip(on_false).map(|(&t, &f)| b.select(choice, t, f)).collect()
}

/// `(y, x)` where `choice`, else `(x, y)`; n ANDs.
///
/// # Panics
/// If the widths differ.
pub fn swap_if(b: &mut Builder, choice: Wire, x: &[Wire], y: &[Wire]) -> (Vec<Wire>, Vec<Wire>) {
    assert_eq!(x.len(), y.len(), "widths of swapped words");
    let swapped = x.iter().zip(y).map(|(&x, &y)| {
        let difference = b.xor(x, y);
        let change = b.and(choice, difference);
        (b.xor(x, change), b.xor(y, change))
    });
    swapped.unzip()
}

/// `x` where `choice`, else 0; n ANDs.
pub fn mask_if(b: &mut Builder, choice: Wire, x: &[Wire]) -> Vec<Wire> {
    x.iter().map(|&bit| b.and(choice, bit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gadgets::check::check;

    #[test]
    fn choices() {
        for n in [1, 5, 32] {
            let full = u64::from(n);
            let gadget = |b: &mut Builder, w: &[&[Wire]]| vec![select(b, w[0][0], w[1], w[2])];
            assert_eq!(check(&[1, n, n], gadget, |v| vec![if v[0] == 1 { v[1] } else { v[2] }]), full);
            let gadget = |b: &mut Builder, w: &[&[Wire]]| {
                let (x, y) = swap_if(b, w[0][0], w[1], w[2]);
                vec![x, y]
            };
            assert_eq!(check(&[1, n, n], gadget, |v| if v[0] == 1 { vec![v[2], v[1]] } else { v[1..].to_vec() }), full);
            let gadget = |b: &mut Builder, w: &[&[Wire]]| vec![mask_if(b, w[0][0], w[1])];
            assert_eq!(check(&[1, n], gadget, |v| vec![v[0] * v[1]]), full);
        }
    }
}
