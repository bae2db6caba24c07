//! Two processes: agreement, disagreement, silence.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::{command, json, stderr, stdout, temporary};

/// A process that listens, and the address it listens on.
pub(super) struct Listening {
    child: Option<Child>,
    pub(super) address: String,
    /// What it said before that.
    said: String,
    stderr: BufReader<std::process::ChildStderr>,
}

impl Listening {
    fn start(args: &[&str]) -> Listening {
        Listening::spawn(command(&[&["join"], args, &["--listen", "127.0.0.1:0"]].concat()))
    }

    /// A command that says where it listens, at the end of a line.
    pub(super) fn spawn(mut command: Command) -> Listening {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "it listens nowhere: {said}");
            match line.trim().rsplit(' ').next().filter(|word| word.starts_with("127.0.0.1:")) {
                Some(address) => break address.to_owned(),
                None => said += &line,
            }
        };
        Listening { child: Some(child), address, said, stderr }
    }

    pub(super) fn finish(mut self) -> Output {
        let mut errors = std::mem::take(&mut self.said).into_bytes();
        self.stderr.read_to_end(&mut errors).unwrap();
        let mut output = self.child.take().unwrap().wait_with_output().unwrap();
        output.stderr = errors;
        output
    }
}

/// One that nobody waits for is killed.
impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

/// Both sides of a session, first the one that listens.
pub(super) fn join(listen: &[&str], connect: &[&str]) -> [Output; 2] {
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

    let opt = |party, level| ["examples/vickrey_auction", "--as", party, "--opt", level];
    disagree(&opt("left", "0"), &opt("right", "2"), &["--opt", "\"0\"", "\"2\""]);

    let repeat = |party, n| ["examples/millionaires", "--as", party, "--repeat", n];
    disagree(&repeat("alice", "2"), &repeat("bob", "3"), &["number of runs", "2", "3"]);

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
    let listening = Listening::start(&["examples/millionaires", "--as", "alice", "--timeout", "0.5"]);
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

/// It is the plan that counts, not how either side came by it.
#[test]
fn a_built_plan_meets_its_source() {
    let plan = temporary("hamming-8.plan", "");
    let plan = plan.to_str().unwrap();
    let built = command(&["build", "examples/hamming", "--set", "BYTES=8", "-o", plan, "--quiet"]).output().unwrap();
    assert!(built.status.success(), "{}", stderr(&built));
    let source = ["examples/hamming", "--as", "alice", "--set", "BYTES=8", "--json", "--input"];
    let source = [&source[..], &[r#"{"a":"hex:0000000000000001"}"#]].concat();
    let built = [plan, "--as", "bob", "--json", "--input", r#"{"b":"hex:0000000000000700"}"#];
    let [alice, bob] = join(&source, &built).map(|output| json(&output));
    assert_eq!(alice["outputs"]["alice"], 4);
    assert_eq!(alice["program"], bob["program"]);
}

/// The lines of a command's output, as JSON.
#[track_caller]
fn lines(output: &Output) -> Vec<serde_json::Value> {
    assert!(output.status.success(), "{}", stderr(output));
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_row_of_a_table_is_a_run() {
    let rows = temporary("rows.csv", "a\n1\n500\n7\n18446744073709551615\n");
    let alice = ["examples/millionaires", "--as", "alice", "--json", "--input", rows.to_str().unwrap()];
    let bob = ["examples/millionaires", "--as", "bob", "--json", "--input", r#"{"b":7}"#, "--repeat", "4"];
    let [alice, bob] = join(&alice, &bob).map(|output| lines(&output));
    let outputs = |lines: &[serde_json::Value], party: &str| -> Vec<bool> {
        lines.iter().map(|line| line["outputs"][party].as_bool().unwrap()).collect()
    };
    assert_eq!(outputs(&alice, "alice"), [false, true, false, true]);
    assert_eq!(outputs(&bob, "bob"), [false, true, false, true]);
    assert_eq!(alice.iter().map(|line| line["run"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4]);
    // Base OTs are made once.
    assert!(bob[0]["stats"]["sent_bytes"]["bob"].as_u64() > Some(8000));
    assert!(bob[3]["stats"]["sent_bytes"]["bob"].as_u64() < Some(200));

    let table = temporary("bad-rows.csv", "a\n1\nmany\n");
    let bad = ["join", "examples/millionaires", "--as", "alice", "--connect", "127.0.0.1:9", "--input"];
    let output = command(&[&bad[..], &[table.to_str().unwrap()]].concat()).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("line 3"), "{}", stderr(&output));
    let output = command(&[&bad[..], &[rows.to_str().unwrap(), "--repeat", "5"]].concat()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("4 rows"), "{}", stderr(&output));
}

/// Ends a process as Ctrl-C does.
fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn ctrl_c_ends_a_session_on_both_sides() {
    let party = |party| ["examples/millionaires", "--as", party, "--repeat", "100000", "--quiet"];
    let alice = ["examples/millionaires", "--as", "alice", "--repeat", "100000"];
    let listening = Listening::start(&alice);
    let connect = [&["join"], &party("bob")[..], &["--connect", &listening.address]].concat();
    let mut connected = command(&connect).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The first results are there, so the session runs.
    let mut results = BufReader::new(connected.stdout.take().unwrap());
    results.read_line(&mut String::new()).unwrap();
    interrupt(&connected);
    let start = Instant::now();
    std::io::copy(&mut results, &mut std::io::sink()).unwrap();
    let connected = connected.wait_with_output().unwrap();
    assert_eq!(connected.status.code(), Some(5), "{}", stderr(&connected));
    assert!(stderr(&connected).contains("stopped"), "{}", stderr(&connected));
    let listening = listening.finish();
    assert_eq!(listening.status.code(), Some(5), "{}", stderr(&listening));
    assert!(stderr(&listening).contains("the other party gave up"), "{}", stderr(&listening));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn ctrl_c_ends_waiting() {
    let listening = Listening::start(&["examples/millionaires", "--as", "alice"]);
    interrupt(listening.child.as_ref().unwrap());
    let output = listening.finish();
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    assert!(stderr(&output).contains("Ctrl-C"), "{}", stderr(&output));
}

/// Everything that a listener may meet before the other party comes.
#[test]
fn strangers_do_not_keep_the_other_party_out() {
    let listening = Listening::start(&["examples/millionaires", "--as", "alice", "--json", "--timeout", "20"]);
    let mut strangers = Vec::new();
    for i in 0..600 {
        let mut stream = TcpStream::connect(&listening.address).unwrap();
        // A name of another protocol, silence, a hello of four gibibytes, and one that never goes on.
        let said: &[u8] = match i % 4 {
            0 => b"GET / HTTP/1.1\r\n\r\n",
            1 => b"",
            2 => b"\x01\x01\0\0\0\0\0\0\xff\xff\xff\xff",
            _ => b"\x01\x01\0\0\0\0\0\0\0\xff\0\0HUSH",
        };
        // Some of them have been turned away by now.
        let _ = stream.write_all(said);
        strangers.push(stream);
    }
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", listening.child.as_ref().unwrap().id())).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    assert!(peak.is_none_or(|kibibytes: u64| kibibytes < 100 * 1024), "{peak:?} KiB");
    let bob = ["join", "examples/millionaires", "--as", "bob", "--json", "--connect", &listening.address];
    assert_eq!(json(&command(&bob).output().unwrap())["outputs"]["bob"], false);
    let output = listening.finish();
    assert!(stderr(&output).contains("still waiting"), "{}", stderr(&output));
    assert_eq!(json(&output)["outputs"]["alice"], false);
}

/// With all that it says of itself, a run tells nobody its inputs, its seed, or anything that comes of them.
#[test]
fn verbose_runs_print_no_secret() {
    let seed = "5eed0ca1f00d5eed0ca1f00d5eed0ca1f00d5eed0ca1f00d5eed0ca1f00d5eed";
    let inputs = [("alice", "a", 8_674_665_223_082_153_551_u64), ("bob", "b", 1_311_768_467_294_899_695)];
    let party = |(name, field, value): (&'static str, &str, u64)| {
        let data = format!("{{\"{field}\":{value}}}");
        ["examples/millionaires", "--as", name, "--json", "-v", "--seed", seed, "--input", &data].map(str::to_owned)
    };
    let [alice, bob] = inputs.map(party);
    let [alice, bob] = [&alice, &bob].map(|args| args.iter().map(String::as_str).collect::<Vec<_>>());
    for output in join(&alice, &bob) {
        let program = json(&output)["program"].as_str().unwrap().to_owned();
        let said = stdout(&output) + &stderr(&output);
        assert!(stderr(&output).contains(&program), "it is verbose");
        for (_, _, value) in inputs {
            assert!(!said.contains(&value.to_string()) && !said.contains(&format!("{value:x}")), "{said}");
        }
        let digits = |text: &&str| text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let circuit = said.lines().find_map(|line| line.strip_prefix("the program's circuit: ")).unwrap();
        let words = said.split(|c: char| !c.is_ascii_alphanumeric());
        let secret = words.filter(digits).find(|word| *word != program && *word != circuit);
        assert_eq!(secret, None, "a key, a label or a seed is in: {said}");
    }
}

/// Files of this kind in a folder that hold something already, and where they stand.
fn unfinished(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().flatten();
    let is_unfinished = |name: &str| name.starts_with(".hushgate-") && name.ends_with(".unfinished");
    let files = files.filter(|file| is_unfinished(&file.file_name().to_string_lossy()));
    files.filter(|file| file.metadata().is_ok_and(|data| data.len() > 0)).map(|file| file.path()).collect()
}

/// Results of many runs wait on the disk, in no file of their name. What a killed process leaves of them is removed by the next one that writes
/// there, and nothing of one that lives.
#[test]
fn rows_are_on_the_disk_before_the_end_and_a_kill_leaves_nothing_that_stays() {
    let folder = temporary("unfinished.marker", "").with_file_name("unfinished");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).unwrap();
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (of_alice, of_bob, other) = (at("alice.csv"), at("bob.csv"), at("other.json"));
    let party = |party| ["examples/millionaires", "--as", party, "--repeat", "500000", "-o"];
    let listening = Listening::start(&[&party("alice")[..], &[&of_alice]].concat());
    let bob = [&["join"], &party("bob")[..], &[&of_bob, "--connect", &listening.address]].concat();
    let mut bob = command(&bob).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while unfinished(&folder).len() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(60) && bob.try_wait().unwrap().is_none(), "no rows were written");
        std::thread::sleep(Duration::from_millis(20));
    }
    let write = || assert!(command(&["run", "examples/millionaires", "-o", &other]).output().unwrap().status.success());
    let theirs = unfinished(&folder);
    write();
    assert!(theirs.iter().all(|file| file.exists()), "both live");
    assert!(bob.try_wait().unwrap().is_none() && !Path::new(&of_bob).exists(), "it is still running");
    bob.kill().unwrap();
    bob.wait().unwrap();
    assert_eq!(listening.finish().status.code(), Some(5));
    let left = unfinished(&folder);
    assert!(left.len() == 1 && theirs.contains(&left[0]), "what the killed one left: {left:?}");
    write();
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().flatten().map(|file| file.file_name()).collect();
    assert_eq!(names, ["other.json"]);
}
