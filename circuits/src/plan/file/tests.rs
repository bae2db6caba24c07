//! Round trips, and hostile bytes: cut off, flipped, random, with a right digest and with a wrong one.

use proptest::prelude::*;

use super::*;
use crate::random::{self, Size};
use crate::schedule::schedule;

fn random_plan(seed: u64) -> Plan {
    let mut plan = schedule(&random::circuit(seed, Size { n_blocks: 4, n_nodes: 60 }));
    let nothing = Shape::Tuple(vec![]);
    let empty = Shape::Struct { name: "Empty".into(), fields: vec![("nothing".into(), nothing.clone())] };
    plan.outputs.push(OutputPort { name: "e".into(), recipients: vec![], shape: empty });
    let only = Shape::Enum { name: "Only".into(), variants: vec![("One".into(), nothing)] };
    plan.inputs.push(InputPort { name: "é".into(), party: PartyId(1), shape: only });
    plan
}

/// The bytes with their last 32 replaced by the digest of the others.
fn with_digest(mut body: Vec<u8>) -> Vec<u8> {
    let digest = blake3::derive_key(DIGEST_CONTEXT, &body);
    body.extend_from_slice(&digest);
    body
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn plans_survive_the_round_trip(seed: u64) {
        let plan = random_plan(seed);
        let bytes = plan.to_bytes();
        prop_assert_eq!(&bytes[bytes.len() - DIGEST_BYTES..], &plan.digest());
        prop_assert_eq!(bytes.len() as u64, plan.n_bytes());
        prop_assert_eq!(Plan::from_bytes(&bytes), Ok(plan));
    }

    #[test]
    fn damage_is_found(seed: u64, bit: prop::sample::Index, cut: prop::sample::Index) {
        let bytes = random_plan(seed).to_bytes();
        let mut flipped = bytes.clone();
        let bit = bit.index(bytes.len() * 8);
        flipped[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(Plan::from_bytes(&flipped).is_err());
        prop_assert!(Plan::from_bytes(&bytes[..cut.index(bytes.len())]).is_err());
    }

    /// Every plan has one file and every file one plan, so whatever is read is written the same.
    #[test]
    fn hostile_bytes_are_refused_or_canonical(
        seed: u64,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut body = random_plan(seed).to_bytes();
        body.truncate(body.len() - DIGEST_BYTES);
        for (at, byte) in edits {
            let at = at.index(body.len());
            body[at] = byte;
        }
        body.truncate(cut.map_or(body.len(), |cut| cut.index(body.len())));
        let bytes = with_digest(body);
        if let Ok(plan) = Plan::from_bytes(&bytes) {
            prop_assert_eq!(plan.to_bytes(), bytes);
        }
    }

    #[test]
    fn random_bytes_never_panic(tail in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Plan::from_bytes(&tail);
        let _ = Plan::from_bytes(&with_digest([&MAGIC[..], &[VERSION as u8], &tail].concat()));
    }
}

#[test]
fn every_kind_of_type_survives() {
    let int = |lo: i128, hi: i128| Shape::Int { name: format!("i {lo}"), lo: lo.into(), hi: hi.into() };
    let array = Shape::Array { element: Box::new(Shape::Bool), len: u64::MAX };
    let ints = Shape::Tuple(vec![int(0, 0), int(-1, 127), int(-128, 128), int(i128::MIN, i128::MAX)]);
    let fields = vec![("a".to_owned(), array), ("b".to_owned(), ints)];
    let variants = vec![("S".to_owned(), Shape::Struct { name: "S".into(), fields })];
    let shape = Shape::Enum { name: "E".into(), variants };
    let mut writer = Writer { bytes: vec![], take: &mut |_| {} };
    writer.shape(&shape);
    let bytes = writer.bytes;
    assert_eq!(Reader::new(&mut Cursor::new(&bytes), bytes.len() as u64).unwrap().shape(0), Ok(shape));
}

/// Gives a byte at a time, and an error instead of the byte at one place.
struct Slow<'a>(Cursor<&'a [u8]>, u64);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.position() == self.1 {
            true => Err(io::ErrorKind::ConnectionReset.into()),
            false => self.0.read(&mut buffer[..1]),
        }
    }
}

impl Seek for Slow<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn plans_are_read_digested_and_counted_piece_by_piece() {
    let plan = schedule(&random::circuit(1, Size { n_blocks: 2, n_nodes: 60_000 }));
    let bytes = plan.to_bytes();
    assert!(bytes.len() > 2 * PIECE_BYTES, "{} bytes", bytes.len());
    assert_eq!(bytes[bytes.len() - DIGEST_BYTES..], plan.digest());
    assert_eq!(bytes.len() as u64, plan.n_bytes());
    assert_eq!(Plan::from_bytes(&bytes).as_ref(), Ok(&plan));
    assert_eq!(Plan::read(Slow(Cursor::new(&bytes), u64::MAX)), Ok(plan));
    for at in [3, PIECE_BYTES as u64, bytes.len() as u64 - 1] {
        let reset = Err(ReadError::File(io::ErrorKind::ConnectionReset));
        assert_eq!(Plan::read(Slow(Cursor::new(&bytes), at)), reset, "at byte {at}");
    }
}

/// What the first pass over the file found is not taken for granted in the second.
#[test]
fn a_file_that_fails_between_passes_is_no_plan() {
    let bytes = random_plan(1).to_bytes();
    let mut slow = Slow(Cursor::new(&bytes), 20);
    let mut reader = Reader::new(&mut slow, bytes.len() as u64).unwrap();
    reader.bytes(9).unwrap();
    assert_eq!(reader.plan(), Err(ReadError::File(io::ErrorKind::ConnectionReset)));
    let mut cut = Cursor::new(&bytes[..20]);
    let mut reader = Reader::new(&mut cut, bytes.len() as u64).unwrap();
    reader.bytes(9).unwrap();
    assert_eq!(reader.plan(), Err(ReadError::File(io::ErrorKind::UnexpectedEof)));
}

#[test]
fn errors_say_what_is_wrong() {
    let check = |bytes: &[u8], expected: &str| {
        assert_eq!(Plan::from_bytes(bytes).expect_err("the bytes are wrong").to_string(), expected);
    };
    check(b"", "this is not a plan: it does not start with HUSHPLAN");
    check(b"HUSHPLAN\x04", "the plan has format version 4; this program reads version 3");
    let damaged = "the plan is cut off or damaged: its digest does not match its contents; get the file again";
    check(b"HUSHPLAN\x03", damaged);
    check(b"HUSHPLAN", damaged);
    let with_tail = |tail: &[u8]| with_digest([&MAGIC[..], &[VERSION as u8], tail].concat());
    let huge = "at byte 14 of the plan: found a count of 4294967295; expected no more than there is room for";
    check(&with_tail(b"\xff\xff\xff\xff\x0f"), huge);
    let long = "at byte 9 of the plan: found other bytes; expected a number below 2^64 in as few bytes as possible";
    check(&with_tail(b"\x80\x00"), long);
    check(&with_tail(b"\0\0\0\0\0"), "the plan is invalid: the plan has no blocks; expected at least main");
    check(&with_tail(b"\0\0\0\0\0!"), "at byte 14 of the plan: found more bytes; expected the end of the plan");
}

#[test]
fn the_digest_covers_names_owners_and_recipients() {
    let plan = random_plan(3);
    let change = |edit: fn(&mut Plan)| {
        let mut changed = plan.clone();
        edit(&mut changed);
        changed.digest()
    };
    let edits: [fn(&mut Plan); 6] = [
        |_| {},
        |p| p.parties[0].push('!'),
        |p| p.inputs[0].party = PartyId(1),
        |p| p.inputs[1].name.push('!'),
        |p| p.outputs[0].recipients.truncate(1),
        |p| p.outputs[1].shape = Shape::Tuple(vec![]),
    ];
    let mut digests = edits.map(change).to_vec();
    assert_eq!(digests[0], plan.digest());
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), edits.len());
}
