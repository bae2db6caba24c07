//! Wrong use, wrong programs, wrong data: the exit code and a message that says where and what to do.

use super::{command, hushgate, stderr, stdout, temporary};

/// The command ends with `code`, says all of `says`, and gives no result.
#[track_caller]
fn fails(args: &[&str], code: i32, says: &[&str]) {
    let output = hushgate(args);
    let errors = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert_eq!(stdout(&output), "", "no partial result");
    for part in says {
        assert!(errors.contains(part), "{part:?} is not in: {errors}");
    }
}

const MILLIONAIRES: &str = "examples/millionaires/millionaires.hush";

#[test]
fn programs_with_errors_exit_1() {
    let program =
        temporary("broken.hush", "party a, b;\nfn main(x: u8 from a, y: u8 from b) -> u8 to a {\n    x + y\n}\n");
    let path = program.to_str().unwrap();
    fails(&["check", path], 1, &["broken.hush:3:5", "E0401", "between 0 and 510", "0..=255"]);
    fails(&["run", path, "--input", r#"a={"x":1}"#, "--input", r#"b={"y":2}"#], 1, &["E04"]);
    let program = temporary("unparsable.hush", "party a, b\nfn main( -> u8 to a { ) }");
    fails(&["check", program.to_str().unwrap()], 1, &["unparsable.hush:", "E00"]);
    fails(&["check", "examples/nowhere.hush"], 1, &["nowhere.hush"]);
}

#[test]
fn wrong_use_exits_2() {
    fails(&["run"], 2, &["Usage"]);
    fails(&["check", "README.md"], 2, &["README.md is not a program"]);
    fails(&["check", "benches"], 2, &["holds no program"]);
    fails(&["eval", MILLIONAIRES, "--input", "carol=1"], 2, &["carol", "`alice` and `bob`"]);
    fails(&["eval", MILLIONAIRES, "--input", "x.json"], 2, &["PARTY=DATA"]);
    fails(&["join", MILLIONAIRES, "--as", "carol", "--connect", "127.0.0.1:1"], 2, &["carol"]);
    fails(&["join", MILLIONAIRES, "--as", "alice", "--connect", "nowhere"], 2, &["HOST:PORT"]);
    fails(&["run", "examples/millionaires", "--seed", "xyz"], 2, &["--seed"]);
    fails(&["run", "examples/millionaires", "--garbler", "carol"], 2, &["carol"]);
    fails(&["check", "examples/hamming", "--set", "BYTES"], 2, &["NAME=VALUE"]);
    fails(&["cost", "examples/hamming", "--opt", "4"], 2, &["--opt", "0..=3"]);
    let plan = temporary("millionaires.plan", "");
    let plan = plan.to_str().unwrap();
    assert!(hushgate(&["build", MILLIONAIRES, "-o", plan]).status.success());
    fails(&["cost", plan, "--opt", "1"], 2, &["--opt is for programs and circuits"]);
    fails(&["run", "examples/millionaires", "--threads", "0"], 2, &["--threads"]);
    fails(&["explain", "E9999"], 2, &["E9999"]);
}

#[test]
fn wrong_data_exit_3() {
    let eval = |alice: &str, says: &[&str]| {
        fails(&["eval", MILLIONAIRES, "--input", &format!("alice={alice}"), "--input", r#"bob={"b":1}"#], 3, says);
    };
    eval(r#"{"a":-1}"#, &["--input alice", "found -1", "from 0 to 18446744073709551615"]);
    eval(
        r#"{"a":18446744073709551616}"#,
        &["--input alice", "from 0 to 18446744073709551615; write numbers of this size as strings"],
    );
    eval(r#"{"a":"18446744073709551616"}"#, &["found \"18446744073709551616\""]);
    eval(r#"{"a":1,"a":2}"#, &["twice"]);
    eval(r#"{"A":1}"#, &["A: ", "`a`"]);
    eval("{", &["line 1, column 1", "not valid JSON"]);
    eval("nowhere.json", &["nowhere.json", "cannot be read"]);
    fails(&["eval", MILLIONAIRES, "--input", r#"alice={"a":1}"#], 3, &["bob's input is missing", "`b`: u64"]);
    let table = temporary("north.csv", "staff,total\n1,2\n1,2,3\n");
    let north = format!("north={}", table.display());
    fails(&["run", "examples/salary_average", "--input", &north], 3, &["north.csv: line 3", "expected 2"]);
}

#[test]
fn nobody_there_exits_5_within_the_timeout() {
    let start = std::time::Instant::now();
    let alice = ["join", "examples/millionaires", "--as", "alice", "--timeout", "0.3"];
    fails(&[&alice[..], &["--connect", "127.0.0.1:9"]].concat(), 5, &["127.0.0.1:9"]);
    fails(&[&alice[..], &["--listen", "127.0.0.1:0"]].concat(), 5, &["nobody connected"]);
    assert!(start.elapsed().as_secs() < 10);
}

#[test]
fn plain_connections_do_not_leave_this_machine_unasked() {
    let alice = ["join", "examples/millionaires", "--as", "alice", "--timeout", "0.3", "--listen", "0.0.0.0:0"];
    fails(&alice, 7, &["0.0.0.0:0", "not encrypted"]);
    fails(&[&alice[..], &["--seed", "00", "--insecure-plaintext"]].concat(), 7, &["--seed"]);
    fails(
        &[&alice[..], &["--insecure-plaintext"]].concat(),
        5,
        &["neither encrypted nor authenticated", "nobody connected"],
    );
}

#[test]
fn results_and_only_results_go_to_standard_output() {
    let output = hushgate(&["eval", "examples/millionaires"]);
    assert_eq!(stdout(&output), "alice learns false\nbob learns false\n");
    assert!(stderr(&output).contains("nothing is private"));
    let output = command(&["run", "examples/millionaires", "--quiet"]).output().unwrap();
    assert_eq!(stdout(&output), "alice learns false\nbob learns false\n");
    assert_eq!(stderr(&output), "");
}

#[test]
fn plans_and_bristol_files_run_like_their_source() {
    let plan = temporary("hamming.plan", "");
    let bristol = temporary("hamming.txt", "");
    let (plan, bristol) = (plan.to_str().unwrap(), bristol.to_str().unwrap());
    assert!(hushgate(&["build", "examples/hamming", "-o", plan, "--bristol", bristol, "--quiet"]).status.success());
    let inputs = ["--input", "alice=examples/hamming/alice.json", "--input", "bob=examples/hamming/bob.json"];
    let from_source = super::json(&hushgate(&["run", "examples/hamming", "--json"]));
    let from_plan = super::json(&hushgate(&[&["run", plan, "--json"][..], &inputs].concat()));
    assert_eq!(from_plan["outputs"], from_source["outputs"]);
    assert_eq!(from_plan["program"], from_source["program"]);

    // With the names beside it, an exported circuit takes the program's data.
    let from_names = super::json(&hushgate(&[&["run", bristol, "--json"][..], &inputs].concat()));
    assert_eq!(from_names["outputs"], from_source["outputs"]);
    std::fs::remove_file(format!("{bristol}.json")).unwrap();

    let fingerprint = |party: &str| {
        let text = std::fs::read_to_string(super::root().join(format!("examples/hamming/{party}.json"))).unwrap();
        let hex = text.split("hex:").nth(1).unwrap().split('"').next().unwrap();
        let bytes: Vec<&str> = (0..128).rev().map(|i| &hex[2 * i..2 * i + 2]).collect();
        format!("0x{}", bytes.concat())
    };
    let p0 = format!(r#"p0={{"in0":"{}"}}"#, fingerprint("alice"));
    let p1 = format!(r#"p1={{"in1":"{}"}}"#, fingerprint("bob"));
    for way in ["eval", "run"] {
        let result = super::json(&hushgate(&[way, bristol, "--json", "--input", &p0, "--input", &p1]));
        assert_eq!(result["outputs"]["p0"]["out0"], from_source["outputs"]["alice"]);
    }
}

#[test]
fn damaged_plans_and_circuits_are_refused() {
    let plan = temporary("damaged.plan", "not a plan");
    fails(&["run", plan.to_str().unwrap()], 1, &["damaged.plan"]);
    let circuit = temporary("damaged.txt", "1 3\n2 1 1\n1 1\n\n2 1 0 9 2 AND\n");
    fails(&["run", circuit.to_str().unwrap()], 1, &["damaged.txt", "line 5"]);
}

#[test]
fn inspect_names_who_gives_and_who_learns() {
    let text = stdout(&hushgate(&["inspect", "examples/vickrey_auction"]));
    for part in ["left\n  gives\n    l: [u32; 64]", "learns\n    r: Outcome", "BIDS = 64", "digest"] {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
    let json = super::json(&hushgate(&["inspect", "examples/aes128", "--json"]));
    assert_eq!(json["parties"][0]["learns"], serde_json::json!([]));
    assert_eq!(json["cost"]["and_gates"], 6400);
}

/// What the signature says needs no data; what public inputs decide is not guessed.
#[test]
fn without_public_inputs_inspect_and_cost_show_the_signature() {
    let text = "party a, b;
const N: int = param(3);
fn main(x: [u8; N] from a, y: u8 in 1..=9 from b, limit: u16 public) -> bool to b requires to a, b {
    require(x.sum() >= y, \"there is enough\");
    x.sum() > limit
}
";
    let path = temporary("public_inputs.hush", text);
    let path = path.to_str().unwrap();
    let give = "--input 'public={\"limit\": …}'";
    let text = stdout(&hushgate(&["inspect", path, "--set", "N=5"]));
    for part in [
        "a\n  gives\n    x: [u8; 5]\n  learns  nothing\n",
        "b\n  gives\n    y: u8 in 1..=9\n  learns\n    the result: bool\n",
        "both sides give, and must agree on\n    limit: u16",
        "there is enough",
        "a and b learn whether all of it holds",
        "N = 5",
        "digest    not known without the public inputs",
        give,
    ] {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
    assert!(!text.contains("reveal\n") && !text.contains("AND gates"), "{text}");
    let cost = stdout(&hushgate(&["cost", path]));
    assert!(cost.contains("a 24 bits, b 4 bits") && cost.contains(give), "{cost}");

    let json = |arguments: &[&str]| super::json(&hushgate(&[arguments, &["--json"]].concat()));
    let inspected = json(&["inspect", path]);
    assert_eq!(inspected["missing"], serde_json::json!(["limit"]));
    assert_eq!(inspected["parties"][1]["gives"][0]["type"], "u8 in 1..=9");
    assert_eq!(inspected["requires"]["reasons"], serde_json::json!(["there is enough"]));
    for unknown in ["program", "seconds", "cost"] {
        assert!(inspected[unknown].is_null(), "{unknown} of {inspected}");
    }
    let cost = json(&["cost", path]);
    let expected = serde_json::json!({
        "inputs": {"a": 24, "b": 4}, "outputs": {"a": 1, "b": 2}, "missing": ["limit"],
    });
    assert_eq!(cost, expected);

    // With them nothing is missing; the rest of what was said is the same.
    let data = r#"public={"limit": 300}"#;
    let whole = json(&["inspect", path, "--input", data]);
    assert_eq!(whole["missing"], serde_json::json!([]));
    for known in ["requires", "public", "parameters", "trust"] {
        assert_eq!(whole[known], inspected[known]);
    }
    let figures = json(&["cost", path, "--input", data]);
    assert!(figures["and_gates"].as_u64().is_some() && whole["cost"]["and_gates"] == figures["and_gates"]);
    assert_eq!((&figures["inputs"], &figures["outputs"]), (&cost["inputs"], &cost["outputs"]));
    // Both ask the same source, which measures this machine each time.
    let predicted = json(&["cost", path, "--input", data, "--network", "wan"])["network"]["seconds"]["total"].as_f64();
    let said = whole["seconds"]["internet"].as_f64();
    let (predicted, said) = (predicted.unwrap(), said.unwrap());
    assert!(said > 0.04 && said < 2.0 * predicted && predicted < 2.0 * said, "{said} s, and {predicted} s by cost");
    assert!(whole["seconds"]["local"].as_f64().unwrap() < said);
    for options in [&["cost", path, "--lines"][..], &["cost", path, "--network", "wan"], &["build", path, "--dot", "-"]]
    {
        fails(options, 3, &["limit"]);
    }
    fails(&["inspect", path, "--input", r#"public={"limits": 300}"#], 3, &["limit"]);
    let page = temporary("public_inputs.html", "");
    assert!(hushgate(&["inspect", path, "--html", page.to_str().unwrap()]).status.success());
    assert!(std::fs::read_to_string(page).unwrap().contains("not known without the public inputs"));
}

#[test]
fn a_new_program_is_well_laid_out_passes_its_tests_and_runs() {
    let folder = temporary("new.marker", "").with_file_name("new-program");
    let _ = std::fs::remove_dir_all(&folder);
    let path = folder.to_str().unwrap();
    assert!(hushgate(&["new", path]).status.success());
    for args in [vec!["fmt", "--check", path], vec!["test", path], vec!["run", path]] {
        let output = hushgate(&args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    }
    fails(&["new", path], 2, &["not empty", "nothing was written"]);
}

#[test]
fn fmt_changes_layout_and_says_so() {
    let program = temporary("layout.hush", "party a,b;\nfn main(x:u8 from a,y:u8 from b)->bool to a{x>y}\n");
    let path = program.to_str().unwrap();
    fails(&["fmt", "--check", path], 1, &["layout.hush: would change", "1 of 1"]);
    assert!(hushgate(&["fmt", path]).status.success());
    assert!(hushgate(&["fmt", "--check", path]).status.success());
    let examples: Vec<String> = std::fs::read_dir(super::root().join("examples"))
        .unwrap()
        .map(|entry| format!("examples/{}", entry.unwrap().file_name().into_string().unwrap()))
        .filter(|path| super::root().join(path).is_dir())
        .collect();
    let output = hushgate(&[vec!["fmt", "--check"], examples.iter().map(String::as_str).collect()].concat());
    assert!(output.status.success(), "{}", stderr(&output));
}
