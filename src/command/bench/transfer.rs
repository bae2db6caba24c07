//! Oblivious transfer: base OTs in memory; the extension and random OTs of two threads over loopback, one for each party.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::Context;
use rand::RngExt;
use tokio::net::{TcpListener, TcpStream};

use hushgate_runtime::block::{Block, Delta};
use hushgate_runtime::channel::{Channel, Link};
use hushgate_runtime::ot::Purpose;
use hushgate_runtime::ot::base::{self, BaseDraft, BaseReceiver, KeyPairs};
use hushgate_runtime::ot::extension::{CotReceiver, CotSetup, Depth, N_BASE};
use hushgate_runtime::ot::pool::random_choices;
use hushgate_runtime::ot::random::RandomOt;
use hushgate_runtime::transfer;

use super::{Bench, rng};
use crate::failure::Failure;

const SESSION: [u8; 32] = [0; 32];

/// OTs of a batch of the extension.
pub(super) const BATCH: usize = 1 << 18;

/// Random OTs whose time is told.
const N_RANDOM: usize = 8_000_000;

/// What both parties make of a batch's labels.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Make {
    Correlated,
    Random,
}

/// Base OTs, the extension at each depth with its check, and random OTs.
pub fn run(bench: &mut Bench) -> Result<(), Failure> {
    let seconds = base_ots(bench);
    bench.add("ot/base128", seconds * 1e3, "ms");
    let batches = ((bench.budget.as_secs_f64() * 4e7 / BATCH as f64) as usize).max(1);
    for depth in Depth::ALL {
        let seconds = fastest(depth, Make::Correlated, BATCH, batches)?;
        bench.add(&format!("ot/softspoken{}", depth.bits()), BATCH as f64 / seconds / 1e6, "M COT/s");
    }
    let all = N_RANDOM.div_ceil(BATCH);
    let n = if bench.budget.is_zero() { 1 } else { all };
    let seconds = whole(Depth::Two, Make::Random, N_RANDOM / all, n)?;
    bench.add("ot/random8M", seconds * all as f64 / n as f64 * 1e3, "ms");
    Ok(())
}

/// Seconds of both parties for 128 base OTs.
pub(super) fn base_ots(bench: &mut Bench) -> f64 {
    let mut rng = bench.rng.clone();
    let choices: Vec<bool> = (0..N_BASE).map(|_| rng.random()).collect();
    bench.fastest(|| {
        let (receiver, points) = BaseReceiver::start(&SESSION, Purpose::Extension, &choices, &mut rng);
        let sent = base::send(&SESSION, Purpose::Extension, N_BASE, &points, &mut rng);
        let (_, reply) = sent.expect("the receiver is honest");
        receiver.finish(&reply).expect("the sender is honest");
    })
}

/// Seconds of both parties for a batch in memory, one party's work after the other's.
pub(super) fn extension(bench: &mut Bench, depth: Depth) -> f64 {
    let mut rng = bench.rng.clone();
    let choices = random_choices(BATCH, &mut rng);
    let (setup, points) = CotSetup::start(&SESSION, depth, &Delta::random(&mut rng), &mut rng);
    let (receiver, trees) = CotReceiver::accept(&SESSION, depth, &points, &mut rng).expect("the sender is honest");
    let mut parties = Some((setup.finish(&trees).expect("the receiver is honest"), receiver));
    bench.fastest(|| {
        let (sender, receiver) = parties.take().expect("every run puts them back");
        let (batch, matrix) = receiver.extend(&choices, &mut rng);
        let (pending, challenge) = sender.extend(BATCH, &matrix, &mut rng).expect("the receiver is honest");
        let (receiver, _, response) = batch.respond(&challenge).expect("the sender is honest");
        let (sender, _) = pending.verify(&response).expect("the receiver is honest");
        parties = Some((sender, receiver));
    })
}

/// Seconds of the fastest of these batches.
fn fastest(depth: Depth, make: Make, n: usize, batches: usize) -> Result<f64, Failure> {
    let times = run_batches(depth, make, n, batches)?;
    Ok(times.iter().min().expect("there is a batch").as_secs_f64())
}

/// Seconds of all of these batches.
fn whole(depth: Depth, make: Make, n: usize, batches: usize) -> Result<f64, Failure> {
    Ok(run_batches(depth, make, n, batches)?.iter().sum::<Duration>().as_secs_f64())
}

/// The time of each batch at the sender, who is done last. The first batch warms up and is not among them.
fn run_batches(depth: Depth, make: Make, n: usize, batches: usize) -> Result<Vec<Duration>, Failure> {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    let receiver = runtime().context("cannot start the runtime")?;
    let listener = receiver.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).context("cannot use loopback")?;
    let address = listener.local_addr().context("cannot use loopback")?;
    let thread = std::thread::spawn(move || {
        receiver.block_on(async {
            let (stream, _) = listener.accept().await.context("cannot use loopback")?;
            let mut link = link(stream)?;
            receive_batches(&mut link, depth, make, n, batches + 1).await?;
            anyhow::Ok(link.close().await?)
        })
    });
    let sent = runtime().context("cannot start the runtime")?.block_on(async {
        let stream = TcpStream::connect(address).await.context("cannot use loopback")?;
        send_batches(&mut link(stream)?, depth, make, n, batches + 1).await
    });
    thread.join().expect("the receiver does not panic")?;
    Ok(sent?)
}

fn link(stream: TcpStream) -> anyhow::Result<Link> {
    stream.set_nodelay(true)?;
    let (reader, writer) = stream.into_split();
    Ok(Link::start(Channel::new(reader, writer, Vec::new())))
}

async fn send_batches(
    link: &mut Link,
    depth: Depth,
    make: Make,
    n: usize,
    batches: usize,
) -> anyhow::Result<Vec<Duration>> {
    let rng = &mut rng();
    let delta = Delta::random(rng);
    let mut sender = transfer::sender(link, BaseDraft::new(N_BASE, rng), &SESSION, depth, &delta).await?;
    let (mut random, mut times) = (RandomOt::new(&SESSION), Vec::new());
    let mut keys = KeyPairs::default();
    if make == Make::Random {
        keys.resize(n, [Block::ZERO; 2]);
    }
    for _ in 0..batches {
        let start = Instant::now();
        let (next, labels) = transfer::send(link, sender, n, rng).await?;
        if make == Make::Random {
            random.sender_into(&delta, &labels, &mut keys);
            std::hint::black_box(&keys);
        }
        sender = next;
        times.push(start.elapsed());
    }
    times.remove(0);
    Ok(times)
}

async fn receive_batches(link: &mut Link, depth: Depth, make: Make, n: usize, batches: usize) -> anyhow::Result<()> {
    let rng = &mut rng();
    let mut receiver = transfer::receiver(link, &SESSION, depth, rng).await?;
    let mut random = RandomOt::new(&SESSION);
    for _ in 0..batches {
        let choices = random_choices(n, rng);
        let (next, labels) = transfer::receive(link, receiver, &choices, rng).await?;
        if make == Make::Random {
            std::hint::black_box(random.receiver(labels));
        }
        receiver = next;
    }
    Ok(())
}
