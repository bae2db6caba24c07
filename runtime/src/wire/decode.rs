//! Reading payloads that a peer wrote: strict, without copies, never past the end.

/// Reads fields from the front of a payload.
#[derive(Clone, Debug)]
pub struct Decoder<'a> {
    rest: &'a [u8],
    field: &'static str,
}

/// A payload that is not what its kind says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its {field} {problem}")]
pub struct MalformedPayload {
    /// The field that could not be read.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl<'a> Decoder<'a> {
    /// Reads `payload` from its first byte.
    #[must_use]
    pub const fn new(payload: &'a [u8]) -> Decoder<'a> {
        Decoder { rest: payload, field: "payload" }
    }

    /// Names the field that comes next, for errors.
    pub fn field(&mut self, name: &'static str) -> &mut Decoder<'a> {
        self.field = name;
        self
    }

    /// An error at the current field.
    #[must_use]
    pub const fn malformed(&self, problem: &'static str) -> MalformedPayload {
        MalformedPayload { field: self.field, problem }
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], MalformedPayload> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(self.malformed("ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], MalformedPayload> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// A byte.
    pub fn u8(&mut self) -> Result<u8, MalformedPayload> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A number of two bytes.
    pub fn u16(&mut self) -> Result<u16, MalformedPayload> {
        self.array().map(u16::from_le_bytes)
    }

    /// Bytes behind their length (two bytes), which is at most `bytes_max`.
    pub fn bytes(&mut self, bytes_max: usize) -> Result<&'a [u8], MalformedPayload> {
        let n = usize::from(self.u16()?);
        if n > bytes_max {
            return Err(self.malformed("is too long"));
        }
        self.take(n)
    }

    /// Text in UTF-8 behind its length.
    pub fn text(&mut self, bytes_max: usize) -> Result<&'a str, MalformedPayload> {
        let bytes = self.bytes(bytes_max)?;
        std::str::from_utf8(bytes).map_err(|_| self.malformed("is not UTF-8"))
    }

    /// `n` bits, packed, least significant first; unused bits of the last byte are 0.
    pub fn bits(&mut self, n: usize) -> Result<Vec<bool>, MalformedPayload> {
        let bytes = self.take(n.div_ceil(8))?;
        if !n.is_multiple_of(8) && bytes.last().is_some_and(|last| last >> (n % 8) != 0) {
            return Err(self.malformed("has bits beyond its end"));
        }
        Ok((0..n).map(|i| bytes[i / 8] >> (i % 8) & 1 == 1).collect())
    }

    /// What is left.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Nothing may be left.
    pub fn finish(mut self) -> Result<(), MalformedPayload> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.field("end").malformed("is followed by more bytes")) }
    }
}

/// Writes bytes behind their length, as [`Decoder::bytes`] reads them.
///
/// # Panics
/// If there are 64 KiB or more.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let n = u16::try_from(bytes.len()).expect("fields of messages are shorter than 64 KiB");
    out.extend_from_slice(&n.to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Packs bits as [`Decoder::bits`] reads them.
#[must_use]
pub fn pack_bits(bits: &[bool]) -> Vec<u8> {
    bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |packed, &bit| packed << 1 | u8::from(bit))).collect()
}
