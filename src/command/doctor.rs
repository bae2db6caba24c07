//! `hushgate doctor`: why two machines do not reach each other, one step at a time.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::Context;

use hushgate_runtime::channel::Timeouts;
use hushgate_runtime::channel::tls::{Endpoint, TlsError};

use crate::cli::{Common, DoctorArgs};
use crate::failure::Failure;
use crate::key;
use crate::peers::Peers;
use crate::terminal::outln;

/// Looks up the name, connects, and compares keys; says how far it came.
pub fn run(args: &DoctorArgs, common: &Common) -> Result<(), Failure> {
    let mut report = Vec::new();
    let examined = examine(args, &mut report);
    for line in report.iter().filter(|_| !common.quiet) {
        match &examined {
            Ok(()) => outln!("{line}"),
            Err(_) => eprintln!("{line}"),
        }
    }
    examined
}

fn examine(args: &DoctorArgs, report: &mut Vec<String>) -> Result<(), Failure> {
    let addresses = look_up(&args.connect)?;
    report.push(format!("name      {} is {}", args.connect, addresses[0].ip()));
    let Some(peer) = &args.peer else {
        reach(&addresses)?;
        report.push(format!("port      somebody listens on {}", addresses[0]));
        report.push("key       not compared: name the peer with --peer".to_owned());
        return Ok(());
    };
    let identity = key::read(&args.key.clone().map_or_else(key::default_path, Ok)?)?;
    let pin = Peers::read()?.resolve(peer)?;
    greet(&addresses, &Endpoint::new(&identity, pin))?;
    report.push(format!("port      somebody listens on {}", addresses[0]));
    report.push(format!("key       the other side has the key {}", pin.fingerprint()));
    report.push(
        "all is well up to here; the other side must listen again: this connection was the one it waited for"
            .to_owned(),
    );
    Ok(())
}

fn look_up(text: &str) -> Result<Vec<SocketAddr>, Failure> {
    if !text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok()) {
        return Err(Failure::Usage(format!("--connect {text}: expected HOST:PORT, such as example.org:7000")));
    }
    let found = text.to_socket_addrs().map(Iterator::collect::<Vec<_>>).unwrap_or_default();
    match found.is_empty() {
        true => Err(Failure::Network(format!(
            "{text}: the name was not found: check its spelling, and that this machine can look up names"
        ))),
        false => Ok(found),
    }
}

fn reach(addresses: &[SocketAddr]) -> Result<(), Failure> {
    let mut last = None;
    for address in addresses {
        match TcpStream::connect_timeout(address, PATIENCE) {
            Ok(_) => return Ok(()),
            Err(error) => last = Some((address, error)),
        }
    }
    let (address, error) = last.expect("a name has an address");
    Err(Failure::Network(match error.kind() {
        std::io::ErrorKind::ConnectionRefused => {
            format!(
                "{address}: the machine is there, but nobody listens on this port: has the other side begun to wait?"
            )
        }
        std::io::ErrorKind::TimedOut => format!(
            "{address}: no answer within {PATIENCE:?}: a firewall drops what is sent there, or the machine is off"
        ),
        _ => format!("{address}: {error}"),
    }))
}

/// One connection and not two: who waits for one takes the first that comes.
fn greet(addresses: &[SocketAddr], endpoint: &Endpoint) -> Result<(), Failure> {
    let timeouts = Timeouts { connect: PATIENCE, handshake: PATIENCE, ..Timeouts::default() };
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let greeted = runtime.block_on(endpoint.connect(addresses, &timeouts));
    greeted.map(drop).map_err(|error| {
        if let (TlsError::Network(_), Err(failure)) = (&error, reach(addresses)) {
            return failure;
        }
        let hint = match &error {
            TlsError::Timeout(_) => {
                ": somebody listens but does not answer: it is busy with another connection, or is no hushgate"
            }
            TlsError::WrongKey(_) => ": ask them for what `hushgate id` prints",
            TlsError::KeyRefused(_) => ": tell them what `hushgate id` prints here",
            TlsError::NotTls => ": it waits without --peer, is no hushgate, or is one of another version",
            _ => "",
        };
        Failure::Tls(format!("{}{hint}", addresses[0]), error)
    })
}

const PATIENCE: Duration = Duration::from_secs(5);
