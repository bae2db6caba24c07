//! The long explanations of the codes: their examples are what they say they are.
//!
//! A block marked `hush error` draws the code that it explains, a block marked `hush` draws nothing.

use hushgate_compiler::diagnostic::{Code, render};
use hushgate_compiler::{Options, Sources, check};

#[test]
fn examples_draw_what_they_explain() {
    let mut wrong = Vec::new();
    for code in Code::ALL {
        for (marker, example) in blocks(code.explanation()) {
            let (codes, said) = diagnose(example);
            let fine = match marker {
                "hush" => codes.is_empty(),
                "hush error" => codes.contains(code),
                _ => true,
            };
            if !fine {
                wrong.push(format!("{code}, {marker}:\n{example}\n{said}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_is_explained() {
    for code in Code::ALL {
        let text = code.explanation();
        assert!(text.starts_with(&format!("# {code}: {}\n\n", code.title())), "{code}: {text:.60}");
        assert!(text.lines().count() >= 3, "{code} has no explanation");
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{code} has a line that is too long");
    }
}

fn diagnose(text: &str) -> (Vec<Code>, String) {
    let checked = check(&Sources { name: "example.hush", text, load: &|_| None }, &Options::default());
    let said = render(&checked.sources, &checked.diagnostics, false);
    (checked.diagnostics.iter().map(|diagnostic| diagnostic.code).collect(), said)
}

/// The fenced blocks of a Markdown text: what stands after the fence, and the content.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let mut parts = text.split("```");
    parts.next();
    let mut found = Vec::new();
    while let (Some(block), Some(_)) = (parts.next(), parts.next()) {
        found.extend(block.split_once('\n'));
    }
    found
}
