use super::format;
use crate::diagnostic::render;
use crate::source::SourceMap;

fn formatted(text: &str) -> String {
    let mut sources = SourceMap::new();
    let file = sources.add("program.hush", text);
    format(&sources, file).unwrap_or_else(|errors| panic!("{}", render(&sources, &errors, false)))
}

/// `text` becomes `expected`, and that stays.
fn check(text: &str, expected: &str) {
    assert_eq!(formatted(text), expected);
    assert_eq!(formatted(expected), expected, "formatting again changes it");
}

/// `text` is in canonical layout.
fn stays(text: &str) {
    check(text, text);
}

#[test]
fn spaces_are_canonical() {
    check("fn  f( x:u8 ,y : u8 )->u8{x+y*( 2-x )}", "fn f(x: u8, y: u8) -> u8 {\n    x + y * (2 - x)\n}\n");
    check("", "");
    check("\n\n// only a comment\n\n", "// only a comment\n");
}
