//! `bench`: the names and units that scripts rely on.

use crate::{hushgate, json, stdout};

/// The promised figures, by topic, with their units.
fn promised(topic: &str) -> Vec<(String, &'static str)> {
    let workloads = ["aes128", "sha256", "mul64", "chain", "wide"];
    let all = |prefix: &str, names: &[&str], unit| -> Vec<(String, &'static str)> {
        names.iter().map(|name| (format!("{prefix}/{name}"), unit)).collect()
    };
    match topic {
        "garble" => [
            all("kernel", &["garble", "evaluate"], "M AND/s"),
            all("garble", &workloads, "M AND/s"),
            all("evaluate", &workloads, "M AND/s"),
        ]
        .concat(),
        "ot" => [all("ot", &["base128"], "ms"), all("ot", &["softspoken2", "softspoken4", "softspoken8"], "M COT/s")]
            .concat(),
        "session" => [
            all("session/tcp", &workloads, "M AND/s"),
            all("session/memory", &workloads, "M AND/s"),
            all("session", &["socket-limit"], "MB/s"),
            all("session", &["cold-millionaires", "cold-millionaires-tls", "warm-millionaires"], "ms"),
            all("session", &["round-trips-cold"], "count"),
        ]
        .concat(),
        _ => {
            let words = "mul32 mul64 mul32-full mul64-full div32 div64 divrem32 divrem64 popcount64 hamming1600 edit50 aes128 sha256 \
                         sort16 sort128 write1024 millionaires64";
            all("circuits", &words.split(' ').collect::<Vec<_>>(), "AND")
        }
    }
}

#[test]
fn every_promised_figure_is_there() {
    for topic in ["garble", "ot", "session", "circuits"] {
        let document = json(&hushgate(&["bench", topic, "--seconds", "0", "--json"]));
        assert!(document["machine"]["kernel"].is_string());
        let results = document["results"].as_array().expect("a list of results");
        for (name, unit) in promised(topic) {
            let result = results.iter().find(|result| result["name"] == name.as_str());
            let result = result.unwrap_or_else(|| panic!("{name} is missing"));
            assert_eq!(result["unit"], unit, "{name}");
            assert!(result["value"].as_f64().is_some_and(|value| value > 0.0), "{result}");
        }
    }
}

#[test]
fn people_get_a_line_for_each_figure() {
    let output = hushgate(&["bench", "circuits"]);
    assert!(stdout(&output).lines().any(|line| line.starts_with("circuits/popcount64") && line.contains(" 63 AND")));
    assert_eq!(hushgate(&["bench", "ot", "--seconds=-1"]).status.code(), Some(2));
}
