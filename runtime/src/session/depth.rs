//! Which depth of the OT extension's trees is fastest: few bytes or little work.
//!
//! A deeper tree sends fewer bytes for each OT and computes more. Work and transfer overlap, so an OT takes as long as the slower of
//! the two, and setting up takes its own time once. Both parties compute this from what they have agreed on.

use crate::ot::extension::Depth;

/// What a link does where nobody knows: a local network.
const BITS_PER_SECOND: u64 = 1_000_000_000;

/// The fastest depth for `n` OTs over a link of this rate.
pub(super) fn choose(n: u64, bits_per_second: Option<u64>) -> Depth {
    let rate = bits_per_second.unwrap_or(BITS_PER_SECOND).max(1);
    let nanoseconds = |depth: Depth| {
        let transfer = (128 / depth.bits()) as u128 * 1_000_000_000 / u128::from(rate);
        setup_nanoseconds(depth) + u128::from(n) * transfer.max(work_nanoseconds(depth))
    };
    Depth::ALL.into_iter().min_by_key(|&depth| nanoseconds(depth)).unwrap_or(Depth::Four)
}

/// What one party computes for an OT, roughly, on a machine with AES instructions.
const fn work_nanoseconds(depth: Depth) -> u128 {
    match depth {
        Depth::Two => 8,
        Depth::Four => 10,
        Depth::Eight => 35,
    }
}

/// What both parties compute for the trees, roughly; the base OTs are the same for all depths.
const fn setup_nanoseconds(depth: Depth) -> u128 {
    match depth {
        Depth::Two => 100_000,
        Depth::Four => 250_000,
        Depth::Eight => 2_000_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fast_links_and_few_inputs_take_shallow_trees() {
        let (local, lan, wan) = (Some(20_000_000_000), Some(1_000_000_000), Some(100_000_000));
        for (n, rate, depth) in [
            (200, local, Depth::Two),
            (1 << 20, local, Depth::Two),
            (200, lan, Depth::Two),
            (1 << 20, lan, Depth::Four),
            (1 << 20, None, Depth::Four),
            (1 << 20, wan, Depth::Eight),
            (200, wan, Depth::Two),
            (u64::MAX, Some(1), Depth::Eight),
            (u64::MAX, Some(0), Depth::Eight),
            (u64::MAX, Some(u64::MAX), Depth::Two),
        ] {
            assert_eq!(choose(n, rate), depth, "{n} OTs at {rate:?}");
        }
    }
}
