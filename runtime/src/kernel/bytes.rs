//! Blocks as the bytes that they are on the wire, without copying: a block lies in memory as it travels where the lowest byte comes first, as it does
//! on all machines that the faster kernels are for; elsewhere blocks are turned around in place.

use crate::block::{BLOCK_BYTES, Block};

/// The bytes that travel; the blocks are of no other use from then on.
pub(crate) fn to_wire(blocks: &mut [Block]) -> &[u8] {
    turn(blocks);
    bytes_mut(blocks)
}

/// Blocks that bytes from the wire have been written over, by [`bytes_mut`].
pub(crate) fn from_wire(blocks: &mut [Block]) {
    turn(blocks);
}

/// What blocks lie on.
pub(crate) fn bytes_mut(blocks: &mut [Block]) -> &mut [u8] {
    let n = blocks.len() * BLOCK_BYTES;
    // SAFETY: a block is two integers of 64 bits and nothing else (`repr(C)`), so `n` bytes lie there, and any bytes are blocks. They are
    // borrowed as long as the blocks.
    unsafe { std::slice::from_raw_parts_mut(blocks.as_mut_ptr().cast(), n) }
}

fn turn(blocks: &mut [Block]) {
    if cfg!(target_endian = "big") {
        for block in blocks {
            let [lo, hi] = block.halves();
            *block = Block::new(lo.swap_bytes(), hi.swap_bytes());
        }
    }
}

const _: () = assert!(size_of::<Block>() == BLOCK_BYTES);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_travel_as_their_bytes() {
        let mut blocks = [Block::new(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908), Block::new(1, 2 << 56)];
        let expected = blocks.map(Block::to_bytes).concat();
        assert_eq!(to_wire(&mut blocks), expected);
        let mut received = [Block::ZERO; 2];
        bytes_mut(&mut received).copy_from_slice(&expected);
        from_wire(&mut received);
        assert_eq!(received.map(Block::to_bytes).concat(), expected);
        assert_eq!(received[0].halves(), [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908]);
    }
}
