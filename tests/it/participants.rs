//! Many participants, two servers: share, collect, join, open; and everything that can be wrong with a share.

use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value as Json, json};

use super::organisations::{Organisation, fails};
use super::sessions::Listening;
use super::{json, stderr, temporary};

/// Three clinics give a number each, the last two need not; all learn the sum of what is there, and how many gave something.
const PROGRAM: &str = "
party clinic[3];
struct Total { sum: u16, n: u8 }
fn main(x: [Option<u8 in 0..=200>; 3] from each clinic) -> { total: Total to all, own: [u8; 3] to each clinic } {
    let sum = x.map(|x| x.unwrap_or(0)).sum();
    let n = x.count(|x| x.is_some());
    { total: Total { sum, n }, own: x.map(|x| x.unwrap_or(255)) }
}
";

/// Two servers and what they need, and a folder of the program.
struct Cast {
    servers: [Organisation; 2],
    clinics: Vec<Organisation>,
}

impl Cast {
    fn new(test: &str, program: &str) -> Cast {
        let servers = ["a", "b"].map(|name| Organisation::new(&format!("{test}-{name}")));
        let clinics: Vec<_> = (0..3).map(|i| Organisation::new(&format!("{test}-clinic-{i}"))).collect();
        servers[0].knows("server_b", &servers[1]);
        servers[1].knows("server_a", &servers[0]);
        let program = temporary(&format!("{test}.marker"), program);
        for (server, name) in servers.iter().zip(["server_a", "server_b"]) {
            server.ok(&["id", "--out", &format!("{name}.pub")]);
        }
        for organisation in servers.iter().chain(&clinics) {
            std::fs::copy(&program, organisation.0.join("sum.hush")).unwrap();
            for (server, file) in servers.iter().zip(["server_a.pub", "server_b.pub"]) {
                if server.0 != organisation.0 {
                    organisation.gets(&server.0.join(file));
                }
            }
            std::fs::create_dir_all(organisation.0.join("in")).unwrap();
        }
        Cast { servers, clinics }
    }

    /// A clinic shares a value; its two sealed files.
    fn share(&self, i: usize, value: &str) -> [PathBuf; 2] {
        let (member, input) = (format!("clinic[{i}]"), format!("{{\"x\": {value}}}"));
        let to = ["--to", "server_a.pub", "--to", "server_b.pub"];
        let share = ["share", "sum.hush", "--as", &member, "--input", &input];
        self.clinics[i].ok(&[&share[..], &to].concat());
        ["a", "b"].map(|server| self.clinics[i].0.join(format!("clinic_{i}.for.server_{server}.share")))
    }

    /// A clinic shares and sends both.
    fn send(&self, i: usize, value: &str) {
        for (server, file) in self.servers.iter().zip(self.share(i, value)) {
            server.gets_as(&file, &format!("in/clinic_{i}.share"));
        }
    }

    fn join(&self) -> [Output; 2] {
        self.join_with(&[])
    }

    fn join_with(&self, options: &[&str]) -> [Output; 2] {
        let args = |party, peer| {
            ["join", "sum.hush", "--as", party, "--peer", peer, "--shares", "in", "--json", "--timeout", "20"]
        };
        let first = [&args("server_a", "server_b"), options, &["--listen", "127.0.0.1:0"]].concat();
        let listening = Listening::spawn(self.servers[0].command(&first));
        let second = [&args("server_b", "server_a"), options, &["--connect", &listening.address]].concat();
        let connected = self.servers[1].run(&second);
        [listening.finish(), connected]
    }

    /// Both servers go through with it.
    #[track_caller]
    fn runs(&self) -> [Output; 2] {
        let outputs = self.join();
        for (output, server) in outputs.iter().zip(["server_a", "server_b"]) {
            assert_eq!(json(output)["outputs"], json!({ server: null }));
        }
        outputs
    }

    /// What a clinic reads in what both servers send it.
    fn open(&self, i: usize) -> Output {
        for (server, name) in self.servers.iter().zip(["a", "b"]) {
            self.clinics[i].gets(&server.0.join(format!("in/clinic_{i}.from.server_{name}.result")));
        }
        let results = ["a", "b"].map(|name| format!("clinic_{i}.from.server_{name}.result"));
        let keep = format!("clinic_{i}.keep");
        self.clinics[i].run(&["open", "sum.hush", &results[0], &results[1], "--keep", &keep, "--json"])
    }
}

#[test]
fn participants_learn_their_results_and_servers_learn_nothing() {
    let cast = Cast::new("shares-walk", PROGRAM);
    for (i, value) in ["17", "200", "null"].into_iter().enumerate() {
        cast.send(i, value);
    }
    cast.runs();
    for (i, own) in [17, 200, 255].into_iter().enumerate() {
        let member = format!("clinic[{i}]");
        let learned = &json(&cast.open(i))["outputs"][&member];
        assert_eq!(learned["total"], json!({ "sum": 217, "n": 2 }));
        assert_eq!(learned["own"], json!(own));
    }
    let log = cast.servers[0].log();
    assert_eq!((&log[0]["shares"]["participants"], &log[0]["shares"]["left_out"]), (&json!(3), &json!([])));
    assert_eq!(log[0]["shares"]["digest"], cast.servers[1].log()[0]["shares"]["digest"]);

    // What was kept for another submission opens nothing.
    cast.clinics[0].ok(&[
        "share",
        "sum.hush",
        "--as",
        "clinic[0]",
        "--input",
        "{\"x\": 1}",
        "--to",
        "server_a.pub",
        "--to",
        "server_b.pub",
    ]);
    fails(&cast.open(0), 4, &["another submission"]);
    let mut changed: Json =
        serde_json::from_slice(&std::fs::read(cast.servers[1].0.join("in/clinic_1.from.server_b.result")).unwrap())
            .unwrap();
    let masked = changed["masked"].as_str().unwrap().to_owned();
    changed["masked"] =
        (masked[..1].replace(|c| c != '0', "0").replace('0', if masked.starts_with('0') { "1" } else { "0" })
            + &masked[1..])
            .into();
    std::fs::write(cast.servers[1].0.join("in/clinic_1.from.server_b.result"), changed.to_string()).unwrap();
    fails(&cast.open(1), 6, &["the two servers sent different results"]);
}

#[test]
fn who_is_missing_is_left_out_where_the_program_allows_it() {
    let cast = Cast::new("shares-missing", PROGRAM);
    cast.send(0, "17");
    // This one reached one server only.
    let [first, _] = cast.share(1, "5");
    cast.servers[0].gets_as(&first, "in/clinic_1.share");
    let outputs = cast.runs();
    let errors = stderr(&outputs[0]);
    assert!(
        errors.contains("clinic[1] is left out: the other server has no share")
            && errors.contains("clinic[2] is left out: no share came"),
        "{errors}"
    );
    assert!(stderr(&outputs[1]).contains("clinic[1] is left out: no share came (the other server has one)"));
    assert_eq!(json(&cast.open(0))["outputs"]["clinic[0]"]["total"], json!({ "sum": 17, "n": 1 }));
    assert!(!cast.servers[0].0.join("in/clinic_1.from.server_a.result").exists());
    assert_eq!(cast.servers[1].log()[0]["shares"]["left_out"], json!(["clinic[1]", "clinic[2]"]));
}

#[test]
fn without_option_everybody_must_be_there_and_who_is_not_is_named() {
    let cast = Cast::new(
        "shares-required",
        &PROGRAM
            .replace("Option<u8 in 0..=200>", "u8")
            .replace("x.unwrap_or(0)", "x")
            .replace("x.is_some()", "x > 0")
            .replace("x.unwrap_or(255)", "x"),
    );
    cast.send(0, "17");
    for output in cast.join() {
        fails(&output, 3, &["clinic[1]: no share came", "clinic[2]: no share came", "Option"]);
    }
}

#[test]
fn what_is_wrong_with_a_share_is_told_by_participant() {
    let cast = Cast::new("shares-wrong", PROGRAM);
    cast.send(0, "17");
    let [for_a, for_b] = cast.share(1, "3");
    let text = std::fs::read_to_string(&for_a).unwrap();
    let value: Json = serde_json::from_str(&text).unwrap();
    let change = |field: &str, to: &str| {
        let mut value = value.clone();
        match value["header"].get(field) {
            Some(_) => value["header"][field] = to.into(),
            None => value[field] = to.into(),
        }
        serde_json::to_string_pretty(&value).unwrap() + "\n"
    };
    let sealed = value["sealed"].as_str().unwrap();
    let flipped = sealed[..sealed.len() - 1].to_owned() + if sealed.ends_with('0') { "1" } else { "0" };
    let place = cast.servers[0].0.join("in/clinic_1.share");
    for (contents, says) in [
        (std::fs::read_to_string(&for_b).unwrap(), "another recipient: server_b"),
        (change("program", &"0".repeat(64)), "another program"),
        (change("made", "2020-01-01T00:00:00Z"), "its signature does not hold"),
        (change("sealed", &flipped), "its signature does not hold"),
        (change("input_bits", "9"), "not a share"),
        (change("member", "clinic[7]"), "who takes no part"),
        (text[..text.len() / 2].to_owned(), "not a share"),
        (String::new(), "not a share"),
    ] {
        std::fs::write(&place, contents).unwrap();
        let collected = cast.runs();
        let errors = stderr(&collected[0]);
        assert!(errors.contains(says), "{says:?} is not in {errors}");
        // The submission that was good has been computed with; the next attempt needs another one.
        cast.send(0, "17");
    }
}

#[test]
fn two_shares_of_one_participant_do_not_count_and_copies_do() {
    let cast = Cast::new("shares-twice", PROGRAM);
    cast.send(0, "17");
    let files = cast.share(1, "3");
    for (server, file) in cast.servers.iter().zip(&files) {
        server.gets_as(file, "in/one.share");
        server.gets_as(file, "in/copy.share");
    }
    cast.send(2, "4");
    let again = cast.share(2, "5");
    cast.servers[1].gets_as(&again[1], "in/another.share");
    let outputs = cast.runs();
    assert!(
        stderr(&outputs[1]).contains("clinic[2] is left out: two different shares came"),
        "{}",
        stderr(&outputs[1])
    );
    assert_eq!(json(&cast.open(0))["outputs"]["clinic[0]"]["total"], json!({ "sum": 20, "n": 2 }));
}

#[test]
fn a_submission_is_computed_with_once() {
    let cast = Cast::new("shares-replay", PROGRAM);
    cast.send(0, "17");
    cast.runs();
    let outputs = cast.runs();
    assert!(stderr(&outputs[0]).contains("a replay"), "{}", stderr(&outputs[0]));
}

#[test]
fn late_and_unknown_participants_are_left_out() {
    let cast = Cast::new("shares-late", PROGRAM);
    cast.send(0, "17");
    let outputs = cast.join_with(&["--shares-until", "2020-01-01T00:00:00Z"]);
    assert!(stderr(&outputs[0]).contains("it came too late"), "{}", stderr(&outputs[0]));
    let join =
        ["join", "sum.hush", "--as", "server_a", "--peer", "server_b", "--shares", "in", "--listen", "127.0.0.1:0"];
    fails(&cast.servers[0].run(&[&join[..], &["--shares-until", "yesterday"]].concat()), 2, &["--shares-until"]);

    let members =
        format!("\"clinic[0]\" = \"{}\"\n\"clinic[1]\" = \"{}\"\n", cast.clinics[0].id(), cast.clinics[2].id());
    cast.servers.iter().for_each(|server| std::fs::write(server.0.join("members.toml"), &members).unwrap());
    (0..3).for_each(|i| cast.send(i, "9"));
    let outputs = cast.join_with(&["--members", "members.toml"]);
    let errors = stderr(&outputs[1]);
    assert!(outputs[1].status.success(), "{errors}");
    for part in
        ["clinic[1] is left out", "and not by the participant", "clinic[2] is left out", "not in the list of members"]
    {
        assert!(errors.contains(part), "{part:?} is not in {errors}");
    }
}

#[test]
fn mistakes_in_sharing_are_told_before_anything_is_written() {
    let cast = Cast::new("shares-misuse", PROGRAM);
    let clinic = &cast.clinics[0];
    let share = |args: &[&str]| clinic.run(&[&["share", "sum.hush"], args].concat());
    let to = ["--to", "server_a.pub", "--to", "server_b.pub"];
    let with = |args: &[&'static str]| share(&[args, &to].concat());
    fails(&with(&["--as", "clinic[9]", "--input", "{\"x\": 1}"]), 2, &["clinic[9]", "from clinic[0] to clinic[2]"]);
    fails(&with(&["--as", "clinic[0]", "--input", "{\"x\": 201}"]), 3, &["x", "201"]);
    fails(
        &share(&["--as", "clinic[0]", "--input", "{\"x\": 1}", "--to", "server_a.pub"]),
        2,
        &["--to is needed twice"],
    );
    fails(
        &share(&["--as", "clinic[0]", "--input", "{\"x\": 1}", "--to", "server_a.pub", "--to", "server_a.pub"]),
        7,
        &["one organisation"],
    );
    fails(
        &share(&["--as", "clinic[0]", "--input", "{\"x\": 1}", "--to", "sum.hush", "--to", "server_a.pub"]),
        2,
        &["not a public key"],
    );
    let text = std::fs::read_to_string(clinic.0.join("server_a.pub")).unwrap();
    let value: Json = serde_json::from_str(&text).unwrap();
    let other: Json = serde_json::from_slice(&std::fs::read(clinic.0.join("server_b.pub")).unwrap()).unwrap();
    let changed = text.replace(value["sealing"].as_str().unwrap(), other["sealing"].as_str().unwrap());
    std::fs::write(clinic.0.join("changed.pub"), changed).unwrap();
    fails(
        &share(&["--as", "clinic[0]", "--input", "{\"x\": 1}", "--to", "changed.pub", "--to", "server_b.pub"]),
        2,
        &["has not signed it"],
    );
    assert!(!clinic.0.join("clinic_0.keep").exists());
    let join = ["join", "sum.hush", "--as", "server_a", "--peer", "server_b", "--listen", "127.0.0.1:0"];
    fails(&cast.servers[0].run(&join), 2, &["3 parties take part by shares", "--shares"]);
    let as_clinic =
        ["join", "sum.hush", "--as", "clinic[0]", "--peer", "server_b", "--listen", "127.0.0.1:0", "--shares", "in"];
    fails(&cast.servers[0].run(&as_clinic), 2, &["takes part by shares"]);
}

/// Nothing in a share, a result or a log depends on the inputs alone: with other inputs the same places hold other random bits.
#[test]
fn what_one_server_holds_does_not_depend_on_inputs() {
    let cast = Cast::new("shares-private", PROGRAM);
    let ones = |text: &str| text.bytes().filter_map(|c| char::from(c).to_digit(16)).map(u32::count_ones).sum::<u32>();
    let mut found = [0, 0];
    for (sum, value) in found.iter_mut().zip(["0", "200"]) {
        for _ in 0..8 {
            cast.send(0, value);
            cast.runs();
            let text = std::fs::read_to_string(cast.servers[0].0.join("in/clinic_0.from.server_a.result")).unwrap();
            let result: Json = serde_json::from_str(&text).unwrap();
            *sum += ones(result["masked"].as_str().unwrap());
        }
    }
    // 8 results of 32 bits each: 128 ones expected, 8 in a standard deviation.
    for sum in found {
        assert!((80..=176).contains(&sum), "{found:?}");
    }
}
