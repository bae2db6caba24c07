use proptest::prelude::*;

use super::*;

const EXPECTED: Header = Header { kind: FrameKind::Tables, stream: 1, sequence: 7, length: 0 };

fn decode(header: Header, length: Length) -> Result<Option<Header>, WireError> {
    Header::decode(header.encode(), EXPECTED, length)
}

#[test]
fn the_expected_header_comes_back() {
    let header = Header { length: 640, ..EXPECTED };
    assert_eq!(decode(header, Length::Exactly(640)), Ok(Some(header)));
    assert_eq!(decode(header, Length::AtMost(641)), Ok(Some(header)));
}

#[test]
fn every_field_of_a_header_is_checked() {
    let good = Header { length: 64, ..EXPECTED };
    let wrong_kind = Header { kind: FrameKind::Seed, ..good };
    assert_eq!(
        decode(wrong_kind, Length::Exactly(64)),
        Err(WireError::Kind { found: FrameKind::Seed as u8, expected: FrameKind::Tables })
    );
    let wrong_stream = Header { stream: 2, ..good };
    assert_eq!(decode(wrong_stream, Length::Exactly(64)), Err(WireError::Stream { found: 2, expected: 1 }));
    let wrong_sequence = Header { sequence: 8, ..good };
    assert_eq!(decode(wrong_sequence, Length::Exactly(64)), Err(WireError::Sequence { found: 8, expected: 7 }));
    let mut wrong_version = good.encode();
    wrong_version[1] = 2;
    assert_eq!(Header::decode(wrong_version, EXPECTED, Length::Exactly(64)), Err(WireError::Version { found: 2 }));
}

#[test]
fn lengths_are_checked_against_the_state_and_against_the_format() {
    for (length, found) in [
        (Length::Exactly(64), 63),
        (Length::Exactly(64), 65),
        (Length::AtMost(64), 65),
        (Length::AtMost(64), u32::MAX),
        (Length::AtMost(usize::MAX), PAYLOAD_BYTES_MAX as u32 + 1),
        (Length::Exactly(u32::MAX as usize), u32::MAX),
    ] {
        let error = decode(Header { length: found, ..EXPECTED }, length);
        assert_eq!(error, Err(WireError::Length { kind: FrameKind::Tables, found, expected: length }));
    }
}

#[test]
fn an_abort_is_understood_in_place_of_any_frame() {
    let mut header = [0; HEADER_BYTES];
    header.copy_from_slice(&abort_frame()[..HEADER_BYTES]);
    assert_eq!(Header::decode(header, EXPECTED, Length::Exactly(64)), Ok(None));
    let hello = Header { kind: FrameKind::Hello, ..EXPECTED };
    assert_eq!(Header::decode(header, hello, Length::AtMost(64)), Ok(None));
}

#[test]
fn a_stranger_is_told_apart_from_a_broken_peer() {
    let hello = Header { kind: FrameKind::Hello, stream: 0, sequence: 0, length: 0 };
    let found = *b"GET / HTTP/1";
    assert_eq!(Header::decode(found, hello, Length::AtMost(9)), Err(WireError::NotOurProtocol(found)));
}

#[test]
fn a_tag_depends_on_payload_header_key_and_all_frames_before() {
    let header = EXPECTED.encode();
    let tag = |earlier: &[u8], key: Option<u8>, header, payload: &[u8]| {
        let mut chain = TagChain::new();
        let _ = chain.tag(&header, earlier);
        key.into_iter().for_each(|key| chain.rekey([key; 32]));
        chain.tag(&header, payload)
    };
    let good = tag(b"a", None, header, b"b");
    assert_eq!(good, tag(b"a", None, header, b"b"));
    assert_ne!(good, tag(b"A", None, header, b"b"));
    assert_ne!(good, tag(b"a", None, header, b"B"));
    assert_ne!(good, tag(b"a", Some(1), header, b"b"));
    assert_ne!(tag(b"a", Some(2), header, b"b"), tag(b"a", Some(1), header, b"b"));
    assert_ne!(good, tag(b"a", None, Header { sequence: 8, ..EXPECTED }.encode(), b"b"));
}

#[test]
fn bits_beyond_the_end_are_refused() {
    assert_eq!(Decoder::new(&[0b101]).bits(3), Ok(vec![true, false, true]));
    assert!(Decoder::new(&[0b1101]).bits(3).is_err());
    assert!(Decoder::new(&[0xff]).bits(9).is_err());
}

#[test]
fn bytes_that_are_left_over_are_refused() {
    let mut decoder = Decoder::new(&[1, 2]);
    assert_eq!(decoder.u8(), Ok(1));
    assert_eq!(decoder.finish(), Err(MalformedPayload { field: "end", problem: "is followed by more bytes" }));
}

proptest! {
    #[test]
    fn no_header_panics(bytes: [u8; HEADER_BYTES], length: usize) {
        if let Ok(Some(header)) = Header::decode(bytes, EXPECTED, Length::AtMost(length)) {
            prop_assert!(header.length as usize <= length.min(PAYLOAD_BYTES_MAX));
            prop_assert_eq!(header.encode(), bytes);
        }
    }

    #[test]
    fn packed_bits_come_back(bits: Vec<bool>) {
        let packed = pack_bits(&bits);
        prop_assert_eq!(packed.len(), bits.len().div_ceil(8));
        prop_assert_eq!(Decoder::new(&packed).bits(bits.len()), Ok(bits));
    }

    #[test]
    fn text_comes_back(text: String) {
        let mut out = Vec::new();
        put_bytes(&mut out, text.as_bytes());
        let mut decoder = Decoder::new(&out);
        prop_assert_eq!(decoder.text(text.len()), Ok(text.as_str()));
        prop_assert!(decoder.finish().is_ok());
    }
}
