//! `hushgate doctor`: why two machines do not reach each other, one step at a time.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::Context;

use hushgate_runtime::channel::Timeouts;
use hushgate_runtime::channel::tls::{Endpoint, TlsError};
use hushgate_runtime::party::meeting::overhear;

use crate::cli::{Common, DoctorArgs};
use crate::failure::Failure;
use crate::key;
use crate::peers::Peers;
use crate::statement::Statement;
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
    let said = greet(&addresses, &Endpoint::new(&identity, pin))?;
    report.push(format!("port      somebody listens on {}", addresses[0]));
    report.push(format!("key       the other side has the key {}", pin.fingerprint()));
    report.push(format!("version   {}", heard(&said)?));
    report.push("all is well; the other side goes on waiting".to_owned());
    Ok(())
}

/// What the other side has said of itself.
fn heard(said: &[u8]) -> Result<String, Failure> {
    let version = Statement::version_of(said);
    if let Some(theirs) = version.filter(|&version| version != Statement::own_version()) {
        return Err(Failure::Agreement(format!(
            "the other side speaks version {theirs} of the protocol, this side version {}: one of the two must install the other's",
            Statement::own_version()
        )));
    }
    let theirs = Statement::from_bytes(said)?;
    if theirs.busy {
        return Err(Failure::Network(
            "the other side is there and has the right key, but is in a run: try again when that is over".to_owned(),
        ));
    }
    let plain = |text: &str| text.chars().take(80).flat_map(char::escape_debug).collect::<String>();
    let ours = crate::proposal::compiler();
    let waits = format!("the same protocol; it waits as {}", plain(&theirs.party));
    match (theirs.field("title"), theirs.field("compiler")) {
        (_, Some(compiler)) if compiler != ours => Err(Failure::Agreement(format!(
            "the other side waits with a proposal that {} has made; this is {ours}: one of the two must install the other's",
            plain(compiler)
        ))),
        (Some(title), _) => Ok(format!("{waits}, with the proposal {}", plain(title))),
        (None, _) => Ok(format!("{waits}, without a proposal")),
    }
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

/// Compares keys, and listens to what the other side says first.
fn greet(addresses: &[SocketAddr], endpoint: &Endpoint) -> Result<Vec<u8>, Failure> {
    let timeouts = Timeouts { connect: PATIENCE, handshake: PATIENCE, ..Timeouts::default() };
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let greeted = runtime.block_on(endpoint.connect(addresses, &timeouts));
    let connected = greeted.map_err(|error| {
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
    })?;
    Ok(runtime.block_on(overhear(connected, PATIENCE))?)
}

const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_told_whatever_else_it_says() {
        let said = |text: &str| heard(text.as_bytes());
        let ours = Statement::new("bank_a\u{1b}[2J").to_bytes();
        assert!(heard(&ours).is_ok_and(|text| text.contains("bank_a") && !text.contains('\u{1b}')));
        let busy = heard(&Statement::of_busy("bank_a").to_bytes());
        assert!(matches!(busy, Err(Failure::Network(text)) if text.contains("is in a run")));
        assert!(matches!(said(r#"{"version":9}"#), Err(Failure::Agreement(text)) if text.contains("version 9")));
        assert!(matches!(said(r#"{"version":1}"#), Err(Failure::Peer(_))));
        assert!(matches!(said("HTTP/1.1 200"), Err(Failure::Peer(_))));
        let older = String::from_utf8(ours)
            .expect("it is text")
            .replace("\"fields\":[]", "\"fields\":[[\"compiler\",\"hushgate 0.0.1\"],[\"title\",\"t\"]]");
        assert!(matches!(said(&older), Err(Failure::Agreement(text)) if text.contains("hushgate 0.0.1")));
    }
}
