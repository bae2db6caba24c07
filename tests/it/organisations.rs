//! Two organisations that share nothing but what they send each other: propose, inspect, approve, join, receipt, log.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::{Value as Json, json};

use super::relay::relay;
use super::sessions::Listening;
use super::{json, root, stderr, stdout, temporary};

/// An organisation: its folder, in which it works, and its own home in it.
pub(super) struct Organisation(pub(super) PathBuf);

impl Organisation {
    /// One with a key.
    pub(super) fn new(name: &str) -> Organisation {
        let folder = temporary(&format!("{name}.marker"), "").with_file_name(format!("organisation-{name}"));
        std::fs::create_dir_all(&folder).unwrap();
        let organisation = Organisation(folder);
        assert!(organisation.run(&["keygen"]).status.success());
        organisation
    }

    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = super::command(args);
        command.current_dir(&self.0).env("HUSHGATE_HOME", self.home());
        command
    }

    pub(super) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    #[track_caller]
    pub(super) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        stdout(&output)
    }

    pub(super) fn home(&self) -> PathBuf {
        self.0.join("home")
    }

    pub(super) fn id(&self) -> String {
        json(&self.run(&["id", "--json"]))["fingerprint"].as_str().unwrap().to_owned()
    }

    pub(super) fn knows(&self, name: &str, other: &Organisation) {
        self.ok(&["peer", "add", name, &other.id()]);
    }

    /// Writes a file itself.
    pub(super) fn has(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    /// Gets a file by mail.
    pub(super) fn gets(&self, file: &Path) {
        std::fs::copy(file, self.0.join(file.file_name().unwrap())).unwrap();
    }

    /// Gets a file under another name.
    pub(super) fn gets_as(&self, file: &Path, name: &str) {
        std::fs::copy(file, self.0.join(name)).unwrap();
    }

    pub(super) fn log(&self) -> Vec<Json> {
        json(&self.run(&["log", "show", "--json"])).as_array().unwrap().clone()
    }
}

/// Two banks that know each other; the first has the program of the example.
fn banks(test: &str) -> [Organisation; 2] {
    let [a, b] = ["a", "b"].map(|name| Organisation::new(&format!("{test}-{name}")));
    a.knows("bank_b", &b);
    b.knows("bank_a", &a);
    let example = root().join("examples/fraud_rates");
    a.gets(&example.join("fraud_rates.hush"));
    a.gets(&example.join("bank_a.json"));
    b.gets(&example.join("bank_b.json"));
    [a, b]
}

/// Two banks of which the first has sent a proposal with these options to the second.
fn proposed(test: &str, options: &[&str]) -> [Organisation; 2] {
    let [a, b] = banks(test);
    a.ok(&[&["propose", "fraud_rates.hush"], options].concat());
    b.gets(&a.0.join(FILE));
    [a, b]
}

/// The same, approved by both.
fn approved(test: &str, options: &[&str]) -> [Organisation; 2] {
    let [a, b] = proposed(test, options);
    a.ok(&["approve", FILE, "--as", "bank_a"]);
    b.ok(&["approve", FILE, "--as", "bank_b"]);
    [a, b]
}

const FILE: &str = "fraud_rates.proposal";

fn join(a: &Organisation, b: &Organisation) -> [Output; 2] {
    join_with((a, FILE, &[]), (b, FILE, &[]))
}

fn join_with(a: (&Organisation, &str, &[&str]), b: (&Organisation, &str, &[&str])) -> [Output; 2] {
    let args = |file, party, input, peer| {
        ["join", file, "--as", party, "--input", input, "--peer", peer, "--json", "--timeout", "20"]
    };
    let first = [&args(a.1, "bank_a", "bank_a.json", "bank_b")[..], a.2, &["--listen", "127.0.0.1:0"]].concat();
    let listening = Listening::spawn(a.0.command(&first));
    let second = [&args(b.1, "bank_b", "bank_b.json", "bank_a")[..], b.2, &["--connect", &listening.address]].concat();
    let connected = b.0.run(&second);
    [listening.finish(), connected]
}

/// The command ends with `code`, prints no result and says all of `says`.
#[track_caller]
pub(super) fn fails(output: &Output, code: i32, says: &[&str]) {
    let errors = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert_eq!(stdout(output), "");
    for part in says {
        assert!(errors.contains(part), "{part:?} is not in: {errors}");
    }
}

#[test]
fn the_whole_walk() {
    let [a, b] = proposed("walk", &["--runs", "5", "--title", "fraud_rates"]);
    let digest = a.ok(&["propose", "fraud_rates.hush", "--runs", "5", "-o", "again.proposal"]);
    assert_eq!(std::fs::read(a.0.join(FILE)).unwrap(), std::fs::read(a.0.join("again.proposal")).unwrap());
    let digest = digest.trim().strip_prefix("proposal ").unwrap();

    let text = b.ok(&["inspect", FILE]);
    for part in [digest, "bank_a", "fraud_cases: u32 in 0..=1000000", "learns", "can reveal", "at most 5 times in all"]
    {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
    b.ok(&["inspect", FILE, "--html", "page.html"]);
    let page = std::fs::read_to_string(b.0.join("page.html")).unwrap();
    assert!(page.contains(digest) && page.contains("a.fraud_cases * b.payments &gt; b.fraud_cases"), "{page}");
    assert!(!page.contains("<script") && !page.contains("http://") && !page.contains("src="), "{page}");

    fails(&b.run(&["approve", FILE, "--as", "bank_b", "--digest", "00"]), 7, &[digest, "nothing was approved"]);
    b.ok(&["approve", FILE, "--as", "bank_b", "--digest", digest]);
    a.ok(&["approve", FILE, "--as", "bank_a"]);
    let [first, second] = join(&a, &b);
    assert_eq!(json(&first)["outputs"]["bank_a"], json!(true));
    assert_eq!(json(&second)["outputs"]["bank_b"], json!(true));

    for (organisation, peer) in [(&a, "bank_b"), (&b, "bank_a")] {
        let receipts = organisation.ok(&["receipt", "list"]);
        let receipt = receipts.split_whitespace().next().unwrap();
        let shown = organisation.ok(&["receipt", "verify", receipt, "--peer", peer]);
        assert!(shown.contains("this organisation") && shown.contains(&format!(", {peer}")), "{shown}");
        assert!(organisation.ok(&["log", "verify"]).contains("2 entries, the chain holds"));
        let log = organisation.log();
        assert_eq!((&log[0]["event"], &log[0]["proposal"]), (&json!("begin"), &json!(digest)));
        assert_eq!((&log[1]["event"], &log[1]["outcome"]), (&json!("end"), &json!("done")));
        assert_eq!(log[1]["receipt"], json!("signed by both"));
    }
    let (ours, theirs) = (a.log(), b.log());
    assert_eq!(ours[0]["meeting"], theirs[0]["meeting"]);
    assert_eq!(ours[1]["sent_digest"], theirs[1]["received_digest"]);
    assert_eq!(ours[1]["received_digest"], theirs[1]["sent_digest"]);
    let receipt = |organisation: &Organisation| {
        let list = organisation.ok(&["receipt", "list"]);
        std::fs::read(list.split_whitespace().next().unwrap()).unwrap()
    };
    assert_eq!(receipt(&a), receipt(&b), "both sides hold the same receipt");
}

#[test]
fn what_is_not_approved_does_not_run() {
    let [a, b] = proposed("not-approved", &[]);
    b.ok(&["approve", FILE, "--as", "bank_b"]);
    let alone =
        ["join", FILE, "--as", "bank_a", "--input", "bank_a.json", "--peer", "bank_b", "--listen", "127.0.0.1:0"];
    fails(&a.run(&alone), 7, &["has not approved", "hushgate approve"]);
    a.ok(&["approve", FILE, "--as", "bank_b"]);
    fails(&a.run(&alone), 7, &["approved the proposal as bank_b, not as bank_a"]);
    a.ok(&["approve", FILE, "--as", "bank_a"]);
    a.ok(&["approve", FILE, "--withdraw"]);
    fails(&a.run(&alone), 7, &["has not approved"]);
    fails(&a.run(&["approve", FILE, "--withdraw"]), 2, &["nothing to withdraw"]);
    fails(&a.run(&["approve", FILE]), 2, &["--as"]);
    fails(&a.run(&["approve", FILE, "--as", "bank_c"]), 2, &["bank_c"]);
    fails(&a.run(&["approve", "fraud_rates.hush", "--as", "bank_a"]), 2, &["not a proposal"]);

    // Another key has signed what is there.
    a.ok(&["approve", FILE, "--as", "bank_a"]);
    std::fs::rename(a.home().join("secret.key"), a.home().join("old.key")).unwrap();
    a.ok(&["keygen"]);
    fails(&a.run(&alone), 7, &["signed by the key", "approve it again"]);
    fails(&a.run(&["join", FILE, "--as", "bank_a", "--listen", "127.0.0.1:0"]), 2, &["--peer"]);
}

#[test]
fn whatever_is_edited_voids_the_approval() {
    let [a, b] = approved("edited", &["--runs", "5"]);
    let text = std::fs::read_to_string(a.0.join(FILE)).unwrap();
    let join =
        ["join", FILE, "--as", "bank_a", "--input", "bank_a.json", "--peer", "bank_b", "--listen", "127.0.0.1:0"];
    let edits = [
        text.replace("\"runs\": 5", "\"runs\": 6"),
        text.replace("b.fraud_cases * a.payments", "b.fraud_cases * b.payments"),
        text.replace("\"title\": \"fraud_rates\"", "\"title\": \"harmless\""),
        text.replace("    ", "  "),
        text.clone() + " ",
    ];
    for edited in edits {
        assert_ne!(edited, text);
        std::fs::write(a.0.join(FILE), edited).unwrap();
        fails(&a.run(&join), 7, &["changed after it was made"]);
        fails(&a.run(&["inspect", FILE]), 7, &["changed after it was made"]);
    }
    for broken in ["", "{}", "party a;", &text.replace("proposal v1", "proposal v9"), &text[..text.len() / 2]] {
        std::fs::write(a.0.join(FILE), broken).unwrap();
        fails(&a.run(&join), 2, &["not a proposal"]);
    }
    // A new digest over changed contents is another proposal, which nobody has approved.
    a.ok(&["propose", "fraud_rates.hush", "--runs", "6"]);
    fails(&a.run(&join), 7, &["has not approved"]);
    drop(b);
}

#[test]
fn sides_that_have_approved_different_proposals_are_told_what_differs() {
    for (test, change, field) in [
        ("differs-rule", &["--runs", "9"][..], "rule runs in all"),
        ("differs-title", &["--runs", "5", "--title", "other"], "title"),
        ("differs-garbler", &["--runs", "5", "--garbler", "bank_b"], "garbler"),
    ] {
        let [a, b] = approved(test, &["--runs", "5"]);
        let propose = ["propose", "fraud_rates.hush", "-o", "other.proposal"];
        b.gets(&a.0.join("fraud_rates.hush"));
        b.ok(&[&propose[..], change].concat());
        b.ok(&["approve", "other.proposal", "--as", "bank_b"]);
        for output in join_with((&a, FILE, &[]), (&b, "other.proposal", &[])) {
            fails(&output, 4, &[field]);
        }
        let refused = a.log();
        assert_eq!(refused.iter().map(|entry| &entry["event"]).collect::<Vec<_>>(), [&json!("refused")]);
    }
}

#[test]
fn a_changed_source_is_named() {
    let [a, b] = approved("differs-source", &[]);
    let source = std::fs::read_to_string(a.0.join("fraud_rates.hush")).unwrap();
    std::fs::write(b.0.join("fraud_rates.hush"), source + "\n// harmless\n").unwrap();
    b.ok(&["propose", "fraud_rates.hush"]);
    b.ok(&["approve", FILE, "--as", "bank_b"]);
    for output in join(&a, &b) {
        fails(&output, 4, &["source fraud_rates.hush"]);
    }
}

#[test]
fn one_side_without_a_proposal_is_told() {
    let [a, b] = approved("one-sided", &[]);
    b.gets(&a.0.join("fraud_rates.hush"));
    for output in join_with((&a, FILE, &[]), (&b, "fraud_rates.hush", &[])) {
        fails(&output, 4, &["proposal", "nothing"]);
    }
}

#[test]
fn a_peer_can_be_required_to_have_approved() {
    let [a, b] = approved("required", &[]);
    b.gets(&a.0.join("fraud_rates.hush"));
    let [first, second] = join_with((&a, "fraud_rates.hush", &[]), (&b, "fraud_rates.hush", &[]));
    assert!(first.status.success() && second.status.success(), "{}{}", stderr(&first), stderr(&second));
    a.ok(&["peer", "add", "bank_b", &b.id(), "--require-approval"]);
    for peer in ["bank_b", &b.id()] {
        let bare = ["join", "fraud_rates.hush", "--as", "bank_a", "--input", "bank_a.json", "--peer", peer];
        fails(&a.run(&[&bare[..], &["--listen", "127.0.0.1:0"]].concat()), 7, &["approved", "hushgate propose"]);
    }
    let [first, second] = join(&a, &b);
    assert!(first.status.success() && second.status.success(), "{}{}", stderr(&first), stderr(&second));
}

#[test]
fn release_rules_of_either_side_hold() {
    let [a, b] = proposed("rules", &["--runs-per-day", "2"]);
    a.ok(&["approve", FILE, "--as", "bank_a"]);
    b.ok(&["approve", FILE, "--as", "bank_b", "--runs", "1"]);
    let [first, second] = join(&a, &b);
    assert!(first.status.success() && second.status.success(), "{}{}", stderr(&first), stderr(&second));
    let [first, second] = join(&a, &b);
    fails(&second, 7, &["release rule", "it ran 1 times", "1 are allowed"]);
    fails(&first, 4, &["the other party refuses", "release rules"]);
    assert!(!stderr(&first).contains("ran 1"), "how often is b's business: {}", stderr(&first));

    b.ok(&["approve", FILE, "--as", "bank_b"]);
    let [first, second] = join(&a, &b);
    assert!(first.status.success() && second.status.success(), "{}{}", stderr(&first), stderr(&second));
    for output in join(&a, &b) {
        fails(&output, 7, &["2 times with this peer in the last 24 hours"]);
    }
    std::fs::write(b.home().join("runs.json"), "{").unwrap();
    fails(&join(&a, &b)[1], 7, &["runs.json", "cannot be counted"]);
}

#[test]
fn what_stands_twice_is_refused_where_a_side_says_so_or_both_have_agreed() {
    let [a, b] = banks("unique");
    a.has(
        "shared.hush",
        "party bank_a, bank_b;\nstruct Client { id: u16, cents: u16 }\nfn main(x: [Client; 3] from bank_a, y: [Client; 3] from bank_b) -> u32 to all {\n    \
         x.concat(y).map(|client| client.cents).sum()\n}\n",
    );
    a.has("bank_a.csv", "id,cents\n7,1\n8,2\n7,3\n");
    let data = ["--input", "bank_a=bank_a.csv", "--input", "bank_b=bank_a.csv", "--json"];
    a.ok(&[&["eval", "shared.hush"], &data[..]].concat());
    let repeated = "bank_a.csv: line 4, column \"id\": found 7, which stands in line 2 already";
    fails(&a.run(&[&["run", "shared.hush", "--unique", "id"], &data[..]].concat()), 3, &[repeated, "--unique id"]);
    fails(&a.run(&[&["run", "shared.hush", "--unique", "name"], &data[..]].concat()), 2, &["--unique name"]);
    fails(&a.run(&["propose", "shared.hush", "--unique", "name"]), 2, &["--unique name"]);
    a.ok(&["propose", "shared.hush", "--unique", "id"]);
    b.gets(&a.0.join("shared.proposal"));
    assert!(b.ok(&["inspect", "shared.proposal"]).contains("where the same `id` stands in them twice"));
    a.ok(&["approve", "shared.proposal", "--as", "bank_a"]);
    let join = ["join", "shared.proposal", "--as", "bank_a", "--input", "bank_a.csv", "--peer", "bank_b"];
    fails(&a.run(&[&join[..], &["--connect", "127.0.0.1:9"]].concat()), 3, &[repeated]);
}

#[test]
fn a_receipt_or_a_log_that_was_changed_is_found_out() {
    let [a, b] = approved("tampered", &[]);
    join(&a, &b).iter().for_each(|output| assert!(output.status.success(), "{}", stderr(output)));
    let list = b.ok(&["receipt", "list"]);
    let receipt = list.split_whitespace().next().unwrap();
    let text = std::fs::read_to_string(receipt).unwrap();
    let value: Json = serde_json::from_str(&text).unwrap();
    for field in ["meeting", "program", "proposal", "from_garbler", "from_evaluator"] {
        let digest = value[field].as_str().unwrap();
        let changed = digest.replace(&digest[..1], if digest.starts_with('0') { "1" } else { "0" });
        std::fs::write(b.0.join("changed.json"), text.replace(digest, &changed)).unwrap();
        fails(&b.run(&["receipt", "verify", "changed.json"]), 7, &["signature"]);
    }
    let carol = Organisation::new("tampered-carol");
    b.knows("carol", &carol);
    fails(&b.run(&["receipt", "verify", receipt, "--peer", "carol"]), 7, &["neither side is carol"]);

    let path = b.home().join("log.jsonl");
    let log = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, log.replace("bank_b", "bank_x")).unwrap();
    fails(&b.run(&["log", "verify"]), 7, &["line 1", "changed"]);
    let second = log.split_inclusive('\n').nth(1).unwrap();
    std::fs::write(&path, second).unwrap();
    fails(&b.run(&["log", "verify"]), 7, &["line 1", "removed, added or moved"]);
    std::fs::write(&path, log + "{\"n\":2,\"ti").unwrap();
    assert!(b.ok(&["log", "verify"]).contains("2 entries"));
    join(&a, &b).iter().for_each(|output| assert!(output.status.success(), "{}", stderr(output)));
    assert!(b.ok(&["log", "verify"]).contains("4 entries"));
}

/// Inputs and results are small numbers that anyone could guess: what is kept must not let them check a guess.
#[test]
fn nothing_that_is_kept_tells_inputs_or_helps_to_guess_them() {
    let [a, b] = approved("secrets", &[]);
    join(&a, &b).iter().for_each(|output| assert!(output.status.success(), "{}", stderr(output)));
    let input: Json = serde_json::from_slice(&std::fs::read(a.0.join("bank_a.json")).unwrap()).unwrap();
    let numbers: Vec<String> = input["a"].as_object().unwrap().values().map(Json::to_string).collect();
    let log = std::fs::read_to_string(a.home().join("log.jsonl")).unwrap();
    let receipt = std::fs::read_to_string(a.ok(&["receipt", "list"]).split_whitespace().next().unwrap()).unwrap();
    let key = std::fs::read_to_string(a.home().join("secret.key")).unwrap();
    for text in [&log, &receipt] {
        assert!(numbers.iter().all(|number| !text.contains(&format!(":{number}"))), "{text}");
        assert!(!text.contains(key.lines().nth(1).unwrap()));
    }
    // The same inputs again have other commitments, and so has the same result.
    join(&a, &b).iter().for_each(|output| assert!(output.status.success(), "{}", stderr(output)));
    let log = a.log();
    assert_ne!(log[0]["inputs"][0]["commitment"], log[2]["inputs"][0]["commitment"]);
    assert_ne!(log[1]["result"], log[3]["result"]);
    let openings: Vec<_> = std::fs::read_dir(a.home().join("openings")).unwrap().collect();
    assert_eq!(openings.len(), 2);
}

/// Killed at any moment, nothing is left half done: files read, the log verifies, and the next run works.
#[test]
fn a_kill_at_any_moment_leaves_everything_whole() {
    let [a, b] = approved("killed", &[]);
    for point in 0..20 {
        let args = |party, input, peer| {
            [
                "join",
                FILE,
                "--as",
                party,
                "--input",
                input,
                "--peer",
                peer,
                "--json",
                "--timeout",
                "20",
                "-o",
                "result.json",
            ]
        };
        let first = [&args("bank_a", "bank_a.json", "bank_b")[..], &["--listen", "127.0.0.1:0"]].concat();
        let listening = Listening::spawn(a.command(&first));
        let second = [&args("bank_b", "bank_b.json", "bank_a")[..], &["--connect", &listening.address]].concat();
        let mut victim = b.command(&second);
        let mut victim =
            victim.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(point * 8));
        victim.kill().unwrap();
        victim.wait().unwrap();
        drop(listening);
        for organisation in [&a, &b] {
            organisation.ok(&["log", "verify"]);
            organisation.ok(&["receipt", "list"]);
            if let Ok(result) = std::fs::read(organisation.0.join("result.json")) {
                assert!(serde_json::from_slice::<Json>(&result).is_ok());
            }
        }
    }
    for output in join(&a, &b) {
        assert!(output.status.success(), "{}", stderr(&output));
    }
    b.ok(&["log", "verify"]);
}

#[test]
fn doctor_tells_how_far_it_came() {
    let [a, b] = banks("doctor");
    fails(&a.run(&["doctor", "--connect", "no-such-host.invalid:7000"]), 5, &["name was not found"]);
    fails(&a.run(&["doctor", "--connect", "127.0.0.1"]), 2, &["HOST:PORT"]);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap().to_string();
    assert!(a.ok(&["doctor", "--connect", &address]).contains("somebody listens"));
    drop(closed);
    fails(&a.run(&["doctor", "--connect", &address]), 5, &["nobody listens"]);
    let wait = |peer| {
        let args = [
            "join",
            "fraud_rates.hush",
            "--as",
            "bank_a",
            "--input",
            "bank_a.json",
            "--peer",
            peer,
            "--listen",
            "127.0.0.1:0",
        ];
        Listening::spawn(a.command(&args))
    };
    let listening = wait("bank_b");
    let told = b.ok(&["doctor", "--connect", &listening.address, "--peer", "bank_a"]);
    assert!(told.contains(&a.id()) && told.contains("waits as bank_a, without a proposal"), "{told}");
    // It has disturbed nobody.
    let connect = ["join", "fraud_rates.hush", "--as", "bank_b", "--input", "bank_b.json", "--peer", "bank_a"];
    b.gets(&a.0.join("fraud_rates.hush"));
    b.ok(&[&connect[..], &["--connect", &listening.address]].concat());
    assert!(listening.finish().status.success());
    let carol = Organisation::new("doctor-carol");
    carol.knows("bank_a", &b);
    let listening = wait("bank_b");
    let wrong = carol.run(&["doctor", "--connect", &listening.address, "--peer", "bank_a", "-q"]);
    fails(&wrong, 6, &["wrong key"]);
    drop(listening);
    carol.ok(&["peer", "remove", "bank_a"]);
    carol.knows("bank_a", &a);
    let listening = wait("bank_b");
    let unknown = carol.run(&["doctor", "--connect", &listening.address, "--peer", "bank_a", "-q"]);
    fails(&unknown, 4, &["does not accept our key"]);
}

/// One that is in a run says so to its peer, whether that asks or wants to join.
#[test]
fn one_that_is_in_a_run_says_so() {
    let [a, b] = banks("busy");
    let program = root().join("examples/millionaires");
    let program = program.to_str().unwrap();
    // The results of so many runs are more than a pipe holds: nobody reads them, so the runs do not end.
    let join = |party, peer, timeout| {
        ["join", program, "--as", party, "--peer", peer, "--repeat", "60000", "--json", "--timeout", timeout]
    };
    let listen = [&join("alice", "bank_b", "60")[..], &["--listen", "127.0.0.1:0"]].concat();
    let listening = Listening::spawn(a.command(&listen));
    let connect = |timeout| [&join("bob", "bank_a", timeout)[..], &["--connect", &listening.address]].concat();
    let mut connected = b.command(&connect("60")).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut results = BufReader::new(connected.stdout.take().unwrap());
    assert!(results.read_line(&mut String::new()).unwrap() > 0);
    let doctor = ["doctor", "--connect", &listening.address, "--peer", "bank_a"];
    fails(&b.run(&doctor), 5, &["has the right key", "is in a run"]);
    fails(&b.run(&connect("1")), 5, &["waiting until that is over", "is in another run: try again"]);
    connected.kill().unwrap();
    connected.wait().unwrap();
}

/// One that neither answers nor refuses, as behind a firewall; one that answers and says nothing; and one that speaks something else.
#[test]
fn doctor_tells_silence_apart() {
    let [_, b] = banks("doctor-silence");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (full, waiting) = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        // Once nobody accepts, the kernel drops what comes beyond its queue.
        let mut waiting = Vec::new();
        while let Ok(Ok(stream)) =
            tokio::time::timeout(std::time::Duration::from_millis(300), tokio::net::TcpStream::connect(address)).await
        {
            waiting.push(stream);
            assert!(waiting.len() < 100, "the queue has no end");
        }
        (listener, waiting)
    });
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let speaks = std::thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = other.accept().unwrap();
        stream.write_all(b"220 mail.example ESMTP ready\r\n").unwrap();
    });
    let doctor = |address: &str| {
        let args = ["doctor", "--connect", address, "--peer", "bank_a"];
        b.command(&args).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    // At once, as each waits for five seconds.
    let [dropped, busy] = [full.local_addr().unwrap(), silent.local_addr().unwrap()].map(|to| doctor(&to.to_string()));
    fails(&doctor(&address).wait_with_output().unwrap(), 6, &["is no hushgate, or is one of another version"]);
    fails(&dropped.wait_with_output().unwrap(), 5, &["no answer within 5s", "firewall"]);
    fails(&busy.wait_with_output().unwrap(), 5, &["somebody listens but does not answer", "busy"]);
    speaks.join().unwrap();
    drop(waiting);
}

/// Carries bytes and keeps them.
fn recorded(mut from: TcpStream, mut to: TcpStream) -> Vec<u8> {
    let (mut seen, mut piece) = (Vec::new(), [0; 1 << 14]);
    while let Ok(n @ 1..) = from.read(&mut piece) {
        seen.extend_from_slice(&piece[..n]);
        let _ = to.write_all(&piece[..n]);
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
    seen
}

#[test]
fn a_recorder_between_two_organisations_sees_nothing_and_can_replay_nothing() {
    let [a, b] = approved("recorder", &[]);
    let args = |party, input, more: &[&str]| {
        [&["join", FILE, "--as", party, "--input", input, "--timeout", "10"], more].concat().join(" ")
    };
    let ours = |more: &str| args("bank_a", "bank_a.json", &["--peer", "bank_b", more]);
    let theirs = |more: &str| args("bank_b", "bank_b.json", &["--peer", "bank_a", more]);
    let words = |line: String| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let command =
        |who: &Organisation, line: String| who.command(&words(line).iter().map(String::as_str).collect::<Vec<_>>());
    let listening = Listening::spawn(command(&a, ours("--listen 127.0.0.1:0")));
    let (address, recording) = relay(&listening.address, recorded);
    let connected = command(&b, theirs(&format!("--connect {address}"))).output().unwrap();
    assert!(connected.status.success() && listening.finish().status.success(), "{}", stderr(&connected));
    let seen = recording.join().unwrap();
    assert!(seen.iter().all(|bytes| bytes.len() > 1000), "it saw the whole session");
    let proposal: Json = serde_json::from_slice(&std::fs::read(a.0.join(FILE)).unwrap()).unwrap();
    let digest = proposal["digest"].as_str().unwrap();
    let program = proposal["proposal"]["program"].as_str().unwrap();
    let raw = |hex: &str| -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
    };
    let values = std::fs::read_to_string(a.0.join("bank_a.json")).unwrap();
    let numbers = values.split(|c: char| !c.is_ascii_digit()).filter(|text| text.len() > 3);
    let texts = ["bank_a", "bank_b", "fraud", "payments", "HUSHGATE", "half-gates", digest, program];
    let mut secrets: Vec<Vec<u8>> = texts.into_iter().chain(numbers).map(|text| text.as_bytes().to_vec()).collect();
    secrets.extend([raw(digest), raw(program)]);
    let sees = |seen: &[Vec<u8>; 2], secret: &[u8]| {
        seen.iter().any(|bytes| bytes.windows(secret.len()).any(|window| window == secret))
    };
    for secret in &secrets {
        assert!(!sees(&seen, secret), "{:?}", String::from_utf8_lossy(secret));
    }
    // The search would find them: the same without TLS.
    let plain = |party, input, more| command(&a, args(party, input, &[more]).replace(FILE, "fraud_rates.hush"));
    a.gets(&b.0.join("bank_b.json"));
    let listening = Listening::spawn(plain("bank_a", "bank_a.json", "--listen 127.0.0.1:0"));
    let (address, recording) = relay(&listening.address, recorded);
    let connected = plain("bank_b", "bank_b.json", &format!("--connect {address}")).output().unwrap();
    assert!(connected.status.success() && listening.finish().status.success(), "{}", stderr(&connected));
    let in_the_clear = recording.join().unwrap();
    for secret in [&b"bank_a"[..], b"half-gates", &raw(program)] {
        assert!(sees(&in_the_clear, secret), "{:?}", String::from_utf8_lossy(secret));
    }
    // What either side sent, sent once more to the other: to one that waits, and to one that connects.
    let [from_b, from_a] = seen;
    let listening =
        Listening::spawn(command(&a, ours("--listen 127.0.0.1:0 --timeout 2").replacen("--timeout 10 ", "", 1)));
    let mut replay = TcpStream::connect(&listening.address).unwrap();
    replay.write_all(&from_b).unwrap();
    let output = listening.finish();
    fails(&output, 6, &["still waiting"]);
    drop(replay);
    let replaying = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = replaying.local_addr().unwrap();
    let replay = thread::spawn(move || {
        let (mut stream, _) = replaying.accept().unwrap();
        let _ = stream.write_all(&from_a);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let connected = command(&b, theirs(&format!("--connect {address}"))).output().unwrap();
    fails(&connected, 6, &["cannot connect"]);
    replay.join().unwrap();
    assert_eq!(a.log().len(), 2, "one run: its beginning and its end");
}

#[test]
fn made_up_data_fit_the_program() {
    let [a, _] = banks("synth");
    a.ok(&["synth", "fraud_rates.hush", "-o", "made-up"]);
    let result = json(&a.run(&["run", "fraud_rates.hush", "--data", "made-up", "--json"]));
    assert!(result["outputs"]["bank_a"].is_boolean());
    fails(&a.run(&["synth", "fraud_rates.hush", "-o", "made-up"]), 7, &["bank_a.json", "--overwrite"]);
    a.ok(&["synth", "fraud_rates.hush", "-o", "made-up", "--overwrite"]);
}
