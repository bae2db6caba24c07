//! Meetings between honest parties, and with others.

use std::time::Duration;

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::channel::memory;
use crate::session::Reason;

const PATIENCE: Duration = Duration::from_secs(5);

async fn meet(first: &[u8], second: &[u8]) -> [Meeting; 2] {
    let (left, right) = memory::pair();
    let [mut r, mut s] = [1, 2].map(ChaCha20Rng::seed_from_u64);
    let (left, right) =
        tokio::join!(Meeting::open(left, first, PATIENCE, &mut r), Meeting::open(right, second, PATIENCE, &mut s));
    [left.unwrap(), right.unwrap()]
}

#[tokio::test]
async fn both_hear_each_other_and_agree_on_the_id() {
    let [mut left, mut right] = meet(b"left", b"").await;
    assert_eq!((left.theirs(), right.theirs()), (&b""[..], &b"left"[..]));
    assert_eq!(left.id(), right.id());
    let [other, _] = meet(b"left", b"x").await;
    assert_ne!(left.id(), other.id());

    let long = vec![7; MESSAGE_BYTES_MAX];
    let (a, b) = tokio::join!(left.exchange(&long), right.exchange(&long));
    assert_eq!((a.unwrap(), b.unwrap()), (long.clone(), long));
    let (sent, received) = (left.transcript().unwrap(), right.transcript().unwrap());
    assert_eq!((sent.sent, sent.received), (received.received, received.sent));
    left.send(b"more").await.unwrap();
    assert_ne!(left.transcript(), Some(sent));
    assert_eq!(right.receive().await.unwrap(), b"more");
}

#[tokio::test]
async fn a_lent_channel_leaves_the_connection_open() {
    let [mut left, mut right] = meet(b"a", b"b").await;
    let (_, mut lent) = left.lend().into_streams();
    lent.write_all(b"session").await.unwrap();
    lent.shutdown().await.unwrap();
    drop(lent);
    let (mut lent, _) = right.lend().into_streams();
    let mut bytes = [0; 7];
    lent.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"session");
    left.send(b"receipt").await.unwrap();
    assert_eq!(right.receive().await.unwrap(), b"receipt");
    assert_eq!(left.transcript().unwrap().sent, right.transcript().unwrap().received);
    left.without_transcript();
    assert_eq!(left.transcript(), None);
    left.close().await;
    assert_eq!(right.receive().await.unwrap_err().reason(), Reason::Network);
}

/// Else each piece would be a packet of its own.
#[tokio::test]
async fn pieces_are_written_at_once_through_a_lent_channel() {
    let [left, right] = meet(b"a", b"b").await;
    let (_, mut lent) = left.lend().into_streams();
    assert!(lent.is_write_vectored());
    let pieces = [&b"head"[..], b"", b"body"].map(IoSlice::new);
    assert_eq!(lent.write_vectored(&pieces).await.unwrap(), 8);
    let (mut lent, _) = right.lend().into_streams();
    let mut bytes = [0; 8];
    lent.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"headbody");
    assert_eq!(left.transcript().unwrap().sent, right.transcript().unwrap().received);
}

#[test]
fn the_digest_does_not_depend_on_how_bytes_come() {
    let bytes: Vec<u8> = (0..5 * PIECE_BYTES as u32 + 3).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
    for lengths in
        [vec![1, PIECE_BYTES - 1, PIECE_BYTES, 2 * PIECE_BYTES + 1], vec![bytes.len()], vec![PIECE_BYTES + 1]]
    {
        let (mut seen, mut rest) = (Seen::default(), &bytes[..]);
        for n in lengths {
            seen.add(&rest[..n]);
            rest = &rest[n..];
        }
        seen.add(rest);
        assert_eq!(seen.digest(), *blake3::hash(&bytes).as_bytes());
    }
}

#[tokio::test]
async fn an_echo_is_not_a_peer() {
    let (left, right) = memory::pair();
    let (mut reader, mut writer) = right.into_streams();
    tokio::spawn(async move { tokio::io::copy(&mut reader, &mut writer).await });
    let error = Meeting::open(left, b"hello", PATIENCE, &mut ChaCha20Rng::seed_from_u64(1)).await.err().unwrap();
    assert_eq!(error.reason(), Reason::Peer);
}

#[tokio::test]
async fn foreign_bytes_are_refused_before_memory_is_taken() {
    let too_long = Header { kind: FrameKind::Hello, stream: 0, sequence: 0, length: u32::MAX }.encode();
    let mut damaged = Header { kind: FrameKind::Hello, stream: 0, sequence: 0, length: 32 }.encode().to_vec();
    damaged.extend([0; 48]);
    let mut short = Header { kind: FrameKind::Hello, stream: 0, sequence: 0, length: 3 }.encode().to_vec();
    let tag = TagChain::new().tag(&short.clone().try_into().unwrap(), b"abc");
    short.extend([&b"abc"[..], &tag].concat());
    for bytes in [&b"HTTP/1.1 400 Bad Request\r\n"[..], &too_long, &damaged, &short] {
        let (left, right) = memory::pair();
        let (_reader, mut writer) = right.into_streams();
        writer.write_all(bytes).await.unwrap();
        let error = Meeting::open(left, b"hello", PATIENCE, &mut ChaCha20Rng::seed_from_u64(1)).await.err().unwrap();
        assert_eq!(error.reason(), Reason::Peer, "{error}");
    }
}
