//! Somebody between two parties who carries their bytes, in a way of their own.

use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

/// An address that leads to `to`, for one connection. `carry` moves bytes from one end to the other, in a thread for each direction; what it
/// gives is kept, first of what comes from who connects.
pub fn relay<T: Send + 'static>(
    to: &str,
    carry: impl Fn(TcpStream, TcpStream) -> T + Clone + Send + 'static,
) -> (String, JoinHandle<[T; 2]>) {
    let (listener, to) = (TcpListener::bind("127.0.0.1:0").unwrap(), to.to_owned());
    let address = listener.local_addr().unwrap().to_string();
    let carried = thread::spawn(move || {
        let (near, _) = listener.accept().unwrap();
        let far = TcpStream::connect(to).unwrap();
        let directions = [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)];
        let threads = directions.map(|(from, to)| {
            let carry = carry.clone();
            thread::spawn(move || carry(from, to))
        });
        threads.map(|thread| thread.join().unwrap())
    });
    (address, carried)
}
