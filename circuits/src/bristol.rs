//! Bristol Fashion: the text format in which others exchange circuits.
//!
//! <https://nigelsmart.github.io/MPC-Circuits/>. A file is a header and one gate a line:
//!
//! ```text
//! gates wires
//! inputs width…          how many input values, and the bits of each
//! outputs width…         how many output values, and the bits of each
//!
//! 2 1 a b c AND          c = a ∧ b            2 1 a b c XOR     c = a ⊕ b
//! 1 1 a c INV            c = ¬a               1 1 a c EQW       c = a
//! 1 1 0 c EQ             c = 0; or 1          2k k a… b… c… MAND    k ANDs
//! ```
//!
//! The first wires are the inputs, the last the outputs, values least significant bit first. The reader is lenient
//! about white space: blank lines anywhere, CRLF, tabs, no newline at the end. It is strict about meaning: every wire
//! is driven once, before it is read (so there are no cycles), and the counts of the header are right.
//!
//! Two variants of the header are read as well. The *old Bristol format* has no third line, and `n1 n2 n3` (bits of
//! two inputs and of one output) in the second; it is recognised by `n1 + n2` being the number of wires that no gate
//! drives. Any other file without a third line has one output: the last wires that no gate reads. The old format has only AND, XOR and
//! INV, and two inputs: [`write_old`] lets the first be all that the first party gives, and the second all that others give.
//!
//! What the text cannot say stands in a sidecar beside it: [`write_sidecar`], [`apply_sidecar`]. Without one a circuit that is read has inputs `in0`, `in1`, … of parties `p0`, `p1`, … and outputs `out0`, … for all of them, all
//! unsigned integers. It is built by [`crate::build`], so it may have fewer gates than the file.
//!
//! # Security
//! Memory is bounded by a constant times the length of the text, plus [`SPARE_WIRES`] wires: only so many wires may be
//! inputs that nobody mentions.

mod read;
mod sidecar;
mod write;

pub use read::{Problem, ReadError, SPARE_WIRES, read};
pub use sidecar::{SidecarError, apply_sidecar, write_sidecar};
pub use write::{GATES_MAX, WriteError, in_old_order, write, write_old};

#[cfg(test)]
mod tests;
