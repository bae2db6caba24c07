//! `hushgate test` and `hushgate eval --trace`: what authors see of their programs' values.

use serde_json::{Value as Json, json};

use super::{hushgate, stderr, stdout, temporary};

const PROGRAM: &str = r#"
struct Quarter { cases: u32, rate: fixed<8, 8>, name: str<6>, parts: [u8; 3] }
enum Answer { None, Some(u8), Big { n: u16, ok: bool } }

fn need(x: u8) -> u8 {
    require(x > 3, "x is above 3");
    x
}

#[test]
fn structures_differ() {
    let q = Quarter { cases: 3, rate: 1.5, name: "ab", parts: [1, 2, 3] };
    let r = Quarter { cases: 3, rate: 2.5, name: "ab", parts: [1, 9, 3] };
    assert_eq([q, q], [q, r]);
    assert_eq(Answer::Big { n: 4, ok: true }, Answer::Big { n: 5, ok: true });
    assert_eq(Answer::Some(3), Answer::None);
}

#[test]
fn assertions_show_values() {
    let x: u8 = 4;
    assert(x == 4 && need(x) == 7);
}

#[test(fails)]
fn should_fail() {
    need(5);
}

#[test(fails = "x is below 9")]
fn for_another_reason() {
    need(2);
}

#[test(fails = "x is above 3")]
fn fails_as_it_should() {
    need(2);
}

#[test]
fn long_arrays_differ() {
    assert_eq([1; 100], [2; 100]);
}

#[test]
fn numbers_with_a_point() {
    let (money, rate): (fixed<24, 8>, fixed<2, 16>) = (12.0, 0.0005);
    assert(money * rate > money && money.raw() > 3);
}
"#;

#[test]
fn failures_show_what_differs() {
    let file = temporary("testing.hush", PROGRAM);
    let output = hushgate(&["test", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("test fails_as_it_should ... ok"), "{}", stdout(&output));
    assert!(stdout(&output).ends_with("1 passed, 6 failed\n"), "{}", stdout(&output));
    let report = stderr(&output);
    for part in [
        "testing.hush:14:5: the two sides differ\n",
        "      [1].rate      1.5 ≠ 2.5\n      [1].parts[1]  2 ≠ 9\n",
        "      left:  Answer::Big { n: 4, ok: true }\n      right: Answer::Big { n: 5, ok: true }\n      .Big.n  4 ≠ 5\n",
        "      left:  Answer::Some(3)\n      right: Answer::None\n",
        "the assertion does not hold\n      need(x) = 4\n",
        "should_fail failed:",
        "all requirements hold, but one should fail",
        "a requirement does not hold: x is above 3\n      expected: x is below 9\n",
        "      … and 90 more\n",
        "      money * rate = 0.0060424804",
        "      money = 12.0\n",
    ] {
        assert!(report.contains(part), "{part}\nis not in\n{report}");
    }
}

#[test]
fn tests_are_chosen_by_parts_of_their_names() {
    let file = temporary("testing_names.hush", PROGRAM);
    let file = file.to_str().unwrap();
    let output = hushgate(&["test", file, "as_it_should", "another", "--json"]);
    let json: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!((&json["passed"], &json["failed"], &json["filtered"]), (&json!(1), &json!(1), &json!(5)));
    assert_eq!(json["tests"][0]["name"], "for_another_reason");
    assert_eq!(json["tests"][0]["failures"][0]["expected"], "x is below 9");
    let output = hushgate(&["test", file, "structures", "--json"]);
    let json: Json = serde_json::from_slice(&output.stdout).unwrap();
    let found = &json["tests"][0]["failures"][0]["differences"];
    assert_eq!(found[0], json!({ "path": "[1].rate", "left": "1.5", "right": "2.5" }));
    let output = hushgate(&["test", file, "nosuch"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}

#[test]
fn several_programs_and_the_library_are_tested() {
    let good = temporary("testing_good.hush", "#[test]\nfn one() {\n    assert_eq(1, 1);\n}\n");
    let broken = temporary("testing_broken.hush", "fn f() -> u8 {\n    true\n}\n");
    let (good, broken) = (good.to_str().unwrap(), broken.to_str().unwrap());
    let output = hushgate(&["test", good, "examples/vickrey_auction", "std::linear"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("std::linear: "), "{}", stdout(&output));
    let output = hushgate(&["test", broken, good]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("1 passed, 0 failed") && stderr(&output).contains("E0201"), "{}", stderr(&output));
    assert_eq!(hushgate(&["test", "std::nosuch"]).status.code(), Some(2));
}

const TRACED: &str = "
party alice, bob;

fn later(x: u8) -> u8 {
    for i in 0..20 {
        if i == x {
            return i;
        }
    }
    x
}

fn main(a: u8 from alice, b: u8 from bob) -> u9 to all {
    let mut sum: u9 = later(a);
    for _i in 0..0 {
        sum = 0;
    }
    match b {
        0 => sum = 1,
        n => sum += n,
    }
    sum
}
";

#[test]
fn a_trace_shows_every_named_value() {
    let file = temporary("traced.hush", TRACED);
    let file = file.to_str().unwrap();
    let data = ["--input", r#"alice={"a":12}"#, "--input", r#"bob={"b":3}"#];
    let output = hushgate(&[&["eval", "--trace", file, "-q"], &data[..]].concat());
    assert_eq!(stdout(&output), "alice learns 15\nbob learns 15\n");
    let lines: Vec<String> =
        stderr(&output).lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "traced.hush:13:9 a = 12",
        "traced.hush:4:10 x = 12",
        "traced.hush:5:9 i = 9",
        "traced.hush:6:12 if i == x: false",
        "traced.hush:5:9 … iterations from 10 on are not shown",
        "traced.hush:4:4 later gives 12",
        "traced.hush:14:13 sum = 12",
        "traced.hush:20:14 match: takes sum += n",
        "traced.hush:20:9 n = 3",
        "traced.hush:20:14 sum = 15",
    ] {
        assert!(lines.iter().any(|found| found == line), "{line}\nis not in\n{}", stderr(&output));
    }
    assert!(!lines.iter().any(|line| line.contains("i = 10") || line.contains("sum = 0")), "{}", stderr(&output));
    let silent = hushgate(&[&["eval", file, "-q"], &data[..]].concat());
    assert_eq!(stderr(&silent), "");
}

#[test]
fn sessions_refuse_to_be_traced() {
    for args in [
        vec!["run", "--trace", "examples/millionaires"],
        vec!["join", "--trace", "examples/millionaires", "--as", "alice", "--listen", "127.0.0.1:0"],
    ] {
        let output = hushgate(&args);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains("--trace shows the values of secrets"), "{}", stderr(&output));
    }
}
