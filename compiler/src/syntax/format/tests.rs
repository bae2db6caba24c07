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

#[test]
fn blank_lines_are_kept_between_statements_and_added_between_items() {
    check(
        "const A: int = 1;\nconst B: int = 2;\n\n\n\nconst C: int = 3;\nfn f() {}\nfn g() {\n\n\nf();\n\n\nf();\n\n}",
        "const A: int = 1;\nconst B: int = 2;\n\nconst C: int = 3;\n\nfn f() {}\n\nfn g() {\n    f();\n\n    f();\n}\n",
    );
}

#[test]
fn short_alternatives_stay_on_a_line_as_values_but_not_as_statements() {
    stays(
        "fn f(p: bool) -> u8 {\n    let x = if p { 1 } else { 2 };\n    if p {\n        return 1;\n    }\n    x\n}\n",
    );
}

#[test]
fn comments_in_odd_places_survive() {
    check(
        "fn f(x: u8) /* one */ -> u8 // two\n{ /* three */ x /* four */ + /* five */ 1 }",
        "fn f(\n    x: u8,\n    /* one */\n) -> u8 {\n    // two\n    /* three */ x /* four */ + /* five */ 1\n}\n",
    );
}

#[test]
fn enums_of_names_stay_on_one_line_where_they_stand_on_one() {
    stays("enum Grade { Junior, Senior }\n");
    stays("enum Grade {\n    Junior,\n    Senior,\n}\n");
    check("enum Shape{Dot,Circle(u8)}", "enum Shape {\n    Dot,\n    Circle(u8),\n}\n");
    let names = |from: u32, to: u32| (from..to).map(|i| format!("Variant{i}"));
    let long = format!("enum Long {{ {} }}\n", names(0, 40).collect::<Vec<_>>().join(", "));
    let tall: String = names(0, 40).map(|name| format!("    {name},\n")).collect();
    check(&long, &format!("enum Long {{\n{tall}}}\n"));
}

#[test]
fn a_record_of_one_name_stays_a_record() {
    stays("fn f(x: u8) -> { x: u8 to all } {\n    { x, }\n}\n");
}

#[test]
fn what_is_malformed_is_not_formatted() {
    let mut sources = SourceMap::new();
    let file = sources.add("program.hush", "fn f( {}");
    assert!(format(&sources, file).is_err());
}
