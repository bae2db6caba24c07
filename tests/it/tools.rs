//! What people see of programs on their own machine: failed tests, layouts, values of every type.

use crate::{hushgate, json, stderr, temporary};

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
