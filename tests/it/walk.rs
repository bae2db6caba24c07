//! What can go wrong at each step of the walk of two organisations: each fault has its own message and exit code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value as Json;

use super::organisations::Organisation;
use super::sessions::Listening;
use super::{root, stderr};

/// A step, what is wrong, and how the command ends: its exit code and what it says.
struct Fault {
    step: &'static str,
    wrong: &'static str,
    code: i32,
    says: &'static [&'static str],
    /// Makes it wrong, and takes the step.
    take: fn(&World) -> Output,
}

/// Two banks that are ready to run, and somebody else.
struct World {
    a: Organisation,
    b: Organisation,
    carol: Organisation,
}

const FILE: &str = "fraud_rates.proposal";
const JOIN: [&str; 8] = ["join", FILE, "--as", "bank_a", "--input", "bank_a.json", "--peer", "bank_b"];

impl World {
    /// All steps are taken up to the run; `--runs 1`.
    fn new() -> World {
        let [a, b, carol] = ["a", "b", "carol"].map(|name| Organisation::new(&format!("fault-{name}")));
        a.knows("bank_b", &b);
        b.knows("bank_a", &a);
        let example = root().join("examples/fraud_rates");
        for file in ["fraud_rates.hush", "bank_a.json"] {
            a.gets(&example.join(file));
        }
        b.gets(&example.join("bank_b.json"));
        a.ok(&["propose", "fraud_rates.hush", "--runs", "1"]);
        b.gets(&a.0.join(FILE));
        a.ok(&["approve", FILE, "--as", "bank_a"]);
        b.ok(&["approve", FILE, "--as", "bank_b"]);
        World { a, b, carol }
    }

    fn wait(&self, options: &[&str]) -> Listening {
        let args = ["join", FILE, "--as", "bank_b", "--input", "bank_b.json", "--peer", "bank_a", "--timeout", "20"];
        Listening::spawn(self.b.command(&[&args[..], options, &["--listen", "127.0.0.1:0"]].concat()))
    }

    /// The first bank joins the second, which waits.
    fn join(&self, options: &[&str]) -> Output {
        let listening = self.wait(&[]);
        self.a.run(&[&JOIN[..], options, &["--connect", &listening.address]].concat())
    }

    /// The first bank joins, and does not come as far as the connection.
    fn join_alone(&self, options: &[&str]) -> Output {
        self.a.run(&[&JOIN[..], options, &["--connect", "127.0.0.1:9"]].concat())
    }

    /// The proposal with something else in it, and the right digest over that.
    fn resealed(&self, change: impl Fn(&mut Json)) -> String {
        let mut value: Json = serde_json::from_slice(&std::fs::read(self.a.0.join(FILE)).unwrap()).unwrap();
        change(&mut value["proposal"]);
        let bytes = serde_json::to_vec(&value["proposal"]).unwrap();
        let digest = blake3::derive_key("hushgate proposal v1", &bytes);
        value["digest"] = digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
        serde_json::to_string_pretty(&value).unwrap() + "\n"
    }

    /// From another version of the compiler, which makes another circuit of the same sources.
    fn of_another_version(&self) {
        let text = self.resealed(|proposal| {
            proposal["compiler"] = "hushgate 9.9.9".into();
            proposal["program"] = "00".repeat(32).into();
        });
        self.a.has("other.proposal", &text);
    }

    fn edit(&self, path: &Path, from: &str, to: &str) {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains(from), "{from:?} is not in {text}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    fn ran(&self) {
        let listening = self.wait(&[]);
        self.a.ok(&[&JOIN[..], &["--connect", &listening.address]].concat());
        assert!(listening.finish().status.success());
    }

    fn receipt(&self) -> PathBuf {
        PathBuf::from(self.a.ok(&["receipt", "list"]).split_whitespace().next().unwrap())
    }
}

const FAULTS: &[Fault] = &[
    Fault {
        step: "propose",
        wrong: "the program has an error",
        code: 1,
        says: &["E0", "fraud_rates.hush"],
        take: |w| {
            w.edit(&w.a.0.join("fraud_rates.hush"), "fraud_cases: u32", "fraud_cases: number");
            w.a.run(&["propose", "fraud_rates.hush"])
        },
    },
    Fault {
        step: "propose",
        wrong: "no source, only a plan",
        code: 2,
        says: &["needs the program's source"],
        take: |w| {
            w.a.ok(&["build", "fraud_rates.hush", "-o", "fraud_rates.plan"]);
            w.a.run(&["propose", "fraud_rates.plan"])
        },
    },
    Fault {
        step: "propose",
        wrong: "a garbler that is no party",
        code: 2,
        says: &["no party \"bank_x\""],
        take: |w| w.a.run(&["propose", "fraud_rates.hush", "--garbler", "bank_x"]),
    },
    Fault {
        step: "inspect",
        wrong: "edited",
        code: 7,
        says: &["changed after it was made"],
        take: |w| {
            w.edit(&w.a.0.join(FILE), "\"runs\": 1", "\"runs\": 2");
            w.a.run(&["inspect", FILE])
        },
    },
    Fault {
        step: "inspect",
        wrong: "not a proposal",
        code: 2,
        says: &["not a proposal"],
        take: |w| {
            w.a.has(FILE, "party a;");
            w.a.run(&["inspect", FILE])
        },
    },
    Fault {
        step: "inspect",
        wrong: "another version",
        code: 4,
        says: &["made by hushgate 9.9.9", "use the same version"],
        take: |w| {
            w.of_another_version();
            w.a.run(&["inspect", "other.proposal"])
        },
    },
    Fault {
        step: "inspect",
        wrong: "says something else than its sources",
        code: 4,
        says: &["not what its sources say"],
        take: |w| {
            let text = w.resealed(|proposal| proposal["parties"][1]["learns"] = Json::Array(Vec::new()));
            w.a.has("other.proposal", &text);
            w.a.run(&["inspect", "other.proposal"])
        },
    },
    Fault {
        step: "approve",
        wrong: "not the digest that was told",
        code: 7,
        says: &["nothing was approved"],
        take: |w| w.a.run(&["approve", FILE, "--as", "bank_a", "--digest", "00"]),
    },
    Fault {
        step: "approve",
        wrong: "no such party",
        code: 2,
        says: &["no party \"bank_c\""],
        take: |w| w.a.run(&["approve", FILE, "--as", "bank_c"]),
    },
    Fault {
        step: "approve",
        wrong: "no key",
        code: 2,
        says: &["there is no key", "hushgate keygen"],
        take: |w| {
            std::fs::remove_file(w.a.home().join("secret.key")).unwrap();
            w.a.run(&["approve", FILE, "--as", "bank_a"])
        },
    },
    Fault {
        step: "approve",
        wrong: "a program and no proposal",
        code: 2,
        says: &["not a proposal: make one"],
        take: |w| w.a.run(&["approve", "fraud_rates.hush", "--as", "bank_a"]),
    },
    Fault {
        step: "join",
        wrong: "not approved",
        code: 7,
        says: &["this side has not approved"],
        take: |w| {
            w.a.ok(&["approve", FILE, "--withdraw"]);
            w.join_alone(&[])
        },
    },
    Fault {
        step: "join",
        wrong: "approved as the other party",
        code: 7,
        says: &["approved the proposal as bank_b, not as bank_a"],
        take: |w| {
            w.a.ok(&["approve", FILE, "--as", "bank_b"]);
            w.join_alone(&[])
        },
    },
    Fault {
        step: "join",
        wrong: "approved with a key of before",
        code: 7,
        says: &["signed by the key", "approve it again"],
        take: |w| {
            std::fs::remove_file(w.a.home().join("secret.key")).unwrap();
            w.a.ok(&["keygen"]);
            w.join_alone(&[])
        },
    },
    Fault {
        step: "join",
        wrong: "others can read the key",
        code: 7,
        says: &["others can read or change this secret key"],
        take: |w| {
            use std::os::unix::fs::PermissionsExt;
            let key = w.a.home().join("secret.key");
            std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o644)).unwrap();
            w.join_alone(&[])
        },
    },
    Fault {
        step: "join",
        wrong: "without --peer",
        code: 2,
        says: &["runs with a known peer"],
        take: |w| w.a.run(&["join", FILE, "--as", "bank_a", "--input", "bank_a.json", "--connect", "127.0.0.1:9"]),
    },
    Fault {
        step: "join",
        wrong: "a peer that is not known",
        code: 2,
        says: &["bank_z", "hushgate peer"],
        take: |w| {
            let args = ["join", FILE, "--as", "bank_a", "--input", "bank_a.json", "--peer", "bank_z"];
            w.a.run(&[&args[..], &["--connect", "127.0.0.1:9"]].concat())
        },
    },
    Fault {
        step: "join",
        wrong: "data out of range",
        code: 3,
        says: &["bank_a.json: a.fraud_cases: found 1000001"],
        take: |w| {
            w.a.has("bank_a.json", "{\"a\": {\"fraud_cases\": 1000001, \"payments\": 5}}");
            w.join_alone(&[])
        },
    },
    Fault {
        step: "join",
        wrong: "data of the other bank",
        code: 3,
        says: &["bank_a gives no input of this name"],
        take: |w| {
            std::fs::copy(w.b.0.join("bank_b.json"), w.a.0.join("bank_a.json")).unwrap();
            w.join_alone(&[])
        },
    },
    Fault {
        step: "join",
        wrong: "nobody there",
        code: 5,
        says: &["cannot connect to 127.0.0.1:9"],
        take: |w| w.join_alone(&[]),
    },
    Fault {
        step: "join",
        wrong: "no such name",
        code: 5,
        says: &["the name was not found"],
        take: |w| w.a.run(&[&JOIN[..], &["--connect", "no-such-host.invalid:7000"]].concat()),
    },
    Fault {
        step: "join",
        wrong: "nobody comes",
        code: 5,
        says: &["nobody connected"],
        take: |w| w.a.run(&[&JOIN[..], &["--listen", "127.0.0.1:0", "--timeout", "0.2", "-q"]].concat()),
    },
    Fault {
        step: "join",
        wrong: "a peer that is busy: it is there and says nothing",
        code: 5,
        says: &["no TLS handshake in time"],
        take: |w| {
            let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let address = silent.local_addr().unwrap().to_string();
            w.a.run(&[&JOIN[..], &["--connect", &address, "--timeout", "0.5"]].concat())
        },
    },
    Fault {
        step: "join",
        wrong: "the other side has another key",
        code: 6,
        says: &["wrong key: expected"],
        take: |w| {
            w.a.ok(&["peer", "remove", "bank_b"]);
            w.a.knows("bank_b", &w.carol);
            w.join(&[])
        },
    },
    Fault {
        step: "join",
        wrong: "both are the same bank",
        code: 4,
        says: &["party"],
        take: |w| {
            w.a.ok(&["approve", FILE, "--as", "bank_b"]);
            w.a.gets(&w.b.0.join("bank_b.json"));
            let listening = w.wait(&[]);
            let args = ["join", FILE, "--as", "bank_b", "--input", "bank_b.json", "--peer", "bank_b"];
            w.a.run(&[&args[..], &["--connect", &listening.address]].concat())
        },
    },
    Fault {
        step: "join",
        wrong: "the other side has approved another proposal",
        code: 4,
        says: &["rule runs in all", "2"],
        take: |w| {
            w.a.ok(&["propose", "fraud_rates.hush", "--runs", "2"]);
            w.a.ok(&["approve", FILE, "--as", "bank_a"]);
            w.join(&[])
        },
    },
    Fault {
        step: "join",
        wrong: "more runs than the other side wants",
        code: 4,
        says: &["number of runs"],
        take: |w| {
            for organisation in [&w.a, &w.b] {
                std::fs::copy(w.a.0.join("fraud_rates.hush"), organisation.0.join("free.hush")).unwrap();
            }
            let args = ["join", "free.hush", "--as", "bank_b", "--input", "bank_b.json", "--peer", "bank_a"];
            let listening = Listening::spawn(w.b.command(&[&args[..], &["--listen", "127.0.0.1:0"]].concat()));
            let args =
                ["join", "free.hush", "--as", "bank_a", "--input", "bank_a.json", "--peer", "bank_b", "--repeat", "2"];
            w.a.run(&[&args[..], &["--connect", &listening.address]].concat())
        },
    },
    Fault {
        step: "join",
        wrong: "more runs than the rules allow",
        code: 7,
        says: &["refuses 1 of these 2 runs", "1 are allowed"],
        take: |w| {
            let listening = w.wait(&["--repeat", "2"]);
            w.a.run(&[&JOIN[..], &["--repeat", "2", "--connect", &listening.address]].concat())
        },
    },
    Fault {
        step: "join",
        wrong: "the limit is reached",
        code: 7,
        says: &["refuses this run: it ran 1 times"],
        take: |w| {
            w.ran();
            w.join(&[])
        },
    },
    Fault {
        step: "join",
        wrong: "the other side's limit is reached",
        code: 4,
        says: &["the other party refuses: its release rules"],
        take: |w| {
            w.ran();
            std::fs::remove_file(w.a.home().join("runs.json")).unwrap();
            w.join(&[])
        },
    },
    Fault {
        step: "join",
        wrong: "the count of runs is damaged",
        code: 7,
        says: &["runs cannot be counted"],
        take: |w| {
            w.a.has("home/runs.json", "{");
            w.join(&[])
        },
    },
    Fault {
        step: "receipt verify",
        wrong: "edited",
        code: 7,
        says: &["is not one of this receipt"],
        take: |w| {
            w.ran();
            let text = std::fs::read_to_string(w.receipt()).unwrap();
            let receipt: Json = serde_json::from_str(&text).unwrap();
            w.edit(&w.receipt(), receipt["program"].as_str().unwrap(), &"0".repeat(64));
            w.a.run(&["receipt", "verify", w.receipt().to_str().unwrap()])
        },
    },
    Fault {
        step: "receipt verify",
        wrong: "of somebody else",
        code: 7,
        says: &["neither side is carol"],
        take: |w| {
            w.ran();
            w.a.knows("carol", &w.carol);
            w.a.run(&["receipt", "verify", w.receipt().to_str().unwrap(), "--peer", "carol"])
        },
    },
    Fault {
        step: "receipt verify",
        wrong: "not a receipt",
        code: 2,
        says: &["not a receipt"],
        take: |w| w.a.run(&["receipt", "verify", FILE]),
    },
    Fault {
        step: "log verify",
        wrong: "a line was edited",
        code: 7,
        says: &["line 2", "its text was changed"],
        take: |w| {
            w.ran();
            w.edit(&w.a.home().join("log.jsonl"), "\"outcome\":\"done\"", "\"outcome\":\"none\"");
            w.a.run(&["log", "verify"])
        },
    },
    Fault {
        step: "log verify",
        wrong: "a line was removed",
        code: 7,
        says: &["line 1", "removed, added or moved"],
        take: |w| {
            w.ran();
            let path = w.a.home().join("log.jsonl");
            let log = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, log.split_once('\n').unwrap().1).unwrap();
            w.a.run(&["log", "verify"])
        },
    },
    Fault {
        step: "log verify",
        wrong: "no log",
        code: 2,
        says: &["there is no log"],
        take: |w| w.a.run(&["log", "verify", "elsewhere.jsonl"]),
    },
];

#[test]
fn each_fault_at_each_step_has_its_own_message_and_exit_code() {
    let (mut told, mut wrong) = (BTreeMap::new(), Vec::new());
    for fault in FAULTS {
        let world = World::new();
        let output = (fault.take)(&world);
        let errors = stderr(&output);
        let place = format!("{}, {}", fault.step, fault.wrong);
        let says_all = fault.says.iter().all(|part| errors.contains(part));
        if output.status.code() != Some(fault.code) || !output.stdout.is_empty() || !says_all {
            wrong.push(format!("{place}: {:?}, expected {} and {:?}: {errors}", output.status, fault.code, fault.says));
        }
        // What is said names the fault and not only the step: no two of a step say the same.
        let error = errors.lines().find(|line| line.starts_with("error")).unwrap_or_default().to_owned();
        if let Some(other) = told.insert((fault.step, error.clone()), fault.wrong) {
            wrong.push(format!("{place} and {other} both say {error:?}"));
        }
        for organisation in [&world.a, &world.b, &world.carol] {
            std::fs::remove_dir_all(&organisation.0).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
