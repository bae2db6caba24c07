//! What people see of programs on their own machine: failed tests, layouts, values of every type.

use crate::{hushgate, json, stderr, stdout, temporary};

const PROGRAM: &str = "party bank, shop;

enum Answer { Unknown, Price { per_unit: fixed<16, 8>, currency: str<3> } }

fn main(name: str<8> from bank, price: Option<fixed<16, 8>> from shop, key: bytes<2> from bank) -> Answer to all {
    match price {
        Some(per_unit) if name == \"Zo\u{eb}\" && key[0] == 1 => Answer::Price { per_unit, currency: \"EUR\" },
        _ => Answer::Unknown,
    }
}
";

#[test]
fn texts_and_fixed_point_numbers_cross_the_border_as_such() {
    let path = temporary("border.hush", PROGRAM);
    let path = path.to_str().unwrap();
    let bank = r#"bank={"name": "Zoë", "key": "hex:01ff"}"#;
    let run = |shop: &str| hushgate(&["eval", path, "--json", "-q", "--input", bank, "--input", shop]);
    let learned = &json(&run(r#"shop={"price": 9.5}"#))["outputs"]["shop"];
    assert_eq!(learned.to_string(), r#"{"Price":{"per_unit":9.5,"currency":"EUR"}}"#);
    assert_eq!(json(&run(r#"shop={"price": null}"#))["outputs"]["bank"], "Unknown");
    let refused = stderr(&run(r#"shop={"price": "nine"}"#));
    assert!(refused.contains("price: found \"nine\"; expected fixed<16, 8>, a number from -32768 to"), "{refused}");
    let inspected = hushgate(&["inspect", path]);
    let text = String::from_utf8_lossy(&inspected.stdout).into_owned();
    assert!(text.contains("name: str<8>") && text.contains("price: Option<fixed<16, 8>>"), "{text}");
}

#[test]
fn failed_tests_show_values_as_they_are_written() {
    let text = "struct P { x: u8, y: (bool, fixed<8, 8>), z: Option<str<3>> }

#[test]
fn differs() {
    let a = P { x: 1, y: (true, 1.25), z: Some(\"EUR\") };
    let b = P { z: None, ..a };
    assert_eq([a, a], [a, b]);
    assert_eq(a.x, 2);
}
";
    let path = temporary("failing.hush", text);
    let said = stderr(&hushgate(&["test", path.to_str().unwrap()]));
    assert!(said.contains(r#"left:  [P { x: 1, y: (true, 1.25), z: Some("EUR") }"#), "{said}");
    assert!(said.contains(r#"[1].z  Some("EUR") ≠ None"#), "{said}");
    assert!(said.contains("left:  1\n      right: 2"), "{said}");
}

#[test]
fn layouts_that_differ_are_shown() {
    let path = temporary("layout.hush", "fn f() -> u8 {\n    1\n}\n\nfn g()->u8 { 2 }\n");
    let path = path.to_str().unwrap();
    let output = hushgate(&["fmt", "--check", path]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("@@ line 5 @@\n \n-fn g()->u8 { 2 }\n+fn g() -> u8 {\n+    2\n+}\n"), "{said}");
    assert!(hushgate(&["fmt", path]).status.success() && hushgate(&["fmt", "--check", path]).status.success());
}

#[test]
fn budgets_are_kept_by_check_and_build() {
    let text = "party a, b;\n#[max_and(3)]\nfn main(x: u8 from a, y: u8 from b) -> bool to all { x < y }\n";
    let path = temporary("budget.hush", text);
    for command in ["check", "cost"] {
        let output = hushgate(&[command, path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stderr(&output).contains("`main` costs 8 AND gates, but at most 3 are allowed"), "{}", stderr(&output));
    }
}

const AUCTION: &str = "const N: int = param(3);

party bidder[N];

fn main(bids: [u16; N] from each bidder) -> { won: [bool; N] to each bidder, price: u16 to all } {
    let price = bids.max();
    { won: bids.map(|bid| bid == price), price }
}

#[test]
fn highest_of_three() {
    assert_eq(main([5, 9, 1]).price, 9);
}
";

#[test]
fn members_of_a_family_have_results_of_their_own() {
    let path = temporary("members.hush", AUCTION);
    let path = path.to_str().unwrap();
    let bids = r#"bidder=[{"bids": 5}, {"bids": 9}, {"bids": 1}]"#;
    let outputs = &json(&hushgate(&["eval", path, "--json", "-q", "--input", bids]))["outputs"];
    assert_eq!(outputs["bidder[1]"].to_string(), r#"{"won":true,"price":9}"#);
    assert_eq!(outputs["bidder[2]"].to_string(), r#"{"won":false,"price":9}"#);
    let few = hushgate(&["eval", path, "--input", r#"bidder=[{"bids": 5}]"#]);
    assert!(stderr(&few).contains("found a list of 1; expected a list of 3"), "{}", stderr(&few));
    let text = stdout(&hushgate(&["inspect", path]));
    assert_eq!(text.matches("which can reveal").count(), 1, "{text}");
    assert!(text.contains("each of bidder[0] to bidder[2]\n") && text.contains("    won: bool\n"), "{text}");
    assert!(text.contains("won: at most 1 bit about the other 2 of bidder"), "{text}");
}

#[test]
fn tests_about_other_parameters_do_not_keep_a_program_from_running() {
    let path = temporary("set.hush", AUCTION);
    let path = path.to_str().unwrap();
    let bids = r#"bidder=[{"bids": 5}, {"bids": 9}]"#;
    assert!(hushgate(&["eval", path, "-q", "--set", "N=2", "--input", bids]).status.success());
    for command in ["check", "test"] {
        let refused = hushgate(&[command, path, "--set", "N=2"]);
        assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
        assert!(stderr(&refused).contains("E0201"), "{}", stderr(&refused));
    }
}

#[test]
fn what_is_the_same_in_every_run_tells_nothing() {
    let text = "party a, b;
enum Side { Left, Right }
fn main(x: u8 from a, y: u8 from b) -> { sides: [(Side, bool, bool); 2] to all, own: u8 to a } {
    { sides: [(Side::Left, x > y, x > y), (Side::Right, x < y, true)], own: x }
}
";
    let text = stdout(&hushgate(&["inspect", temporary("constants.hush", text).to_str().unwrap()]));
    assert!(text.contains("sides: at most 2 bits about b") && text.contains("sides: at most 2 bits about a"), "{text}");
    assert!(!text.contains("own: at most"), "{text}");
}

#[test]
fn trials_that_show_nothing_say_so() {
    let inspect = |name: &str, body: &str| {
        let text = format!("party a, b;\nfn main(x: u64 from a, y: u64 from b) -> bool to all {body}\n");
        stdout(&hushgate(&["inspect", temporary(name, &text).to_str().unwrap()]))
    };
    let equal = inspect("equal.hush", "{ x == y }");
    assert!(equal.contains("nearly all random data gave the same result, so trials say nothing here"), "{equal}");
    assert!(!equal.contains("bits a run"), "{equal}");
    let never =
        inspect("never.hush", "requires to all {\n require(x * y == 123456789012345, \"it is so\");\n x > y\n}");
    assert!(never.contains("no trial with random data met what the program requires"), "{never}");
    assert!(!never.contains("bits a run") && never.contains("at most 1 bit"), "{never}");
    let sorted = inspect("less.hush", "requires to all {\n require(x < y, \"in order\");\n x % 4 < y % 4\n}");
    assert!(sorted.contains("2 different results, 0.9 bits a run") || sorted.contains("1.0 bits a run"), "{sorted}");
}

#[test]
fn made_up_data_meet_what_the_program_requires() {
    let program = "use std::sets::intersection_count;
party a, b;
fn main(xs: [u32; 20] from a, ys: [u32; 30] from b, least: u8 public) -> u8 to all requires to all {
    require(least < 200, \"few are allowed\");
    intersection_count(xs, ys)
}
";
    let path = temporary("sets.hush", program);
    let folder = path.with_file_name("sets-made-up");
    let (path, folder) = (path.to_str().unwrap(), folder.to_str().unwrap());
    let made = hushgate(&["synth", path, "-o", folder, "--overwrite"]);
    assert!(made.status.success() && !stderr(&made).contains("warning: no data"), "{}", stderr(&made));
    let run = hushgate(&["eval", path, "--data", folder]);
    assert!(run.status.success(), "{}", stderr(&run));

    let never = "party a, b;
fn main(x: u64 from a, y: u64 from b) -> bool to all requires to all {
    require(x * y == 123456789012345, \"it is so\");
    x > y
}
";
    let path = temporary("hard.hush", never);
    let made = hushgate(&["synth", path.to_str().unwrap(), "-o", folder, "--overwrite"]);
    assert!(made.status.success() && stderr(&made).contains("no data were found that meet"), "{}", stderr(&made));
}
