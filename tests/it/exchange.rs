//! Programs as Bristol files and back, with their names; pictures; and two circuits compared.

use serde_json::{Value as Json, json};

use super::{hushgate, json, stderr, stdout, temporary};

/// Inputs of both parties in turn, results of many types to one or both, and a requirement.
const PROGRAM: &str = "party bank, shop;

struct Item { price: u16 in 0..=9_999, name: str<4> }

enum Answer { None, Cheapest(Item), Free }

fn main(limit: u16 from bank, items: [Item; 2] from shop, fee: i8 from bank) -> { answer: Answer to bank, both: bool to all }
    requires to all
{
    require(items[0].price > 0, \"the first item has a price\");
    let first = items[0].price <= items[1].price;
    let cheapest = if first { items[0] } else { items[1] };
    let answer = if cheapest.price == 0 { Answer::Free }
        else if cheapest.price + fee < limit { Answer::Cheapest(cheapest) }
        else { Answer::None };
    { answer, both: first }
}
";

const INPUTS: [[&str; 2]; 3] = [
    [r#"{"limit": 100, "fee": -3}"#, r#"{"items": [{"price": 90, "name": "tea"}, {"price": 95, "name": "rum"}]}"#],
    [r#"{"limit": 100, "fee": 7}"#, r#"{"items": [{"price": 99, "name": "tea"}, {"price": 98, "name": "Zoë"}]}"#],
    [r#"{"limit": 0, "fee": 0}"#, r#"{"items": [{"price": 1, "name": ""}, {"price": 0, "name": "rum"}]}"#],
];

fn outputs(file: &str, command: &str, [bank, shop]: [&str; 2]) -> Json {
    let (bank, shop) = (format!("bank={bank}"), format!("shop={shop}"));
    json(&hushgate(&[command, file, "--json", "-q", "--input", &bank, "--input", &shop]))["outputs"].clone()
}

/// The program, and its files in both formats.
fn exported(name: &str) -> [String; 3] {
    let program = temporary(&format!("{name}.hush"), PROGRAM);
    let [new, old] = ["new", "old"].map(|format| program.with_file_name(format!("{name}_{format}.txt")));
    let [program, new, old] = [program, new, old].map(|path| path.to_str().unwrap().to_owned());
    let built = hushgate(&["build", &program, "--bristol", &new, "--bristol-old", &old]);
    assert!(built.status.success(), "{}", stderr(&built));
    [program, new, old]
}

#[test]
fn exported_programs_run_with_their_names_again() {
    let [program, new, old] = exported("exported");
    for inputs in INPUTS {
        let expected = outputs(&program, "eval", inputs);
        for file in [&new, &old] {
            assert_eq!(outputs(file, "eval", inputs), expected, "{file}");
        }
        assert_eq!(outputs(&old, "run", inputs), expected);
    }
    // The same once more: what was read is written as it was.
    let again = format!("{new}.again.txt");
    assert!(hushgate(&["build", &new, "--opt", "0", "--bristol", &again]).status.success());
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    assert_eq!(read(&again), read(&new));
    assert_eq!(read(&format!("{again}.json")), read(&format!("{new}.json")));
    for gates in [&["AND", "XOR", "INV", "EQ", "EQW"][..], &["AND", "XOR", "INV"]] {
        let text = read(if gates.len() == 3 { &old } else { &new });
        let lines = text.lines().skip(if gates.len() == 3 { 2 } else { 3 }).filter(|line| !line.is_empty());
        lines.for_each(|line| assert!(gates.iter().any(|gate| line.ends_with(&format!(" {gate}"))), "{line}"));
    }
    assert!(read(&old).lines().nth(1).unwrap().starts_with("24 92 "), "the bank's bits, then the shop's");
}

#[test]
fn a_failed_requirement_is_told_after_an_export_too() {
    let [_, new, _] = exported("required");
    let bank = r#"bank={"limit": 9, "fee": 0}"#;
    let shop = r#"shop={"items": [{"price": 0, "name": ""}, {"price": 5, "name": ""}]}"#;
    let ended = hushgate(&["run", &new, "--input", bank, "--input", shop]);
    assert_eq!(ended.status.code(), Some(3), "{}", stderr(&ended));
    assert!(stderr(&ended).contains("the first item has a price"), "{}", stderr(&ended));
}

#[test]
fn bad_files_and_sidecars_are_named_with_what_is_wrong() {
    let [_, new, _] = exported("damaged");
    let sidecar = format!("{new}.json");
    let text = std::fs::read_to_string(&sidecar).unwrap();
    let fails = |contents: &str, says: &str| {
        std::fs::write(&sidecar, contents).unwrap();
        let output = hushgate(&["cost", &new]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.starts_with(&format!("error: {sidecar}: ")) && said.contains(says), "{said}");
    };
    fails("{", "not JSON");
    fails(&text.replace("\"bits\": 16", "\"bits\": 15"), "inputs[0]: the type has 16 bits, and \"bits\" says 15");
    fails(&text.replace("\"digest\": \"", "\"digest\": \"0"), "it belongs to another circuit");
    std::fs::remove_file(&sidecar).unwrap();
    let unnamed = hushgate(&["eval", &new, "--input", "bank={}"]);
    assert_eq!(unnamed.status.code(), Some(2));
    let said = stderr(&unnamed);
    assert!(said.contains("there is no party of this name") && said.contains("p2"), "without a sidecar: {said}");
    let broken = temporary("broken.txt", "1 3\r\n2 1 1\r\n1 1\r\n2 1 0 7 2 AND");
    let said = stderr(&hushgate(&["eval", broken.to_str().unwrap()]));
    assert!(said.contains("broken.txt: line 4: wire 7 does not exist"), "{said}");
}

#[test]
fn small_circuits_are_drawn_and_large_ones_refused() {
    let program = temporary("drawn.hush", "party a, b;\nfn main(x: u4 from a, y: u4 from b) -> bool to a { x < y }\n");
    let dot = program.with_extension("dot");
    let built = hushgate(&["build", program.to_str().unwrap(), "--dot", dot.to_str().unwrap()]);
    assert!(built.status.success(), "{}", stderr(&built));
    let text = std::fs::read_to_string(&dot).unwrap();
    assert!(text.starts_with("digraph {") && text.contains("a: x[3]") && text.contains("AND 4"), "{text}");
    assert!(text.contains("label=\"a: result\""), "{text}");
    let refused = hushgate(&["build", "examples/aes128", "--dot", dot.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    let said = stderr(&refused);
    assert!(said.contains("--dot: the circuit has ") && said.contains("pictures have at most 1000"), "{said}");
}

#[test]
fn equal_circuits_are_proven_equal() {
    let [program, new, old] = exported("compared");
    let proven = |a: &str, b: &str, options: &[&str]| {
        let output = hushgate(&[&["diff", a, b, "--json", "--prove"], options].concat());
        let document = json(&output);
        assert_eq!(document["equivalence"], "proven", "{document}");
        document
    };
    let same = proven(&program, &new, &[]);
    assert_eq!(same["border"], json!([]), "{same}");
    assert_eq!(same["first"]["and_gates"], same["second"]["and_gates"]);
    let levels = temporary(
        "levels.hush",
        &PROGRAM.replace("first { items[0] } else { items[1] }", "!first { items[1] } else { items[0] }"),
    );
    proven(&program, levels.to_str().unwrap(), &[]);
    assert_eq!(same["reordered"], false);
    // The old format has another order of inputs; names tell which is which. Without them it is another function of the same bits.
    assert_eq!(proven(&new, &old, &[])["reordered"], true);
    std::fs::remove_file(format!("{old}.json")).unwrap();
    let output = hushgate(&["diff", &new, &old, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let document: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        document["border"]
            .as_array()
            .unwrap()
            .iter()
            .any(|line| line == "+in1: u92 in 0..=4951760157141521099596496895 from p1"),
        "{document}"
    );
}

#[test]
fn differences_are_shown_by_an_input_and_have_their_own_exit_code() {
    let text = |operator: &str| {
        format!("party a, b;\nfn main(x: u32 from a, y: u32 from b) -> bool to all {{ x {operator} y }}\n")
    };
    let less = temporary("less.hush", &text("<"));
    let at_most = temporary("at_most.hush", &text("<="));
    let wider = temporary("wider.hush", &text("<").replace("u32 from b", "u33 from b"));
    let [less, at_most, wider] = [less, at_most, wider].map(|path| path.to_str().unwrap().to_owned());
    let output = hushgate(&["diff", &less, &at_most, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let document: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["equivalence"], "differs", "{document}");
    assert_eq!(document["inputs"]["a"]["x"], document["inputs"]["b"]["y"], "only equal numbers tell them apart");
    assert_eq!(document["output"], json!({ "name": "result", "first": false, "second": true }));
    let said = stdout(&hushgate(&["diff", &less, &at_most]));
    assert!(said.contains("result is false in the first and true in the second"), "{said}");
    let output = hushgate(&["diff", &less, &wider]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("one has inputs of 64 bits in all, the other of 65"), "{}", stdout(&output));
    assert!(stdout(&output).contains("+y: u33 in 0..=8589934591 from b"), "{}", stdout(&output));
}

#[test]
fn plans_are_compared_by_runs_and_say_so() {
    let plan = temporary("compared.plan", "");
    let plan = plan.to_str().unwrap();
    assert!(hushgate(&["build", "examples/millionaires", "-o", plan]).status.success());
    let document = json(&hushgate(&["diff", plan, "examples/millionaires", "--json"]));
    assert_eq!((&document["equivalence"], &document["runs"]), (&json!("not refuted"), &json!(256)), "{document}");
    assert_eq!(hushgate(&["diff", plan, "examples/millionaires", "--prove"]).status.code(), Some(1));
    assert_eq!(json(&hushgate(&["diff", plan, plan, "--json", "--prove"]))["how"], "it is the same plan");
}
