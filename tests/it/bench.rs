//! `bench`: the names and units that scripts rely on.

use crate::{hushgate, json, stdout};

/// The promised figures, by topic, with their units.
fn promised(topic: &str) -> Vec<(String, &'static str)> {
    let workloads = ["aes128", "sha256", "mul64", "chain", "wide"];
    let programs = ["hush-aes128", "hush-sha256", "hush-mul64"];
    let all = |prefix: &str, names: &[&str], unit| -> Vec<(String, &'static str)> {
        names.iter().map(|name| (format!("{prefix}/{name}"), unit)).collect()
    };
    match topic {
        "garble" => [
            all("kernel", &["garble", "evaluate"], "M AND/s"),
            all("garble", &workloads, "M AND/s"),
            all("evaluate", &workloads, "M AND/s"),
            all("garble", &programs, "M AND/s"),
            all("evaluate", &programs, "M AND/s"),
            all("overhead", &["thousand-gates"], "µs"),
        ]
        .concat(),
        "ot" => [
            all("ot", &["base128", "random8M"], "ms"),
            all("ot", &["softspoken2", "softspoken4", "softspoken8"], "M COT/s"),
        ]
        .concat(),
        "session" => [
            all("session/tcp", &workloads, "M AND/s"),
            all("session/tls", &workloads, "M AND/s"),
            all("session/memory", &workloads, "M AND/s"),
            all("session", &["socket-limit", "socket-limit-tls"], "MB/s"),
            all("session", &["cold-millionaires", "cold-millionaires-tls", "cold-aes128", "warm-millionaires"], "ms"),
            all("session", &["round-trips-cold"], "count"),
            all("session", &["wan-million-bits"], "ratio"),
        ]
        .concat(),
        "long" => [
            all("long", &["rate", "short-rate"], "M AND/s"),
            all("long", &["plan", "peak-memory-garbler", "peak-memory-evaluator"], "MB"),
            all("long", &["compile"], "s"),
        ]
        .concat(),
        _ => all("circuits", &ROWS.split(' ').collect::<Vec<_>>(), "AND"),
    }
}

/// The rows of `circuits` that are promised, but for `matmul8`, which takes long in a build for tests: `sizes` measures it.
const ROWS: &str = "mul32 mul64 mul32-full mul64-full div32 div64 divrem32 divrem64 popcount64 hamming1600 edit50 aes128 sha256 sort16 sort128 \
                    write1024 f32-add f32-mul f32-div f32-sqrt f64-add f64-mul psi-count256 vickrey64 millionaires64";

#[test]
fn every_promised_figure_is_there() {
    for topic in ["garble", "ot", "session", "circuits", "long"] {
        let mut args = vec!["bench", topic, "--seconds", "0", "--json"];
        if topic == "circuits" {
            ROWS.split(' ').for_each(|row| args.extend(["--row", row]));
        }
        if topic == "garble" {
            args.extend(["--threads", "2"]);
        }
        if topic == "long" {
            args.extend(["--millions", "0.2"]);
        }
        let document = json(&hushgate(&args));
        assert!(document["machine"]["kernel"].is_string());
        let results = document["results"].as_array().expect("a list of results");
        for (name, unit) in promised(topic) {
            let result = results.iter().find(|result| result["name"] == name.as_str());
            let result = result.unwrap_or_else(|| panic!("{name} is missing"));
            assert_eq!(result["unit"], unit, "{name}");
            // What is left when time is taken from time may be less than nothing on a busy machine.
            let is_difference = name.starts_with("overhead/");
            assert!(result["value"].as_f64().is_some_and(|value| value > 0.0 || is_difference), "{result}");
        }
    }
}

#[test]
fn people_get_a_line_for_each_figure() {
    let output = stdout(&hushgate(&["bench", "circuits", "--row", "popcount64", "--row", "millionaires64"]));
    let line =
        |row: &str| output.lines().find(|line| line.starts_with(row)).unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(line("popcount64")[1], "63");
    assert_eq!(line("millionaires64")[1..4], ["64", "189", "64"]);
    assert_eq!(hushgate(&["bench", "circuits", "--row", "nothing"]).status.code(), Some(2));
    assert_eq!(hushgate(&["bench", "ot", "--seconds=-1"]).status.code(), Some(2));
}
