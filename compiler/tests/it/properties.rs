//! Properties of parser and formatter, on generated and on damaged programs.

use std::sync::LazyLock;

use hushgate_compiler::diagnostic::render;
use hushgate_compiler::syntax::round_trip::check_layout as check;
use proptest::prelude::*;
use proptest::sample::select;

use crate::programs;

static CORPUS: LazyLock<Vec<String>> = LazyLock::new(|| programs("corpus").into_iter().map(|(_, text)| text).collect());

/// What may be put anywhere in a program.
const FRAGMENTS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ";",
    ",",
    ":",
    "::",
    "=",
    "==",
    "=>",
    "->",
    "..",
    "..=",
    ".",
    "|",
    "||",
    "&",
    "&&",
    "!",
    "-",
    "+",
    "*",
    "/",
    "<",
    ">",
    ">>",
    "<<%",
    "+%",
    "@",
    "#",
    "#[test]",
    "?",
    "'",
    "\"",
    "b\"",
    "//",
    "///",
    "//!",
    "/*",
    "*/",
    "\\",
    "\n",
    " ",
    "0",
    "1u8",
    "0x",
    "1.5",
    "1e9",
    "x",
    "_",
    "self",
    "as",
    "if",
    "else",
    "match",
    "for",
    "in",
    "let",
    "mut",
    "fn",
    "return",
    "break",
    "struct",
    "enum",
    "impl",
    "use",
    "pub",
    "const",
    "type",
    "party",
    "from",
    "to",
    "all",
    "each",
    "public",
    "param",
    "while",
    "loop",
    "true",
    "S { x: 1 }",
    "|a, b| a",
    "[0; 3]",
    "(1, 2)",
    "x as u8",
    "é",
    "\u{a0}",
    "“",
    "\u{0}",
    "\u{1b}[31m",
    "/* c */",
    "// c\n",
];

#[derive(Clone, Debug)]
enum Damage {
    Insert(prop::sample::Index, &'static str),
    Remove(prop::sample::Index, usize),
    Double(prop::sample::Index, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<prop::sample::Index>(), select(FRAGMENTS)).prop_map(|(at, text)| Damage::Insert(at, text)),
        (any::<prop::sample::Index>(), 1..20usize).prop_map(|(at, len)| Damage::Remove(at, len)),
        (any::<prop::sample::Index>(), 1..60usize).prop_map(|(at, len)| Damage::Double(at, len)),
    ]
}

fn damaged(text: &str, damages: &[Damage]) -> String {
    let mut text = text.to_owned();
    for damage in damages {
        let place = |index: &prop::sample::Index| boundary(&text, index.index(text.len() + 1));
        match damage {
            Damage::Insert(at, fragment) => text.insert_str(place(at), fragment),
            Damage::Remove(at, len) => {
                let start = place(at);
                let end = boundary(&text, (start + len).min(text.len()));
                text.replace_range(start..end.max(start), "");
            }
            Damage::Double(at, len) => {
                let start = place(at);
                let end = boundary(&text, (start + len).min(text.len())).max(start);
                let copy = text[start..end].to_owned();
                text.insert_str(end, &copy);
            }
        }
    }
    text
}

fn boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The text of an expression. Spaces are where comments may go.
fn expression() -> impl Strategy<Value = String> {
    let leaf = select(vec![
        "x",
        "1",
        "0xff",
        "true",
        "1.5",
        "b'a'",
        "\"t\"",
        "b\"k\"",
        "S::A",
        "f::<u8, 3>",
        "()",
        "-1",
        "a.b.0.1",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(5, 40, 4, |inner| {
        let e = || inner.clone();
        let operators = select(vec!["+", "-", "*", "+%", "-|", "&", "|", "^", "<<", ">>", "&&", "||"]);
        let comparisons = select(vec!["==", "!=", "<", "<=", ">", ">="]);
        prop_oneof![
            (e(), operators, e()).prop_map(|(a, op, b)| format!("( {a} ) {op} ( {b} )")),
            (e(), comparisons, e()).prop_map(|(a, op, b)| format!("[ {a} ] {op} [ {b} ]")),
            prop::collection::vec(e(), 0..4).prop_map(|list| format!("f ( {} )", list.join(" , "))),
            prop::collection::vec(e(), 2..5).prop_map(|list| format!("( ( {} ) )", list.join(" ) + ( "))),
            prop::collection::vec(e(), 0..4).prop_map(|list| format!("[ {} ]", list.join(" , "))),
            prop::collection::vec(e(), 2..4).prop_map(|list| format!("( {} )", list.join(" , "))),
            (e(), e()).prop_map(|(a, b)| format!("[ {a} ; {b} ]")),
            (e(), e()).prop_map(|(a, b)| format!("x . map ( | p , q | {a} ) . fold ( {b} , | a , b | {{ a }} )")),
            (e(), e(), e()).prop_map(|(c, a, b)| format!("( if ( {c} ) {{ {a} }} else {{ {b} }} )")),
            (e(), e()).prop_map(|(c, a)| format!("( match ( {c} ) {{ 0 | 1 .. =2 => {a} , _ if x => {{ {a} }} }} )")
                .replace(".. =", "..=")),
            (e(), e()).prop_map(|(a, b)| format!("S {{ a : {a} , x , .. ( {b} ) }}")),
            (e(), e()).prop_map(|(a, b)| format!("( {{ let ( a , mut b ) : ( u8 , [ u8 ; 3 ] ) = {a} ; {b} }} )")),
            (e(), e()).prop_map(|(a, b)| format!("x [ {a} ] [ ( {b} ) .. ]")),
            e().prop_map(|a| format!("! ( {a} )")),
        ]
    })
}

/// A statement that holds `value`.
fn statement() -> impl Strategy<Value = String> {
    (expression(), expression(), 0..8usize).prop_map(|(a, b, form)| match form {
        0 => format!("let y = {a} ;"),
        1 => format!("let Some ( y ) = {a} else {{ return {b} ; }} ;"),
        2 => format!("x [ {a} ] . y = {b} ;"),
        3 => format!("x +%= {a} ;"),
        4 => format!("for i in 0 .. 3 {{ g ( {a} ) ; }}"),
        5 => format!("if let Some ( y ) = ( {a} ) && ( {b} ) {{ break ; }} else if ( {a} ) {{ continue ; }}"),
        6 => format!("f ( {a} ) ; ; g ( {b} ) ;"),
        _ => format!("{{ {a} ; }}"),
    })
}

fn program() -> impl Strategy<Value = String> {
    let statements = prop::collection::vec(statement(), 0..5);
    let gaps = prop::collection::vec(
        select(vec![" ", " ", " ", " ", " ", " ", "\n", "\n\n\n", "  ", " /* c */ ", " // c\n", "\n// c\n\n"]),
        50,
    );
    (statements, expression(), gaps).prop_map(|(statements, value, gaps)| {
        let spaced = format!("fn f ( x : u8 , y : u8 ) -> u8 {{ {} {value} }}", statements.join(" "));
        let mut out = String::new();
        for (i, word) in spaced.split(' ').enumerate() {
            out.push_str(if i > 0 { gaps[i % gaps.len()] } else { "" });
            out.push_str(word);
        }
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_is_refused_or_formatted(text in "\\PC{0,200}") {
        let _ = check(&text);
    }

    #[test]
    fn arbitrary_bytes_are_refused_or_formatted(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn fragments_in_any_order_are_refused_or_formatted(words in prop::collection::vec(select(FRAGMENTS), 0..60)) {
        let _ = check(&words.concat());
        let _ = check(&words.join(" "));
    }

    #[test]
    fn damaged_programs_are_refused_or_formatted(
        which in any::<prop::sample::Index>(), damages in prop::collection::vec(damage(), 1..4)
    ) {
        let text = which.get(&CORPUS);
        let _ = check(&damaged(text, &damages));
    }

    #[test]
    fn generated_programs_are_well_formed(text in program()) {
        let (sources, errors) = crate::diagnose("generated.hush", &text);
        prop_assert!(check(&text), "{}", render(&sources, &errors, false));
    }
}
