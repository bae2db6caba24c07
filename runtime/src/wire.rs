//! Frames: what one party writes to the other, byte by byte.
//!
//! ```text
//! frame   = header | payload | tag
//! header  = kind u8 | wire version u8 | stream u16 | sequence u32 | payload length u32      little-endian
//! tag     = first 16 bytes of chain(i)
//! chain(i) = BLAKE3-keyed(key, body | header | chain(i − 1))         chain(−1) = 0
//! body    = payload; of tables and matrices, its XXH3-128, because BLAKE3 would cost as much as making them
//! ```
//!
//! The key is public: a constant for the handshake and then derived from the session id and the direction. So a byte that
//! is damaged, lost, repeated, moved or taken from another session is noticed at the frame where it happens, before
//! anything in that frame is used.
//!
//! # Invariants
//! - The receiver says which kind it expects and how long it may be; both are checked before memory is taken.
//! - Frames of one direction are numbered from 0, and every one of them counts.
//! - An [`FrameKind::Abort`] frame may come instead of any other. It has no payload and always the same tag, so it
//!   carries no information but itself.
//!
//! # Security
//! The tags find accidents and mix-ups, not forgery: whoever can change bytes in flight can also recompute them. Against
//! such an attacker the channel below must be TLS. That a forged frame never leads to a wrong answer is the business of the output
//! authentication, whatever the tags say.

mod decode;
#[cfg(test)]
mod tests;

use twox_hash::XxHash3_128;

pub use decode::{Decoder, MalformedPayload, pack_bits, put_bytes};

/// Bytes of a frame before its payload.
pub const HEADER_BYTES: usize = 12;
/// Bytes of a frame after its payload.
pub const TAG_BYTES: usize = 16;
/// The longest payload of any frame; longer messages take several frames.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;
/// The version of the frame format itself: hellos have this format in every version of the protocol, which they agree on.
pub const WIRE_VERSION: u8 = 1;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FrameKind {
    /// Each party's offer, the first frame in both directions.
    Hello = 1,
    /// A message of the oblivious transfer.
    Transfer = 2,
    /// The garbler's public seed: hash key, constant label and labels of its inputs.
    Seed = 3,
    /// Rows of garbled gates.
    Tables = 4,
    /// What the evaluator needs to read its outputs.
    Decoding = 5,
    /// What the garbler needs to read its outputs; ends the session.
    Results = 6,
    /// A part of a matrix of the OT extension.
    Matrix = 7,
    /// The sender has given up.
    Abort = 255,
}

/// Why bytes are not the frame that had to come.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The very first bytes are not those of any version of this protocol.
    #[error("the other side does not speak this protocol: its first bytes are {0:02x?}")]
    NotOurProtocol([u8; HEADER_BYTES]),
    /// The very first bytes are those of TLS.
    #[error("the other side speaks TLS, and this side does not")]
    Tls,
    /// The frame format is of another version.
    #[error("found frame format version {found}, expected {WIRE_VERSION}")]
    Version {
        /// The version in the header.
        found: u8,
    },
    /// Another kind of frame had to come.
    #[error("found a frame of kind {found}, expected {expected:?}")]
    Kind {
        /// The kind byte in the header.
        found: u8,
        /// What the protocol has next.
        expected: FrameKind,
    },
    /// The frame belongs to another run on this connection.
    #[error("found stream {found}, expected {expected}")]
    Stream {
        /// The stream in the header.
        found: u16,
        /// The run in progress.
        expected: u16,
    },
    /// A frame is missing, repeated or out of order.
    #[error("found frame number {found}, expected {expected}")]
    Sequence {
        /// The number in the header.
        found: u32,
        /// The next number.
        expected: u32,
    },
    /// The payload is not as long as it must be.
    #[error("found {found} bytes in a {kind:?} frame, expected {expected}")]
    Length {
        /// The frame's kind.
        kind: FrameKind,
        /// The length in the header.
        found: u32,
        /// What is allowed.
        expected: Length,
    },
    /// The tag is wrong: bytes were changed on the way, or belong to another session.
    #[error("a {0:?} frame was damaged on the way, or belongs to another session")]
    Damaged(FrameKind),
}

/// How long a payload may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So many bytes.
    Exactly(usize),
    /// So many bytes or fewer.
    AtMost(usize),
}

impl std::fmt::Display for Length {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Length::Exactly(n) => write!(f, "{n}"),
            Length::AtMost(n) => write!(f, "at most {n}"),
        }
    }
}

/// The fields of a frame's header that vary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the payload is.
    pub kind: FrameKind,
    /// Which run on this connection.
    pub stream: u16,
    /// Position among the frames of its direction.
    pub sequence: u32,
    /// Bytes of payload.
    pub length: u32,
}

impl Header {
    /// The wire form.
    #[must_use]
    pub fn encode(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0] = self.kind as u8;
        bytes[1] = WIRE_VERSION;
        bytes[2..4].copy_from_slice(&self.stream.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.length.to_le_bytes());
        bytes
    }

    /// The inverse of [`Header::encode`] for the frame that has to come next, whose `length` is only an upper bound.
    ///
    /// `Ok(None)` means that the peer has given up.
    pub fn decode(bytes: [u8; HEADER_BYTES], expected: Header, length: Length) -> Result<Option<Header>, WireError> {
        let [kind, version, s0, s1, n0, n1, n2, n3, l0, l1, l2, l3] = bytes;
        let (stream, sequence) = (u16::from_le_bytes([s0, s1]), u32::from_le_bytes([n0, n1, n2, n3]));
        let found = u32::from_le_bytes([l0, l1, l2, l3]);
        if kind == FrameKind::Abort as u8 && version == WIRE_VERSION && found == 0 {
            return Ok(None);
        }
        if expected.kind == FrameKind::Hello && kind != FrameKind::Hello as u8 {
            // A handshake record or an alert of TLS, of any version.
            let is_tls = matches!((kind, version), (0x15 | 0x16, 3));
            return Err(if is_tls { WireError::Tls } else { WireError::NotOurProtocol(bytes) });
        }
        if version != WIRE_VERSION {
            return Err(WireError::Version { found: version });
        }
        if kind != expected.kind as u8 {
            return Err(WireError::Kind { found: kind, expected: expected.kind });
        }
        if stream != expected.stream {
            return Err(WireError::Stream { found: stream, expected: expected.stream });
        }
        if sequence != expected.sequence {
            return Err(WireError::Sequence { found: sequence, expected: expected.sequence });
        }
        if !length.allows(found) {
            return Err(WireError::Length { kind: expected.kind, found, expected: length });
        }
        Ok(Some(Header { length: found, ..expected }))
    }
}

impl Length {
    /// Whether a payload of `found` bytes is one, and not longer than a frame can be.
    #[must_use]
    pub fn allows(self, found: u32) -> bool {
        let found = found as usize;
        let fits = match self {
            Length::Exactly(n) => found == n,
            Length::AtMost(n) => found <= n,
        };
        fits && found <= PAYLOAD_BYTES_MAX
    }
}

/// Computes the tags of one direction.
#[derive(Clone)]
pub struct TagChain {
    key: [u8; 32],
    last: [u8; 32],
}

impl TagChain {
    /// The chain of the handshake.
    #[must_use]
    pub fn new() -> TagChain {
        TagChain { key: blake3::derive_key("hushgate frame tags v1", b"handshake"), last: [0; 32] }
    }

    /// Goes on under another key, without forgetting what was sent before.
    pub fn rekey(&mut self, key: [u8; 32]) {
        self.key = key;
    }

    /// The tag of the next frame.
    #[must_use]
    pub fn tag(&mut self, header: &[u8; HEADER_BYTES], payload: &[u8]) -> [u8; TAG_BYTES] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        if header[0] == FrameKind::Tables as u8 || header[0] == FrameKind::Matrix as u8 {
            hasher.update(&XxHash3_128::oneshot(payload).to_le_bytes());
        } else {
            hasher.update(payload);
        }
        self.last = *hasher.update(header).update(&self.last).finalize().as_bytes();
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&self.last[..TAG_BYTES]);
        tag
    }
}

impl Default for TagChain {
    fn default() -> TagChain {
        TagChain::new()
    }
}

/// The one and only abort frame: header and tag.
#[must_use]
pub fn abort_frame() -> Vec<u8> {
    let header = Header { kind: FrameKind::Abort, stream: 0, sequence: 0, length: 0 }.encode();
    [header.as_slice(), &[0; TAG_BYTES]].concat()
}
