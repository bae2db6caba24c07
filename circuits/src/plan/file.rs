//! Plans as bytes: the file format, and the digest that the two parties compare.
//!
//! ```text
//! file      = body, digest of body (32 bytes)
//! body      = "HUSHPLAN", version (3), parties, inputs, outputs, blocks, local
//! parties   = list of text
//! inputs    = list of (name: text, party, shape)
//! outputs   = list of (name: text, recipients: list of party, shape)
//! shape     = 0                                                bool
//!           | 1, name: text, lo: integer, hi: integer          integer
//!           | 2, len, shape                                    array
//!           | 3, list of shape                                 tuple
//!           | 4, name: text, list of (name: text, shape)       struct
//!           | 5, name: text, list of (name: text, shape)       enum
//! blocks    = list of (n_inputs, n_slots, list of step, list of operand, list of knowledge: inputs, list of knowledge: outputs)
//! local     = 0 | 1, garbler, blocks
//! step      = 8n,     n times (dst, a, b: slot)                XORs
//!           | 8n + 1, n times (dst, a, b: slot, c: added)      XORs of three
//!           | 8n + 2, n times and                              ANDs
//!           | 8n + 3, n times (and, a, b, c: added)            ANDs of sums, to which something is added
//!           | 8n + 4, known, n times and                       ANDs of which somebody knows operands
//!           | 5, callee, count, n_state, n_shared, list of operand, list of result
//! and       = dst: slot, a, b: operand
//! added     = 0 | 1 + slot                                     nothing, or what stands in the slot
//! known     = 0 the garbler both | 1 the garbler a | 2 the evaluator b | 3 the evaluator both
//! knowledge = 0 public | 1 the garbler | 2 the evaluator | 3 nobody
//! operand   = 0 | 1                                            the constants
//!           | 2 + 2·slot + complemented
//! result    = 0                                                nobody reads it
//!           | 1 + slot
//! list of x = how many, then each
//! text      = how many bytes, then UTF-8
//! integer   = how many bytes, then two's complement, least significant byte first, as few bytes as possible
//! ```
//!
//! Every number is an unsigned varint: seven bits a byte, least significant first, the high bit set in all bytes but the
//! last, as few bytes as possible. A plan therefore has exactly one body, and the digest (BLAKE3 in key derivation
//! mode, so that it can be confused with no other hash) is that of the plan: parties, ports, types, owners, recipients
//! and every gate.
//!
//! # Security
//! The reader trusts nothing: each length is compared with the bytes that are left before anything is allocated, so
//! memory is bounded by a constant times the length of the file; nesting is limited; and what comes out is valid. The
//! digest in the file finds damage, not malice.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use num_bigint::BigInt;

use super::validate::LIMIT_SHAPE_DEPTH;
use super::{And, AndXor, Invalid, Local, Operand, Plan, PlanBlock, PlanCall, Slot, Step};
use crate::circuit::{InputPort, OutputPort};
use crate::id::{BlockId, PartyId};
use crate::knowledge::{Knowledge, Known};
use crate::shape::Shape;

const MAGIC: &[u8; 8] = b"HUSHPLAN";
const VERSION: u64 = 3;
const DIGEST_CONTEXT: &str = "hushgate 2026-11-30 plan digest v3";
const DIGEST_BYTES: usize = 32;
/// Bytes of a block without anything in it.
const BLOCK_BYTES_MIN: usize = 6;

/// Why bytes are not a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The first bytes are others.
    #[error("this is not a plan: it does not start with HUSHPLAN")]
    NotAPlan,
    /// Written by another version of this program.
    #[error("the plan has format version {found}; this program reads version {VERSION}")]
    Version {
        /// The file's version.
        found: u64,
    },
    /// The digest at the end is not that of the bytes before.
    #[error("the plan is cut off or damaged: its digest does not match its contents; get the file again")]
    Damaged,
    /// The bytes break the format.
    #[error("at byte {at} of the plan: found {found}; expected {expected}")]
    Malformed {
        /// Bytes from the start of the file.
        at: u64,
        /// What was there.
        found: String,
        /// What the format wants there.
        expected: &'static str,
    },
    /// The format is right, the plan is not.
    #[error("the plan is invalid: {0}")]
    Invalid(#[from] Invalid),
    /// The file could not be read to its end.
    #[error("the plan cannot be read: {0}")]
    File(io::ErrorKind),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> ReadError {
        ReadError::File(error.kind())
    }
}

impl Plan {
    /// The plan as a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut |piece| bytes.extend_from_slice(piece));
        let digest = blake3::derive_key(DIGEST_CONTEXT, &bytes);
        bytes.extend_from_slice(&digest);
        bytes
    }

    /// How many bytes [`Plan::to_bytes`] gives, counted without them in memory.
    #[must_use]
    pub fn n_bytes(&self) -> u64 {
        let mut n = DIGEST_BYTES as u64;
        self.write(&mut |piece| n += piece.len() as u64);
        n
    }

    /// The plan in a file, checked by [`Plan::validate`].
    ///
    /// # Errors
    /// If the bytes are not exactly what [`Plan::to_bytes`] gives for some valid plan.
    pub fn from_bytes(bytes: &[u8]) -> Result<Plan, ReadError> {
        Plan::read(Cursor::new(bytes))
    }

    /// [`Plan::from_bytes`] of a file, from its beginning on and piece by piece: in memory is the plan alone.
    ///
    /// # Errors
    /// As [`Plan::from_bytes`], and if the file cannot be read.
    pub fn read(mut file: impl Read + Seek) -> Result<Plan, ReadError> {
        let length = file.seek(SeekFrom::End(0))?;
        let mut header = Reader::new(&mut file, length)?;
        let magic = header.bytes(MAGIC.len() as u64);
        let version = header.number();
        if let Some(kind) = header.failed {
            return Err(ReadError::File(kind));
        }
        if magic.is_none_or(|magic| magic != MAGIC) {
            return Err(ReadError::NotAPlan);
        }
        let found = version.map_err(|_| ReadError::Damaged)?;
        if found != VERSION {
            return Err(ReadError::Version { found });
        }
        let start = header.at;
        let end = length.checked_sub(DIGEST_BYTES as u64).filter(|end| *end >= start).ok_or(ReadError::Damaged)?;
        check_digest(&mut file, end)?;
        let mut body = Reader::new(&mut file, end)?;
        body.bytes(start);
        let plan = body.plan()?;
        plan.validate()?;
        Ok(plan)
    }

    /// What the two parties compare: equal for equal plans, and only for those.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key(DIGEST_CONTEXT);
        self.write(&mut |piece| {
            hasher.update(piece);
        });
        *hasher.finalize().as_bytes()
    }

    /// Writes the body, piece by piece.
    fn write(&self, take: &mut dyn FnMut(&[u8])) {
        let mut writer = Writer { bytes: MAGIC.to_vec(), take };
        writer.number(VERSION);
        writer.plan(self);
        (writer.take)(&writer.bytes);
    }
}

/// Whether behind the first `end` bytes of the file stands their digest.
fn check_digest(file: &mut (impl Read + Seek), end: u64) -> Result<(), ReadError> {
    file.rewind()?;
    let mut hasher = blake3::Hasher::new_derive_key(DIGEST_CONTEXT);
    io::copy(&mut file.take(end), &mut hasher)?;
    let mut expected = [0; DIGEST_BYTES];
    file.read_exact(&mut expected)?;
    if *hasher.finalize().as_bytes() == expected { Ok(()) } else { Err(ReadError::Damaged) }
}

/// Bytes of the longest number.
const NUMBER_BYTES_MAX: usize = 10;

/// Bytes that are read or written at once.
const PIECE_BYTES: usize = 1 << 16;

/// Writes plans to whoever takes the pieces.
struct Writer<'a> {
    /// What has not been taken yet.
    bytes: Vec<u8>,
    take: &'a mut dyn FnMut(&[u8]),
}

impl Writer<'_> {
    fn plan(&mut self, plan: &Plan) {
        self.list(&plan.parties, |w, name| w.text(name));
        self.list(&plan.inputs, |w, port| {
            w.text(&port.name);
            w.number(port.party.0.into());
            w.shape(&port.shape);
        });
        self.list(&plan.outputs, |w, port| {
            w.text(&port.name);
            w.list(&port.recipients, |w, party| w.number(party.0.into()));
            w.shape(&port.shape);
        });
        self.list(&plan.blocks, Self::block);
        match &plan.local {
            None => self.number(0),
            Some(local) => {
                self.numbers([1, local.garbler.0.into()]);
                self.list(&local.own, Self::block);
            }
        }
    }

    fn shape(&mut self, shape: &Shape) {
        let fields = |w: &mut Self, name: &str, fields: &[(String, Shape)]| {
            w.text(name);
            w.list(fields, |w, (name, shape)| {
                w.text(name);
                w.shape(shape);
            });
        };
        self.number(shape_tag(shape));
        match shape {
            Shape::Bool => {}
            Shape::Int { name, lo, hi } => {
                self.text(name);
                self.bytes(&lo.to_signed_bytes_le());
                self.bytes(&hi.to_signed_bytes_le());
            }
            Shape::Array { element, len } => {
                self.number(*len);
                self.shape(element);
            }
            Shape::Tuple(items) => self.list(items, Self::shape),
            Shape::Struct { name, fields: parts } => fields(self, name, parts),
            Shape::Enum { name, variants } => fields(self, name, variants),
        }
    }

    fn block(&mut self, block: &PlanBlock) {
        self.number(block.n_inputs.into());
        self.number(block.n_slots.into());
        let (mut xors, mut ands, mut calls) = (&block.xors[..], &block.ands[..], &block.calls[..]);
        let mut and_xors = &block.and_xors[..];
        self.list(&block.steps, |w, step| match *step {
            Step::Xor { n_operands, n } => {
                w.number(u64::from(n) << 3 | if n_operands == 2 { XORS } else { XORS_OF_THREE });
                let n_slots = 1 + n_operands as usize;
                for xor in take(&mut xors, u64::from(n) * n_slots as u64).chunks(n_slots) {
                    let (certain, added) = xor.split_at(xor.len().min(3));
                    certain.iter().for_each(|operand| w.number(operand.slot().into()));
                    added.iter().for_each(|operand| w.number(added_code(block, *operand)));
                }
            }
            Step::And(n) => {
                w.number(u64::from(n) << 3 | ANDS);
                take(&mut ands, n.into()).iter().for_each(|gate| w.and(gate));
            }
            Step::AndXor(n) => {
                w.number(u64::from(n) << 3 | AND_XORS);
                for gate in take(&mut and_xors, n.into()) {
                    w.and(&gate.and);
                    w.numbers(gate.added().map(|operand| added_code(block, operand)));
                }
            }
            Step::Known(known, n) => {
                w.numbers([u64::from(n) << 3 | KNOWN, known_code(known)]);
                take(&mut ands, n.into()).iter().for_each(|gate| w.and(gate));
            }
            Step::Call => {
                w.number(CALL);
                take(&mut calls, 1).iter().for_each(|call| w.call(call));
            }
        });
        self.list(&block.outputs, |w, &operand| w.number(operand_code(operand)));
        self.list(&block.input_knowledge, |w, &known| w.number(knowledge_code(known)));
        self.list(&block.output_knowledge, |w, &known| w.number(knowledge_code(known)));
    }

    fn and(&mut self, gate: &And) {
        self.numbers([gate.dst.into(), operand_code(gate.a), operand_code(gate.b)]);
    }

    fn call(&mut self, call: &PlanCall) {
        self.numbers([call.callee.0.into(), call.count, call.n_state.into(), call.n_shared.into()]);
        self.list(&call.args, |w, &operand| w.number(operand_code(operand)));
        self.list(&call.results, |w, &slot| w.number(u64::from(slot.wrapping_add(1))));
    }

    fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.number(items.len() as u64);
        for item in items {
            write(self, item);
            if self.bytes.len() >= PIECE_BYTES {
                (self.take)(&self.bytes);
                self.bytes.clear();
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    fn numbers<const N: usize>(&mut self, numbers: [u64; N]) {
        numbers.into_iter().for_each(|number| self.number(number));
    }

    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }
}

const XORS: u64 = 0;
const XORS_OF_THREE: u64 = 1;
const ANDS: u64 = 2;
const AND_XORS: u64 = 3;
const KNOWN: u64 = 4;
const CALL: u64 = 5;

const KNOWLEDGE: [Knowledge; 4] = [Knowledge::Public, Knowledge::Garbler, Knowledge::Evaluator, Knowledge::Secret];

fn known_code(known: Known) -> u64 {
    Known::ALL.iter().take_while(|&&other| other != known).count() as u64
}

fn knowledge_code(knowledge: Knowledge) -> u64 {
    KNOWLEDGE.iter().take_while(|&&other| other != knowledge).count() as u64
}

fn shape_tag(shape: &Shape) -> u64 {
    match shape {
        Shape::Bool => 0,
        Shape::Int { .. } => 1,
        Shape::Array { .. } => 2,
        Shape::Tuple(_) => 3,
        Shape::Struct { .. } => 4,
        Shape::Enum { .. } => 5,
    }
}

fn added_code(block: &PlanBlock, operand: Operand) -> u64 {
    if operand == block.nothing() { 0 } else { 1 + u64::from(operand.slot()) }
}

fn operand_code(operand: Operand) -> u64 {
    let complemented = u64::from(operand.is_complemented());
    if operand.is_constant() { complemented } else { 2 + 2 * u64::from(operand.slot()) + complemented }
}

/// The next `n` of a block's gates or calls; fewer if the block, which is not valid then, has fewer.
fn take<'a, T>(items: &mut &'a [T], n: u64) -> &'a [T] {
    let (taken, rest) = items.split_at(usize::try_from(n).map_or(items.len(), |n| n.min(items.len())));
    *items = rest;
    taken
}

/// The operand that reads `slot`, if it fits.
fn plain_operand(slot: u64) -> Option<Operand> {
    let slot = u32::try_from(slot).ok().filter(|&slot| slot < Operand::CONSTANT.slot());
    slot.map(|slot| Operand::new(slot, false))
}

/// What is left to read, and where it starts in the file.
struct Reader<'a> {
    file: &'a mut dyn Read,
    /// What was read of it at once, and how much of that has been taken.
    piece: Vec<u8>,
    taken: usize,
    /// Bytes taken in all, and bytes to come: in the piece, then in the file.
    at: u64,
    left: u64,
    /// Why the file could not be read further; nothing more comes then.
    failed: Option<io::ErrorKind>,
}

impl<'a> Reader<'a> {
    /// Reads the first `length` bytes.
    fn new(file: &'a mut (impl Read + Seek), length: u64) -> Result<Reader<'a>, ReadError> {
        file.rewind()?;
        Ok(Reader { file, piece: Vec::new(), taken: 0, at: 0, left: length, failed: None })
    }

    /// What stands next, up to the end of the piece; at least `n` bytes, if there are so many.
    fn next(&mut self, n: usize) -> &[u8] {
        let wanted = self.left.min(n as u64) as usize;
        if self.piece.len() - self.taken < wanted && self.failed.is_none() {
            self.refill(wanted);
        }
        &self.piece[self.taken..]
    }

    #[cold]
    fn refill(&mut self, wanted: usize) {
        self.piece.drain(..self.taken);
        self.taken = 0;
        let n_more = (self.left - self.piece.len() as u64).min(wanted.max(PIECE_BYTES) as u64);
        if let Err(error) = (&mut *self.file).take(n_more).read_to_end(&mut self.piece) {
            self.failed = Some(error.kind());
        }
        if (self.piece.len() as u64) < self.left.min(wanted as u64) {
            self.failed.get_or_insert(io::ErrorKind::UnexpectedEof);
        }
    }

    fn take(&mut self, n: usize) {
        self.taken += n;
        self.at += n as u64;
        self.left -= n as u64;
    }

    /// The next `n` bytes, if there are so many.
    fn bytes(&mut self, n: u64) -> Option<Vec<u8>> {
        let n = usize::try_from(n).ok().filter(|n| *n as u64 <= self.left)?;
        let bytes = self.next(n).get(..n)?.to_vec();
        self.take(n);
        Some(bytes)
    }
}

impl Reader<'_> {
    fn plan(mut self) -> Result<Plan, ReadError> {
        let plan = Plan {
            parties: self.list(1, Reader::text)?,
            inputs: self.list(3, |r| Ok(InputPort { name: r.text()?, party: r.party()?, shape: r.shape(0)? }))?,
            outputs: self.list(3, |r| {
                Ok(OutputPort { name: r.text()?, recipients: r.list(1, Reader::party)?, shape: r.shape(0)? })
            })?,
            blocks: self.list(BLOCK_BYTES_MIN, Reader::block)?,
            local: self.local()?,
        };
        if self.left == 0 { Ok(plan) } else { Err(self.error("more bytes", "the end of the plan")) }
    }

    fn local(&mut self) -> Result<Option<Local>, ReadError> {
        match self.number()? {
            0 => Ok(None),
            1 => Ok(Some(Local { garbler: self.party()?, own: self.list(BLOCK_BYTES_MIN, Reader::block)? })),
            tag => Err(self.error(tag, "0, or 1 and what the parties compute by themselves")),
        }
    }

    fn party(&mut self) -> Result<PartyId, ReadError> {
        Ok(PartyId(self.number32()?))
    }

    fn shape(&mut self, depth: u32) -> Result<Shape, ReadError> {
        if depth > LIMIT_SHAPE_DEPTH {
            return Err(self.error("a type", "no more than 64 types within each other"));
        }
        match self.number()? {
            0 => Ok(Shape::Bool),
            1 => Ok(Shape::Int { name: self.text()?, lo: self.integer()?, hi: self.integer()? }),
            2 => Ok(Shape::Array { len: self.number()?, element: Box::new(self.shape(depth + 1)?) }),
            3 => Ok(Shape::Tuple(self.list(1, |r| r.shape(depth + 1))?)),
            4 => Ok(Shape::Struct { name: self.text()?, fields: self.fields(depth)? }),
            5 => Ok(Shape::Enum { name: self.text()?, variants: self.fields(depth)? }),
            tag => Err(self.error(tag, "the tag of a type, 0 to 5")),
        }
    }

    fn fields(&mut self, depth: u32) -> Result<Vec<(String, Shape)>, ReadError> {
        self.list(2, |r| Ok((r.text()?, r.shape(depth + 1)?)))
    }

    fn block(&mut self) -> Result<PlanBlock, ReadError> {
        let mut block = PlanBlock { n_inputs: self.number32()?, n_slots: self.number32()?, ..PlanBlock::default() };
        for _ in 0..self.count(1)? {
            let step = self.step(&mut block)?;
            block.steps.push(step);
        }
        block.outputs = self.list(1, Reader::operand)?;
        block.input_knowledge = self.list(1, Reader::knowledge)?;
        block.output_knowledge = self.list(1, Reader::knowledge)?;
        Ok(block)
    }

    fn step(&mut self, block: &mut PlanBlock) -> Result<Step, ReadError> {
        let code = self.number()?;
        let n = u32::try_from(code >> 3).map_err(|_| self.error(code, "a step"))?;
        match (code & 7, n) {
            (XORS, _) => {
                let gates = self.items(n.into(), 3, |r| Ok([r.slot()?, r.slot()?, r.slot()?]))?;
                block.xors.extend(gates.as_flattened());
                Ok(Step::Xor { n_operands: 2, n })
            }
            (XORS_OF_THREE, _) => {
                let nothing = block.nothing();
                let gate = |r: &mut Self| Ok([r.slot()?, r.slot()?, r.slot()?, r.added(nothing)?]);
                block.xors.extend(self.items(n.into(), 4, gate)?.as_flattened());
                Ok(Step::Xor { n_operands: 3, n })
            }
            (ANDS, _) => {
                let gates = self.items(n.into(), 3, Reader::and)?;
                block.ands.extend(gates);
                Ok(Step::And(n))
            }
            (AND_XORS, _) => {
                let nothing = block.nothing();
                let gates = self.items(n.into(), 6, |r| {
                    let and = r.and()?;
                    let [a_plus, b_plus, c] = [r.added(nothing)?, r.added(nothing)?, r.added(nothing)?];
                    Ok(AndXor { and, a_plus, b_plus, c })
                })?;
                block.and_xors.extend(gates);
                Ok(Step::AndXor(n))
            }
            (KNOWN, _) => {
                let known = self.one_of(Known::ALL, "who knows which operand, 0 to 3")?;
                let gates = self.items(n.into(), 3, Reader::and)?;
                block.ands.extend(gates);
                Ok(Step::Known(known, n))
            }
            (CALL, 0) => {
                let call = self.call()?;
                block.calls.push(call);
                Ok(Step::Call)
            }
            _ => Err(self.error(code, "a step")),
        }
    }

    fn and(&mut self) -> Result<And, ReadError> {
        Ok(And { dst: self.number32()?, a: self.operand()?, b: self.operand()? })
    }

    /// A slot of the frame, or nothing. The slot after the frame's last, which stands for nothing, has no code of its own.
    fn added(&mut self, nothing: Operand) -> Result<Operand, ReadError> {
        let code = self.number()?;
        let Some(slot) = code.checked_sub(1) else { return Ok(nothing) };
        let operand = plain_operand(slot).filter(|&operand| operand != nothing);
        operand.ok_or_else(|| self.error(code, "0, or 1 and a slot of the frame"))
    }

    /// An operand that is neither complemented nor constant.
    fn slot(&mut self) -> Result<Operand, ReadError> {
        let slot = self.number()?;
        plain_operand(slot).ok_or_else(|| self.error(slot, "a slot"))
    }

    fn knowledge(&mut self) -> Result<Knowledge, ReadError> {
        self.one_of(KNOWLEDGE, "who knows a value, 0 to 3")
    }

    /// One of four things, by its position.
    fn one_of<T: Copy>(&mut self, things: [T; 4], expected: &'static str) -> Result<T, ReadError> {
        let code = self.number()?;
        let thing = usize::try_from(code).ok().and_then(|code| things.get(code).copied());
        thing.ok_or_else(|| self.error(code, expected))
    }

    fn call(&mut self) -> Result<PlanCall, ReadError> {
        Ok(PlanCall {
            callee: BlockId(self.number32()?),
            count: self.number()?,
            n_state: self.number32()?,
            n_shared: self.number32()?,
            args: self.list(1, Reader::operand)?,
            results: self.list(1, Reader::result)?,
        })
    }

    fn operand(&mut self) -> Result<Operand, ReadError> {
        let code = self.number()?;
        let complemented = code & 1 == 1;
        let Some(slot) = (code >> 1).checked_sub(1) else {
            return Ok(Operand(Operand::CONSTANT.0 | u32::from(complemented)));
        };
        let operand = plain_operand(slot).ok_or_else(|| self.error(code, "an operand"))?;
        Ok(Operand(operand.0 | u32::from(complemented)))
    }

    fn result(&mut self) -> Result<Slot, ReadError> {
        Ok(self.number32()?.wrapping_sub(1))
    }

    /// A count, then as many items of at least `bytes_min` bytes.
    fn list<T>(
        &mut self,
        bytes_min: usize,
        read: impl FnMut(&mut Self) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        let n = self.count(bytes_min)?;
        self.items(n, bytes_min, read)
    }

    fn items<T>(
        &mut self,
        n: u64,
        bytes_min: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        self.check_room(n, bytes_min)?;
        (0..n).map(|_| read(self)).collect()
    }

    fn count(&mut self, bytes_min: usize) -> Result<u64, ReadError> {
        let n = self.number()?;
        self.check_room(n, bytes_min)?;
        Ok(n)
    }

    fn check_room(&self, n: u64, bytes_min: usize) -> Result<(), ReadError> {
        if n <= self.left / bytes_min as u64 {
            Ok(())
        } else {
            Err(self.error(format!("a count of {n}"), "no more than there is room for"))
        }
    }

    fn text(&mut self) -> Result<String, ReadError> {
        let bytes = self.byte_string()?;
        String::from_utf8(bytes).map_err(|_| self.error("other bytes", "text in UTF-8"))
    }

    fn integer(&mut self) -> Result<BigInt, ReadError> {
        let bytes = self.byte_string()?;
        let integer = BigInt::from_signed_bytes_le(&bytes);
        let is_minimal = integer.to_signed_bytes_le() == bytes;
        if is_minimal {
            Ok(integer)
        } else {
            Err(self.error("needless bytes", "an integer in as few bytes as possible"))
        }
    }

    /// A length, then as many bytes.
    fn byte_string(&mut self) -> Result<Vec<u8>, ReadError> {
        let n = self.count(1)?;
        self.bytes(n).ok_or_else(|| self.error("the end", "as many bytes as were announced"))
    }

    fn number32(&mut self) -> Result<u32, ReadError> {
        let number = self.number()?;
        u32::try_from(number).map_err(|_| self.error(number, "a number below 2^32"))
    }

    fn number(&mut self) -> Result<u64, ReadError> {
        let mut number = 0u64;
        for (i, &byte) in self.next(NUMBER_BYTES_MAX).iter().enumerate() {
            let bits = u64::from(byte & 0x7f);
            let fits = i < 9 || (i == 9 && bits <= 1);
            if !fits || (i > 0 && byte == 0) {
                break;
            }
            number |= bits << (7 * i);
            if byte < 0x80 {
                self.take(i + 1);
                return Ok(number);
            }
        }
        Err(self.error("other bytes", "a number below 2^64 in as few bytes as possible"))
    }

    fn error(&self, found: impl ToString, expected: &'static str) -> ReadError {
        match self.failed {
            Some(kind) => ReadError::File(kind),
            None => ReadError::Malformed { at: self.at, found: found.to_string(), expected },
        }
    }
}

#[cfg(test)]
mod tests;
