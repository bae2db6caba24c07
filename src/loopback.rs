//! Both parties in this process, each in a thread of its own with a runtime of its own, as two processes would be.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::panic::resume_unwind;
use std::thread::{ScopedJoinHandle, scope};

use anyhow::Context;
use hushgate_runtime::channel::tcp;
use hushgate_runtime::garble::Threads;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::failure::Failure;

/// What carries a party's session. One thread, if that is all it has: who waits for the connection is then who goes on, with no other thread to be woken.
///
/// # Errors
/// If the system has no threads.
pub fn runtime(threads: Threads) -> Result<Runtime, Failure> {
    let mut builder = match threads.count() {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    Ok(builder.enable_all().build().context("cannot start the runtime")?)
}

/// Does both at the same time.
///
/// # Errors
/// If the system has no threads.
pub fn apart<A: Send, B: Send>(
    threads: Threads,
    first: impl AsyncFnOnce() -> A + Send,
    second: impl AsyncFnOnce() -> B + Send,
) -> Result<(A, B), Failure> {
    scope(|scope| {
        let first = scope.spawn(move || Ok(runtime(threads)?.block_on(first())));
        let second = scope.spawn(move || Ok(runtime(threads)?.block_on(second())));
        Ok((joined(first)?, joined(second)?))
    })
}

fn joined<T>(thread: ScopedJoinHandle<'_, Result<T, Failure>>) -> Result<T, Failure> {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// Where one listens, and the other learns where.
pub fn ends() -> (Listening, Connecting) {
    let (tell, told) = oneshot::channel();
    (Listening(tell), Connecting(told))
}

/// The end that listens.
pub struct Listening(oneshot::Sender<SocketAddr>);

/// The end that connects.
pub struct Connecting(oneshot::Receiver<SocketAddr>);

impl Listening {
    /// Listens on a free port.
    pub async fn listener(self) -> io::Result<tcp::Listener> {
        let listener = tcp::Listener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        // If the other end is gone nobody comes, which is found out by waiting.
        let _ = self.0.send(listener.local_addr()?);
        Ok(listener)
    }
}

impl Connecting {
    /// Where the other end listens.
    pub async fn address(self) -> io::Result<SocketAddr> {
        self.0.await.map_err(|_| io::ErrorKind::NotConnected.into())
    }
}
