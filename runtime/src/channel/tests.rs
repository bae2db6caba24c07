use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex, split};
use tokio::time::timeout;

use super::*;
use crate::block::Block;
use crate::wire::{HEADER_BYTES, Header, Length, PAYLOAD_BYTES_MAX, TAG_BYTES, TagChain};

const SECOND: Duration = Duration::from_secs(1);

fn links() -> (Link, Link) {
    let (ours, theirs) = memory::pair();
    (Link::start(ours), Link::start(theirs))
}

/// A link, and the raw bytes of its other end.
fn raw() -> (Link, tokio::io::DuplexStream) {
    let (ours, theirs) = duplex(1 << 16);
    let (reader, writer) = split(ours);
    (Link::start(Channel::new(reader, writer, Vec::new())), theirs)
}

fn frame(kind: FrameKind, length: u32, payload: &[u8]) -> Vec<u8> {
    let header = Header { kind, stream: 0, sequence: 0, length }.encode();
    [&header, payload, &TagChain::new().tag(&header, payload)].concat()
}

async fn receive(link: &mut Link, kind: FrameKind, length: Length) -> Result<Vec<u8>, ChannelError> {
    let mut buffer = Vec::new();
    timeout(SECOND, link.receiver.receive(kind, length, &mut buffer)).await.expect("an answer in time")?;
    Ok(buffer)
}

#[tokio::test(start_paused = true)]
async fn messages_of_all_sizes_arrive() {
    for n in [0, 1, 1000, GATHERED, PAYLOAD_BYTES_MAX, PAYLOAD_BYTES_MAX + 1, 3 * PAYLOAD_BYTES_MAX] {
        let (ours, mut theirs) = links();
        let message: Vec<u8> = (0..n).map(|i| i as u8).collect();
        let (sent, received) = tokio::join!(
            ours.sender.send_message(FrameKind::Transfer, &message),
            theirs.receiver.receive_message(FrameKind::Transfer, n)
        );
        sent.expect("the queue is open");
        assert!(received.expect("the message arrives") == message);
        assert_eq!(
            ours.meter.traffic(FrameKind::Transfer).sent_bytes as usize,
            n + n.div_ceil(PAYLOAD_BYTES_MAX).max(1) * 28
        );
        assert_eq!(
            ours.meter.traffic(FrameKind::Transfer).sent_bytes,
            theirs.meter.traffic(FrameKind::Transfer).received_bytes
        );
    }
}

const GATHERED: usize = 1 << 14;

#[tokio::test(start_paused = true)]
async fn a_last_frame_is_flushed_without_being_asked() {
    let (ours, mut theirs) = links();
    ours.sender.send_message(FrameKind::Seed, b"alone").await.expect("the queue is open");
    assert_eq!(receive(&mut theirs, FrameKind::Seed, Length::Exactly(5)).await.expect("it arrives"), b"alone");
    ours.close().await.expect("nothing is left to write");
    let error = receive(&mut theirs, FrameKind::Tables, Length::Exactly(5)).await;
    assert!(matches!(error, Err(ChannelError::Closed(FrameKind::Tables))));
}

#[tokio::test(start_paused = true)]
async fn both_directions_carry_more_than_the_buffers_hold() {
    let (mut ours, mut theirs) = links();
    let message = vec![7; 4 * PAYLOAD_BYTES_MAX];
    let side = async |link: &mut Link| {
        let sender = link.sender.clone();
        let (sent, received) = tokio::join!(
            sender.send_message(FrameKind::Transfer, &message),
            link.receiver.receive_message(FrameKind::Transfer, message.len())
        );
        sent.is_ok() && received.is_ok()
    };
    let (a, b) = tokio::join!(timeout(SECOND, side(&mut ours)), timeout(SECOND, side(&mut theirs)));
    assert_eq!((a, b), (Ok(true), Ok(true)));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_gives_up_is_understood_in_any_state() {
    for kind in [FrameKind::Hello, FrameKind::Tables, FrameKind::Results] {
        let (ours, mut theirs) = links();
        ours.abort().await;
        assert!(matches!(receive(&mut theirs, kind, Length::AtMost(99)).await, Err(ChannelError::Aborted)));
    }
}

#[tokio::test(start_paused = true)]
async fn an_abort_is_heard_also_when_nothing_can_be_sent() {
    for gives_up in [true, false] {
        let (mut ours, theirs) = links();
        if gives_up {
            theirs.abort().await
        } else {
            theirs.close().await.expect("nothing to write")
        };
        assert_eq!(matches!(ours.hear_last_words().await, Some(ChannelError::Aborted)), gives_up);
    }
}

#[tokio::test(start_paused = true)]
async fn giving_up_ends_though_the_peer_does_not_read() {
    let (ours, _theirs) = raw();
    for _ in 0..QUEUE_FRAMES {
        let sent = timeout(SECOND, ours.sender.send_message(FrameKind::Tables, &vec![0; PAYLOAD_BYTES_MAX])).await;
        assert!(sent.is_ok(), "the queue has room");
    }
    timeout(SECOND, ours.abort()).await.expect("giving up takes less than a second");
}

#[tokio::test(start_paused = true)]
async fn a_length_of_four_gibibytes_takes_no_memory() {
    let (mut ours, mut theirs) = raw();
    theirs.write_all(&frame(FrameKind::Tables, u32::MAX, b"")).await.expect("room");
    let mut buffer = Vec::new();
    let received = ours.receiver.receive(FrameKind::Tables, Length::AtMost(usize::MAX), &mut buffer);
    let error = timeout(SECOND, received).await.expect("it is refused before anything of it comes");
    assert!(matches!(error, Err(ChannelError::Wire(WireError::Length { found: u32::MAX, .. }))));
    assert_eq!(buffer.capacity(), 0);
}

#[tokio::test(start_paused = true)]
async fn every_flipped_bit_of_a_frame_is_noticed() {
    let good = frame(FrameKind::Seed, 3, b"abc");
    assert_eq!(good.len(), HEADER_BYTES + 3 + TAG_BYTES);
    for bit in 0..good.len() * 8 {
        let (mut ours, mut theirs) = raw();
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        theirs.write_all(&bytes).await.expect("room");
        drop(theirs);
        assert!(receive(&mut ours, FrameKind::Seed, Length::AtMost(9)).await.is_err(), "bit {bit}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_truncated_frame_is_a_closed_connection() {
    let good = frame(FrameKind::Seed, 3, b"abc");
    for n in 0..good.len() {
        let (mut ours, mut theirs) = raw();
        theirs.write_all(&good[..n]).await.expect("room");
        drop(theirs);
        let error = receive(&mut ours, FrameKind::Seed, Length::AtMost(9)).await;
        assert!(matches!(error, Err(ChannelError::Closed(FrameKind::Seed))), "{n} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn frames_written_byte_by_byte_are_read() {
    let (mut ours, mut theirs) = raw();
    let writing = async {
        for byte in frame(FrameKind::Seed, 3, b"abc") {
            theirs.write_all(&[byte]).await.expect("room");
            tokio::task::yield_now().await;
        }
    };
    let (_, received) = tokio::join!(writing, receive(&mut ours, FrameKind::Seed, Length::Exactly(3)));
    assert_eq!(received.expect("it arrives"), b"abc");
}

#[tokio::test(start_paused = true)]
async fn frames_of_another_run_are_refused() {
    let keys = |send, receive| RunKeys { send: [send; 32], receive: [receive; 32], stream: 1 };
    for (theirs_receives, good) in [(1, true), (3, false)] {
        let (mut ours, mut theirs) = links();
        ours.rekey(keys(1, 2)).await.expect("the queue is open");
        theirs.rekey(keys(2, theirs_receives)).await.expect("the queue is open");
        ours.sender.send_message(FrameKind::Seed, b"x").await.expect("the queue is open");
        let received = receive(&mut theirs, FrameKind::Seed, Length::Exactly(1)).await;
        assert_eq!(received.is_ok(), good);
    }
}

#[tokio::test(start_paused = true)]
async fn the_meter_notices_when_nothing_moves() {
    let (ours, mut theirs) = raw();
    let mut byte = [0];
    let talking = async {
        for _ in 0..3 {
            tokio::time::sleep(SECOND * 2 / 3).await;
            ours.sender.send_message(FrameKind::Seed, b"").await.expect("the queue is open");
            theirs.read_exact(&mut byte).await.expect("a byte");
        }
        std::future::pending::<()>().await;
    };
    let before = tokio::time::Instant::now();
    tokio::select! { () = talking => {}, () = ours.meter.stalled(SECOND) => {} }
    assert!((SECOND * 3..SECOND * 3 + SECOND / 2).contains(&before.elapsed()));
}

#[tokio::test]
async fn tcp_connects_also_to_somebody_who_listens_later() {
    // An address of its own, so that no other test takes the port meanwhile.
    let address = {
        let listener = tcp::Listener::bind("127.0.0.77:0").await.expect("a free port");
        listener.local_addr().expect("bound")
    };
    let late = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        tcp::Listener::bind(address).await.expect("still free").accept(5 * SECOND).await
    };
    let (ours, theirs) = tokio::join!(tcp::connect(address, 5 * SECOND), late);
    let (ours, mut theirs) = (Link::start(ours.expect("connected")), Link::start(theirs.expect("accepted")));
    ours.sender.send_message(FrameKind::Seed, b"hi").await.expect("the queue is open");
    assert_eq!(receive(&mut theirs, FrameKind::Seed, Length::Exactly(2)).await.expect("it arrives"), b"hi");
}

#[tokio::test]
async fn waiting_for_a_connection_ends() {
    let listener = tcp::Listener::bind("127.0.0.1:0").await.expect("a free port");
    let error = listener.accept(Duration::from_millis(5)).await.err().expect("nobody connects");
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let error = tcp::connect(address, Duration::from_millis(5)).await.err().expect("nobody listens");
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}

fn numbered_rows(n: usize) -> Vec<Block> {
    (0..n as u64).map(|i| Block::new(i, 7 * i)).collect()
}

async fn receive_rows(link: &mut Link, expected: &[Block]) -> Result<(), ChannelError> {
    let mut rows = vec![Block::ZERO; expected.len() + 1];
    link.receiver.receive_rows(FrameKind::Tables, &mut rows).await?;
    assert!(rows.iter().zip(expected).all(|(row, expected)| row.to_bytes() == expected.to_bytes()));
    Ok(())
}

/// A session writes rows itself, between what the link's own task writes, and both count the same bytes.
#[tokio::test(start_paused = true)]
async fn rows_come_in_order_with_what_is_queued() {
    let (ours, theirs) = memory::pair();
    let (ours, mut theirs) = (Link::start(ours), Link::start(theirs));
    let rows = numbered_rows(2 * ROW_FRAME_BLOCKS + 5);
    let sending = async {
        ours.sender.send_message(FrameKind::Seed, b"before").await.expect("open");
        let mut writer = ours.sender.row_writer().await.expect("open");
        let memory = writer.write(FrameKind::Tables, rows.clone(), rows.len()).await.expect("open");
        writer.write(FrameKind::Tables, memory, 1).await.expect("open");
        drop(writer);
        ours.sender.send_message(FrameKind::Decoding, b"after").await.expect("open");
    };
    let receiving = async {
        let before = theirs.receiver.receive_message(FrameKind::Seed, 6).await;
        assert_eq!(before.expect("it came"), b"before");
        for frame in rows.chunks(ROW_FRAME_BLOCKS).chain([&rows[..1]]) {
            receive_rows(&mut theirs, frame).await.expect("it came");
        }
        let after = theirs.receiver.receive_message(FrameKind::Decoding, 5).await;
        assert_eq!(after.expect("it came"), b"after");
    };
    tokio::join!(sending, receiving);
    let (sent, received) = (ours.meter.traffic(FrameKind::Tables), theirs.meter.traffic(FrameKind::Tables));
    assert_eq!(sent.sent_bytes, received.received_bytes);
    assert_eq!(sent.sent_bytes as usize, (rows.len() + 1) * 16 + 4 * (HEADER_BYTES + TAG_BYTES));
}

/// A session that is dropped while it writes leaves no half frame: what comes after it is understood.
#[tokio::test(start_paused = true)]
async fn a_frame_of_rows_is_completed_by_the_link() {
    for gives_up in [false, true] {
        let (ours, theirs) = memory::pair_with_buffer(100);
        let (ours, mut theirs) = (Link::start(ours), Link::start(theirs));
        let rows = numbered_rows(ROW_FRAME_BLOCKS + 3);
        let mut writer = ours.sender.row_writer().await.expect("open");
        // Nobody reads, so it does not end.
        let written = timeout(Duration::from_secs(1), writer.write(FrameKind::Tables, rows.clone(), rows.len())).await;
        assert!(written.is_err());
        drop(writer);
        let (first, second) = rows.split_at(ROW_FRAME_BLOCKS);
        let receiving = async {
            receive_rows(&mut theirs, first).await.expect("it came");
            receive_rows(&mut theirs, second).await
        };
        if gives_up {
            let (_, second) = tokio::join!(ours.abort(), receiving);
            assert!(matches!(second, Err(ChannelError::Aborted)), "{second:?}");
        } else {
            let (closed, second) = tokio::join!(ours.close(), receiving);
            closed.expect("all was read");
            second.expect("it came");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_of_more_rows_is_refused() {
    let (ours, theirs) = memory::pair();
    let (ours, mut theirs) = (Link::start(ours), Link::start(theirs));
    let rows = numbered_rows(3);
    let mut writer = ours.sender.row_writer().await.expect("open");
    writer.write(FrameKind::Tables, rows, 3).await.expect("open");
    drop(writer);
    let mut short = vec![Block::ZERO; 3];
    let refused = theirs.receiver.receive_rows(FrameKind::Tables, &mut short).await;
    assert!(matches!(refused, Err(ChannelError::Wire(WireError::Length { .. }))), "{refused:?}");
}
