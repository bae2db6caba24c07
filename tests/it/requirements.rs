//! A requirement that does not hold: what each party learns, what scripts see, and what passes between the parties.

use std::process::Output;

use serde_json::{Value as Json, json};

use super::{hushgate, json as success, stderr, stdout, temporary};

/// Ranges without 0, tags, and a party that is told nothing.
const PROGRAM: &str = r#"
party alice, bob;

enum Answer { Small, Large { by: u8 }, Equal }

fn positive(x: u8) -> u8 {
    require(x > 0, "a number is above 0");
    x
}

fn main(a: u8 from alice, b: u8 from bob)
    -> { answer: Answer to alice, bits: [bool; 2] to bob, high: u16 in 300..=900 to alice, bob } requires to all {
    require(a != 200, "a is not 200");
    let answer = if a > b { Answer::Large { by: positive(b) } } else { Answer::Equal };
    { answer, bits: [true, true], high: 300 + a + b }
}
"#;

fn play(command: &str, file: &str, a: u8, b: u8, more: &[&str]) -> Output {
    let (alice, bob) = (format!("alice={{\"a\": {a}}}"), format!("bob={{\"b\": {b}}}"));
    hushgate(&[&[command, file, "--json", "--input", &alice, "--input", &bob], more].concat())
}

/// The one JSON document of a run that met a requirement that does not hold.
#[track_caller]
fn unmet(output: &Output) -> Json {
    assert_eq!(output.status.code(), Some(3), "{}", stderr(output));
    assert!(stderr(output).contains("a requirement of the program does not hold"), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stdout(output)))
}

#[test]
fn outputs_are_null_and_the_reasons_are_listed() {
    let file = temporary("requirements.hush", PROGRAM);
    let file = file.to_str().unwrap();
    let all = json!(["a is not 200", "a number is above 0"]);
    let nothing = json!({ "alice": null, "bob": null });
    for (a, b, reason) in [(200, 5, "a is not 200"), (7, 0, "a number is above 0")] {
        let run = unmet(&play("run", file, a, b, &[]));
        assert_eq!((&run["outputs"], &run["failed"]), (&nothing, &all));
        let eval = unmet(&play("eval", file, a, b, &[]));
        assert_eq!((&eval["outputs"], &eval["failed"]), (&nothing, &json!([reason])));
    }
    let held = json!({
        "alice": { "answer": { "Large": { "by": 3 } }, "high": 310 },
        "bob": { "bits": [true, true], "high": 310 },
    });
    for command in ["run", "eval"] {
        let output = success(&play(command, file, 7, 3, &[]));
        assert_eq!((&output["outputs"], output.get("failed")), (&held, None));
    }
}

/// A plan holds the bit and the reasons, and so does its digest.
#[test]
fn a_plan_fails_like_its_program() {
    let file = temporary("requirements_plan.hush", PROGRAM);
    let plan = file.with_extension("plan");
    let (file, plan) = (file.to_str().unwrap(), plan.to_str().unwrap());
    assert!(hushgate(&["build", file, "-o", plan]).status.success());
    for command in ["run", "eval"] {
        let output = unmet(&play(command, plan, 200, 5, &[]));
        assert_eq!(output["outputs"], json!({ "alice": null, "bob": null }));
        assert_eq!(output["failed"], json!(["a is not 200", "a number is above 0"]));
    }
    let inspect = success(&hushgate(&["inspect", plan, "--json"]));
    assert_eq!(
        inspect["requires"],
        json!({ "reasons": ["a is not 200", "a number is above 0"], "to": ["alice", "bob"] })
    );
    let other = temporary("requirements_other.hush", &PROGRAM.replace("a is not 200", "a differs from 200"));
    let other = success(&hushgate(&["inspect", other.to_str().unwrap(), "--json"]));
    assert_ne!(other["program"], inspect["program"], "what may fail is part of the program");
}

/// Failing or not, and whatever fails: as many bytes both ways.
#[test]
fn the_transcript_does_not_tell() {
    let file = temporary("requirements_transcript.hush", PROGRAM);
    let sent = |a, b| {
        let output = play("run", file.to_str().unwrap(), a, b, &["--seed", "07"]);
        let json: Json = serde_json::from_slice(&output.stdout).unwrap();
        json["stats"]["sent_bytes"].clone()
    };
    let held = sent(7, 3);
    for (a, b) in [(200, 5), (7, 0), (200, 0), (0, 0)] {
        assert_eq!(sent(a, b), held, "for {a} and {b}");
    }
}

/// Every output bit of the circuit is 0, not only hidden by the command.
#[test]
fn every_bit_of_the_circuit_is_neutral() {
    let file = temporary("requirements_circuit.hush", PROGRAM);
    let bristol = file.with_extension("txt");
    assert!(hushgate(&["build", file.to_str().unwrap(), "--bristol", bristol.to_str().unwrap()]).status.success());
    // With names and types beside it, the command would show what the bits mean.
    std::fs::remove_file(file.with_extension("txt.json")).unwrap();
    let eval = |a: u8, b: u8| {
        let (a, b) = (format!("p0={{\"in0\": {a}}}"), format!("p1={{\"in1\": {b}}}"));
        success(&hushgate(&["eval", bristol.to_str().unwrap(), "--json", "--input", &a, "--input", &b]))["outputs"]["p0"].clone()
    };
    for (a, b, is_held) in [(200, 5, false), (7, 0, false), (7, 3, true)] {
        let outputs = eval(a, b);
        let outputs = outputs.as_object().unwrap();
        assert_eq!(outputs.len(), 4, "three results and the bit");
        assert_eq!(outputs["out3"], json!(u8::from(is_held)));
        let is_zero = outputs.values().all(|value| *value == json!(0));
        assert_eq!(is_zero, !is_held, "{outputs:?}");
    }
}

#[test]
fn public_inputs_that_never_hold_are_refused_before_anything_is_sent() {
    let program = PROGRAM
        .replace("b: u8 from bob)", "b: u8 from bob, n: u8 public)")
        .replace("    let answer", "    require(n > 1, \"n is above 1\");\n    let answer");
    let file = temporary("requirements_public.hush", &program);
    let output = play("run", file.to_str().unwrap(), 1, 1, &["--input", r#"public={"n": 1}"#]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("E0333") && stderr(&output).contains("n is above 1"), "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
    let output = success(&play("run", file.to_str().unwrap(), 1, 1, &["--input", r#"public={"n": 2}"#]));
    assert_eq!(output["outputs"]["bob"]["high"], 302);
}

#[test]
fn parties_outside_the_audience_learn_nothing() {
    let program = "party alice, bob;\n\
                   fn main(a: u8 from alice, b: u8 from bob) -> u8 to bob requires to bob {\n\
                       require(a < b, \"a is below b\");\n\
                       b - a\n\
                   }";
    let file = temporary("requirements_audience.hush", program);
    let output = hushgate(&[
        "run",
        file.to_str().unwrap(),
        "--input",
        r#"alice={"a":5}"#,
        "--input",
        r#"bob={"b":3}"#,
        "--quiet",
    ]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert_eq!(stdout(&output), "alice learns nothing\nbob learns that a requirement does not hold\n");
}
