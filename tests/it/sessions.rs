//! Two processes: agreement, disagreement, silence.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::{command, json, stderr, stdout, temporary};

/// A process that listens, and the address it listens on.
pub(super) struct Listening {
    child: Child,
    pub(super) address: String,
    stderr: BufReader<std::process::ChildStderr>,
}

impl Listening {
    fn start(args: &[&str]) -> Listening {
        Listening::spawn(command(&[&["join"], args, &["--listen", "127.0.0.1:0"]].concat()))
    }

    /// A command that says on its first line where it listens.
    pub(super) fn spawn(mut command: Command) -> Listening {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let address = line.trim().rsplit(' ').next().unwrap().to_owned();
        assert!(address.starts_with("127.0.0.1:"), "{line}");
        Listening { child, address, stderr }
    }

    pub(super) fn finish(mut self) -> Output {
        let mut errors = Vec::new();
        self.stderr.read_to_end(&mut errors).unwrap();
        let mut output = self.child.wait_with_output().unwrap();
        output.stderr = errors;
        output
    }
}

/// Both sides of a session, first the one that listens.
fn join(listen: &[&str], connect: &[&str]) -> [Output; 2] {
    let listening = Listening::start(listen);
    let connected = command(&[&["join"], connect, &["--connect", &listening.address]].concat()).output().unwrap();
    [listening.finish(), connected]
}

#[test]
fn two_processes_get_the_right_answer_whoever_listens_and_whoever_garbles() {
    for garbler in ["alice", "bob"] {
        for (first, second) in [("alice", "bob"), ("bob", "alice")] {
            let args = |party| ["examples/millionaires", "--as", party, "--garbler", garbler, "--json"];
            let [first_result, second_result] = join(&args(first), &args(second)).map(|output| json(&output));
            assert_eq!(first_result["outputs"], serde_json::json!({ first: false }));
            assert_eq!(second_result["outputs"], serde_json::json!({ second: false }));
            assert_eq!(first_result["stats"]["plaintext"], true);
            assert!(
                first_result["stats"]["seconds"]["cold"].as_f64()
                    > first_result["stats"]["seconds"]["after_handshake"].as_f64()
            );
        }
    }
}

/// Both sides exit 4 within two seconds, and both print all of `says`.
#[track_caller]
fn disagree(listen: &[&str], connect: &[&str], says: &[&str]) {
    let start = Instant::now();
    for output in join(listen, connect) {
        let errors = stderr(&output);
        assert_eq!(output.status.code(), Some(4), "{errors}");
        assert_eq!(stdout(&output), "");
        for part in says {
            assert!(errors.contains(part), "{part:?} is not in: {errors}");
        }
    }
    assert!(start.elapsed() < Duration::from_secs(2), "took {:?}", start.elapsed());
}

#[test]
fn disagreement_is_named_on_both_sides() {
    let hamming = |party, bytes| {
        let data = if bytes == "BYTES=1" { r#"{"a":"hex:00"}"# } else { "examples/hamming/bob.json" };
        ["examples/hamming", "--as", party, "--set", bytes, "--input", data]
    };
    disagree(&hamming("alice", "BYTES=1"), &hamming("bob", "BYTES=128"), &["parameter BYTES", "1", "128"]);

    let alice = ["examples/millionaires", "--as", "alice"];
    disagree(&alice, &alice, &["party", "alice"]);

    let changed = std::fs::read_to_string(super::root().join("examples/millionaires/millionaires.hush")).unwrap();
    let changed = temporary("changed.hush", &changed.replacen("a > b", "a >= b", 1));
    let bob = [changed.to_str().unwrap(), "--as", "bob", "--input", r#"{"b":5}"#];
    disagree(&alice, &bob, &["program"]);

    let garbles = |party| ["examples/millionaires", "--as", party, "--garbler", party];
    disagree(&garbles("alice"), &garbles("bob"), &["who garbles", "alice", "bob"]);
    let in_full = |party| ["examples/millionaires", "--as", party, "--no-local", "--garbler", party];
    disagree(&in_full("alice"), &in_full("bob"), &["role"]);
    let bob = ["examples/millionaires", "--as", "bob", "--no-local"];
    disagree(&alice, &bob, &["computing locally", "--no-local", "on", "off"]);
}

#[test]
fn a_peer_that_stays_silent_is_given_up() {
    let listening = Listening::start(&["examples/millionaires", "--as", "alice", "--timeout", "0.5"]);
    let start = Instant::now();
    let silent = TcpStream::connect(&listening.address).unwrap();
    let output = listening.finish();
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    assert!(start.elapsed() < Duration::from_secs(5));
    drop(silent);
}

#[test]
fn a_peer_that_closes_is_reported() {
    let listening = Listening::start(&["examples/millionaires", "--as", "alice"]);
    drop(TcpStream::connect(&listening.address).unwrap());
    let output = listening.finish();
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
}

#[test]
fn a_peer_that_speaks_another_protocol_is_refused() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap().to_string();
    let web = std::thread::spawn(move || {
        let (mut stream, _) = server.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").unwrap();
        let _ = stream.read(&mut [0; 1024]);
    });
    let output = command(&["join", "examples/millionaires", "--as", "bob", "--connect", &address]).output().unwrap();
    web.join().unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    assert!(stderr(&output).contains("does not speak this protocol"), "{}", stderr(&output));
}
