//! Ten mistakes give ten errors: each program in `tests/mistakes` has ten lines that end with the code that is to be reported there, and
//! nothing else is reported.

use hushgate_compiler::diagnostic::render;

use crate::{check, name, programs};

/// Lines, and what is reported there.
type Found = Vec<(usize, String)>;

fn expected(text: &str) -> Found {
    let codes = text.lines().enumerate().filter_map(|(i, line)| Some((i + 1, line.split_once("//~ ")?.1.to_owned())));
    codes.collect()
}

#[test]
fn ten_mistakes_give_ten_errors() {
    let mut differing = Vec::new();
    for (path, text) in programs("mistakes") {
        let expected = expected(&text);
        assert_eq!(expected.len(), 10, "{}", name(&path));
        let (sources, diagnostics) = check(&name(&path), &text);
        let place = |span: hushgate_compiler::source::Span| sources.file(span.file).line_index(span.start as usize) + 1;
        let found: Found =
            diagnostics.iter().map(|found| (found.span().map_or(0, place), found.code.number().to_owned())).collect();
        if found != expected {
            let extra = found.iter().filter(|found| !expected.contains(found));
            let missing = expected.iter().filter(|expected| !found.contains(expected));
            let (extra, missing): (Vec<_>, Vec<_>) = (extra.collect(), missing.collect());
            let said = render(&sources, &diagnostics, false);
            differing.push(format!("{}: extra {extra:?}, missing {missing:?}\n{said}", name(&path)));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
