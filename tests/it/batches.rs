//! Batches between two processes: a row for each run, rules that count rows, and going on after a crash on either side.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::organisations::{Organisation, fails};
use super::sessions::Listening;
use super::{stderr, stdout};

const PROGRAM: &str = include_str!("../../examples/pairwise_quotes/one_quote.hush");

/// What row `i` gives.
fn price(i: u64) -> Option<u64> {
    let (bid, ask) = (100 + i % 7, 95 + i % 13);
    (bid >= ask).then(|| (bid + ask) / 2)
}

/// Two traders with tables of so many rows.
struct Traders {
    buyer: Organisation,
    seller: Organisation,
    file: &'static str,
}

impl Traders {
    fn new(test: &str, n_rows: u64) -> Traders {
        let [buyer, seller] = ["buyer", "seller"].map(|name| Organisation::new(&format!("{test}-{name}")));
        buyer.knows("seller", &seller);
        seller.knows("buyer", &buyer);
        let table = |name: &str, of: fn(u64) -> u64| {
            (0..n_rows).fold(format!("{name}\n"), |text, i| text + &format!("{}\n", of(i)))
        };
        buyer.has("quotes.hush", PROGRAM);
        seller.has("quotes.hush", PROGRAM);
        buyer.has("bids.csv", &table("bid", |i| 100 + i % 7));
        seller.has("asks.csv", &table("ask", |i| 95 + i % 13));
        Traders { buyer, seller, file: "quotes.hush" }
    }

    /// The same under a proposal with these rules, which both approve.
    fn approved(test: &str, n_rows: u64, rules: &[&str]) -> Traders {
        let traders = Traders::new(test, n_rows);
        traders.buyer.ok(&[&["propose", "quotes.hush"], rules].concat());
        traders.seller.gets(&traders.buyer.0.join("quotes.proposal"));
        traders.buyer.ok(&["approve", "quotes.proposal", "--as", "buyer"]);
        traders.seller.ok(&["approve", "quotes.proposal", "--as", "seller"]);
        Traders { file: "quotes.proposal", ..traders }
    }

    fn args<'a>(&'a self, party: &'a str, output: &'a str) -> Vec<&'a str> {
        let (input, peer) = if party == "buyer" { ("bids.csv", "seller") } else { ("asks.csv", "buyer") };
        vec!["batch", self.file, "--as", party, "--input", input, "--peer", peer, "-o", output, "--timeout", "20"]
    }

    fn listen(&self, options: &[&str]) -> Listening {
        let args = [&self.args("buyer", "prices.csv")[..], options, &["--listen", "127.0.0.1:0"]].concat();
        Listening::spawn(self.buyer.command(&args))
    }

    fn connect(&self, address: &str, options: &[&str]) -> Child {
        let args = [&self.args("seller", "prices.json")[..], options, &["--connect", address]].concat();
        self.seller.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn run(&self) -> [Output; 2] {
        self.run_with(&[])
    }

    fn run_with(&self, options: &[&str]) -> [Output; 2] {
        let listening = self.listen(options);
        let connected = self.connect(&listening.address, options).wait_with_output().unwrap();
        [listening.finish(), connected]
    }

    fn prices(&self) -> [PathBuf; 2] {
        [self.buyer.0.join("prices.csv"), self.seller.0.join("prices.json")]
    }

    fn journals(&self) -> [PathBuf; 2] {
        [self.buyer.0.join("prices.csv.journal"), self.seller.0.join("prices.json.journal")]
    }

    /// Both have all rows, right, and nothing besides.
    #[track_caller]
    fn have_all(&self, n_rows: u64) {
        let [csv, json] = self.prices().map(|path| std::fs::read_to_string(path).unwrap());
        let cell = |i: u64| price(i).map_or(String::new(), |price| price.to_string());
        let expected =
            (0..n_rows).fold("row,result\n".to_owned(), |text, i| text + &format!("{},{}\n", i + 1, cell(i)));
        assert_eq!(csv, expected);
        let rows: Vec<Json> = serde_json::from_str(&json).unwrap();
        let expected: Vec<Json> = (0..n_rows).map(|i| json!({ "row": i + 1, "result": price(i) })).collect();
        assert_eq!(rows, expected);
        assert!(self.journals().iter().all(|path| !path.exists()));
    }
}

/// Rows that a journal holds whole.
fn rows_in(journal: &PathBuf) -> usize {
    std::fs::read_to_string(journal).unwrap_or_default().matches("\"learned\"").count()
}

#[track_caller]
fn all_well(outputs: &[Output]) {
    outputs.iter().for_each(|output| assert!(output.status.success(), "{}", stderr(output)));
}

#[test]
fn a_table_gives_a_row_for_each_run() {
    let traders = Traders::new("batch-table", 30);
    let outputs = traders.run();
    all_well(&outputs);
    assert_eq!(stdout(&outputs[0]), "");
    assert!(stderr(&outputs[0]).contains("prices.csv: the results of 30 runs are there"), "{}", stderr(&outputs[0]));
    traders.have_all(30);
    let log = traders.buyer.log();
    assert_eq!((&log[0]["runs"], &log[0]["batch"]["in_all"], &log[1]["runs"]), (&json!(30), &json!(30), &json!(30)));
    let [again, _] = traders.run_with(&["--json"]);
    assert_eq!(super::json(&again), json!({ "file": "prices.csv", "rows": 30, "failed": 0 }));
}

#[test]
fn each_row_of_one_side_meets_each_of_the_other() {
    let traders = Traders::new("batch-pairs", 0);
    traders.buyer.has("bids.csv", "bid\n10\n20\n");
    traders.seller.has("asks.csv", "ask\n8\n15\n30\n");
    all_well(&traders.run_with(&["--pairs"]));
    let [csv, json] = traders.prices().map(|path| std::fs::read_to_string(path).unwrap());
    assert_eq!(csv, "buyer row,seller row,result\n1,1,9\n1,2,\n1,3,\n2,1,14\n2,2,17\n2,3,\n");
    let rows: Vec<Json> = serde_json::from_str(&json).unwrap();
    assert_eq!(rows[4], json!({ "buyer row": 2, "seller row": 2, "result": 17 }));
}

#[test]
fn tables_may_be_lists_and_lines_of_json() {
    let traders = Traders::new("batch-json", 0);
    traders.buyer.has("bids.csv", "bid\n10\n20\n");
    for (name, text) in [("asks.json", "[8, {\"ask\": 15}]"), ("asks.jsonl", "8\n\n15\n")] {
        traders.seller.has(name, text);
        let listening = traders.listen(&[]);
        let args = ["batch", "quotes.hush", "--as", "seller", "--peer", "buyer", "-o", "out.jsonl", "--input", name];
        let connected = traders.seller.run(&[&args[..], &["--connect", &listening.address]].concat());
        if name == "asks.json" {
            fails(&connected, 3, &["asks.json: [1]", "an object"]);
            continue;
        }
        all_well(&[connected, listening.finish()]);
        let lines = std::fs::read_to_string(traders.seller.0.join("out.jsonl")).unwrap();
        assert_eq!(lines, "{\"row\":1,\"result\":9}\n{\"row\":2,\"result\":17}\n");
    }
}

#[test]
fn one_organisation_runs_its_table_with_many() {
    let traders = Traders::new("batch-many", 3);
    let other = Organisation::new("batch-many-other");
    traders.seller.knows("other", &other);
    other.knows("seller", &traders.seller);
    other.has("quotes.hush", PROGRAM);
    other.has("bids.csv", "bid\n1\n200\n300\n");
    let args =
        ["batch", "quotes.hush", "--as", "seller", "--input", "asks.csv", "--peers", "peers.csv", "-o", "all.csv"];
    let wait = |organisation: &Organisation| {
        let args = ["batch", "quotes.hush", "--as", "buyer", "--input", "bids.csv", "--peer", "seller", "-o", "p.csv"];
        Listening::spawn(organisation.command(&[&args[..], &["--listen", "127.0.0.1:0"]].concat()))
    };
    let first = wait(&traders.buyer);
    // Nobody waits at the second yet: the first is served, and what it gave is kept.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    traders.seller.has("peers.csv", &format!("peer,connect\nbuyer,{}\nother,{free}\n", first.address));
    let half = traders.seller.run(&args);
    fails(&half, 5, &["other: error", "1 of 2 peers are left"]);
    all_well(&[first.finish()]);
    assert!(!traders.seller.0.join("all.csv").exists());
    let second = wait(&other);
    traders.seller.has("peers.csv", &format!("peer,connect\nbuyer,127.0.0.1:1\nother,{}\n", second.address));
    all_well(&[traders.seller.run(&args), second.finish()]);
    let text = std::fs::read_to_string(traders.seller.0.join("all.csv")).unwrap();
    let cell = |i: u64| price(i).map_or(String::new(), |price| price.to_string());
    assert_eq!(
        text,
        format!(
            "peer,row,result\nbuyer,1,{}\nbuyer,2,{}\nbuyer,3,{}\nother,1,\nother,2,148\nother,3,198\n",
            cell(0),
            cell(1),
            cell(2)
        )
    );
}

/// Killed in the middle, again and again, first the one and then the other: no row is lost, none is done twice but the one that was cut off.
#[test]
fn a_batch_goes_on_after_kills_of_either_side() {
    let n_rows = 400;
    let traders = Traders::new("batch-killed", n_rows);
    let n_kills = std::env::var("HUSHGATE_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let [ours, theirs] = traders.journals();
    for kill in 0..n_kills {
        let listening = traders.listen(&[]);
        let mut connected = traders.connect(&listening.address, &["-q"]);
        // Not before a part of what is left is done.
        let (before, start) = (rows_in(&theirs), Instant::now());
        let goal = before + 20 + 13 * kill;
        while rows_in(&theirs) < goal.min(n_rows as usize - 10) && start.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(1));
        }
        if kill % 2 == 0 {
            connected.kill().unwrap();
            let listening = listening.finish();
            assert_eq!(listening.status.code(), Some(5), "{}", stderr(&listening));
            connected.wait().unwrap();
        } else {
            drop(listening);
            let mut errors = String::new();
            connected.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
            assert_eq!(connected.wait().unwrap().code(), Some(5), "{errors}");
        }
        assert!(rows_in(&ours).abs_diff(rows_in(&theirs)) <= 1, "{} {}", rows_in(&ours), rows_in(&theirs));
        assert!(rows_in(&theirs) >= before, "what is done is kept");
        assert!(traders.prices().iter().all(|path| !path.exists()), "no results before all rows are there");
        for organisation in [&traders.buyer, &traders.seller] {
            organisation.ok(&["log", "verify"]);
        }
    }
    let before = rows_in(&ours).min(rows_in(&theirs));
    assert!(before > 50, "{before}");
    let outputs = traders.run();
    all_well(&outputs);
    assert!(stderr(&outputs[0]).contains("going on after"), "{}", stderr(&outputs[0]));
    traders.have_all(n_rows);
    let last = traders.buyer.log().into_iter().rfind(|entry| entry["event"] == "begin").unwrap();
    assert_eq!((&last["batch"]["first"], &last["runs"]), (&json!(before), &json!(n_rows as usize - before)));
}

#[test]
fn rules_count_rows_and_a_batch_goes_on_when_they_allow_more() {
    let traders = Traders::approved("batch-rules", 10, &["--runs", "9"]);
    // The seller is stricter: six rows, and the other side is told no more than that.
    traders.seller.ok(&["approve", "quotes.proposal", "--as", "seller", "--runs", "6"]);
    let [buyer, seller] = traders.run();
    fails(&seller, 7, &["a release rule refuses 4 of these 10 runs", "6 are allowed"]);
    fails(&buyer, 4, &["the other party refuses more runs"]);
    assert_eq!(traders.journals().map(|journal| rows_in(&journal)), [6, 6]);
    let [buyer, seller] = traders.run();
    fails(&seller, 7, &["refuses these 4 runs", "it ran 6 times", "6 are allowed"]);
    fails(&buyer, 4, &["the other party refuses", "release rules"]);
    // Now the proposal's own rule: nine in all.
    traders.seller.ok(&["approve", "quotes.proposal", "--as", "seller"]);
    for output in traders.run() {
        fails(&output, 7, &["1 of these 4 runs", "9 are allowed"]);
    }
    assert_eq!(traders.journals().map(|journal| rows_in(&journal)), [9, 9]);
    assert!(traders.prices().iter().all(|path| !path.exists()));
}

#[test]
fn rows_that_a_crash_left_counted_are_taken_back_but_for_those_that_were_cut_off() {
    let n_rows = 300;
    // Two more: the row that was cut off, and the one before it, if one side had done it and the other had not.
    let traders = Traders::approved("batch-counts", n_rows, &["--runs", &(n_rows + 2).to_string()]);
    let [_, theirs] = traders.journals();
    let listening = traders.listen(&[]);
    let mut connected = traders.connect(&listening.address, &["-q"]);
    while rows_in(&theirs) < 40 {
        std::thread::sleep(Duration::from_millis(1));
    }
    connected.kill().unwrap();
    connected.wait().unwrap();
    listening.finish();
    assert!(rows_in(&theirs) < n_rows as usize);
    all_well(&traders.run());
    traders.have_all(n_rows);
    let outputs = traders.run();
    let code = |output: &Output| output.status.code().unwrap();
    assert!(outputs.iter().all(|output| [4, 7].contains(&code(output))), "{}", stderr(&outputs[0]));
    let refused = outputs.iter().find(|output| code(output) == 7).expect("one side's rules refuse");
    fails(refused, 7, &["these 300 runs", "302 are allowed"]);
}

/// With rows of many records each, rows that differ in a few are refused as runs are.
#[test]
fn rows_that_differ_in_few_records_are_refused() {
    let traders = Traders::approved("batch-change", 0, &["--min-change", "2"]);
    traders.buyer.has("bids.csv", "bid\n10\n10\n11\n");
    traders.seller.has("asks.csv", "ask\n10\n10\n10\n");
    let [buyer, seller] = traders.run();
    fails(&buyer, 7, &["1 of these 3 runs", "differ", "by 1 records"]);
    fails(&seller, 4, &["the other party refuses more runs"]);
    assert_eq!(traders.journals().map(|journal| rows_in(&journal)), [2, 2]);
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let traders = Traders::new("batch-refused", 5);
    let [buyer, seller] = {
        let listening = traders.listen(&["--pairs"]);
        let connected = traders.connect(&listening.address, &[]).wait_with_output().unwrap();
        [listening.finish(), connected]
    };
    for output in [&buyer, &seller] {
        fails(output, 4, &["--pairs"]);
    }
    std::fs::remove_file(&traders.journals()[0]).unwrap();
    traders.seller.has("asks.csv", "ask\n1\n");
    std::fs::remove_file(&traders.journals()[1]).unwrap();
    for output in traders.run() {
        fails(&output, 4, &["rows of the table", "5", "1"]);
    }
    let join = ["join", "quotes.hush", "--as", "seller", "--input", "{\"ask\": 1}", "--peer", "buyer"];
    let listening = traders.listen(&[]);
    let joined = traders.seller.run(&[&join[..], &["--connect", &listening.address]].concat());
    for output in [joined, listening.finish()] {
        fails(&output, 4, &["batch"]);
    }
    // One side has done a part of a batch that the other knows nothing of.
    let journal = std::fs::read_to_string(&traders.journals()[0]).unwrap();
    let done = "{\"session\":\"s\",\"batch\":\"b1\",\"first\":0,\"in_all\":5}\n{\"row\":0,\"learned\":1}\n";
    std::fs::write(&traders.journals()[0], journal + done).unwrap();
    std::fs::remove_file(&traders.journals()[1]).unwrap();
    traders.seller.has("asks.csv", "ask\n1\n2\n3\n4\n5\n");
    let [buyer, seller] = traders.run();
    fails(&buyer, 4, &["this side has done 1 runs of batch b1, the other side begins one", "remove the journal"]);
    fails(&seller, 4, &["this side begins one, the other side has done 1 runs"]);
    traders.buyer.has("bids.csv", "bid\n1\n2\n3\n4\n6\n");
    let args = [&traders.args("buyer", "prices.csv")[..], &["--listen", "127.0.0.1:0"]].concat();
    fails(&traders.buyer.run(&args), 3, &["prices.csv.journal", "began with other data"]);
    let others =
        ["batch", "quotes.hush", "--as", "buyer", "-o", "x.csv", "--connect", "127.0.0.1:1", "--peers", "p.csv"];
    fails(&traders.buyer.run(&others), 2, &["cannot be used with"]);
}

/// The other side changes its data between two attempts at the same row.
#[test]
fn a_row_that_gives_another_result_the_second_time_is_told() {
    let traders = Traders::approved("batch-changed", 3, &["--runs", "2"]);
    traders.run().iter().for_each(|output| fails(output, 7, &["2 are allowed"]));
    // As after a crash that only the seller has not got the second row of; and the buyer remembers another one.
    let [ours, theirs] = traders.journals();
    let text = std::fs::read_to_string(&theirs).unwrap();
    std::fs::write(&theirs, text.rsplit_once("{\"row\":1").unwrap().0).unwrap();
    let text = std::fs::read_to_string(&ours).unwrap();
    let (before, row) = text.rsplit_once("\"learned\":").unwrap();
    assert_eq!(row, format!("{}}}\n", price(1).unwrap()));
    std::fs::write(&ours, format!("{before}\"learned\":1}}\n")).unwrap();
    // Counts are per proposal: another one, with the same program, has another journal; here they are set back.
    for organisation in [&traders.buyer, &traders.seller] {
        std::fs::remove_file(organisation.home().join("runs.json")).unwrap();
    }
    let [buyer, seller] = traders.run();
    fails(&buyer, 6, &["run 2 gave another result", "have changed"]);
    fails(&seller, 5, &["gave up"]);
}
