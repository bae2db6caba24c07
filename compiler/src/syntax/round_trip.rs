//! What must hold of lexer, parser and formatter on any text; for property tests and fuzzing.

use super::format::format;
use super::{Errors, lexer, parse};
use crate::diagnostic::render;
use crate::source::{FileId, SourceMap, Span};

/// Reads `text` as tokens: they are in order and do not overlap, and every place that is reported lies in the text.
///
/// # Panics
/// If that does not hold.
pub fn check_tokens(text: &str) {
    let mut sources = SourceMap::new();
    let file = sources.add("program.hush", text);
    let mut errors = Errors::default();
    let lexed = lexer::lex(file, text, &mut errors);
    let spans = || lexed.tokens.iter().map(|token| token.span);
    for (one, next) in spans().zip(spans().skip(1)) {
        assert!(one.end <= next.start, "tokens {one:?} and {next:?} overlap");
    }
    for span in spans().chain(lexed.comments.iter().copied()) {
        assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?} is no part of the text");
    }
    let diagnostics = errors.finish();
    let _ = render(&sources, &diagnostics, false);
}

/// Formats `text`; if it is well-formed, that changes neither tree nor comments, and formatting the result changes nothing.
/// Whether it is well-formed.
///
/// # Panics
/// If that does not hold.
#[must_use]
pub fn check_layout(text: &str) -> bool {
    let mut sources = SourceMap::new();
    let file = sources.add("program.hush", text);
    let (tree, diagnostics) = parse(&sources, file);
    let report = render(&sources, &diagnostics, true);
    let Ok(formatted) = format(&sources, file) else {
        assert!(!report.is_empty(), "a refused program has an error");
        return false;
    };
    let again = sources.add("formatted.hush", formatted.as_str());
    let (tree_again, errors) = parse(&sources, again);
    assert!(errors.is_empty(), "{text}\nbecomes\n{formatted}\n{}", render(&sources, &errors, false));
    let (before, after) = (without_spans(&tree.items), without_spans(&tree_again.items));
    assert_eq!(before, after, "{text}\nbecomes\n{formatted}");
    assert_eq!(comments(text), comments(&formatted), "{text}\nbecomes\n{formatted}");
    let twice = format(&sources, again).unwrap_or_default();
    assert_eq!(formatted, twice, "formatting again changes the layout of\n{text}");
    true
}

/// A tree as text, without the places of its nodes (`0:12..15`).
fn without_spans(tree: &impl std::fmt::Debug) -> String {
    let text = format!("{tree:?}");
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_ascii_digit() || c == ':' || c == '.' {
            word.push(c);
            continue;
        }
        let is_span = word.contains(':') && word.contains("..");
        out.push_str(if is_span { "" } else { &word });
        word.clear();
        out.push(c);
    }
    out
}

/// The comments of a program that are not documentation, in order, without their spaces.
fn comments(text: &str) -> Vec<String> {
    let spans = lexer::lex(FileId::default(), text, &mut Errors::default()).comments;
    let part = |span: Span| text[span.start as usize..span.end as usize].split_whitespace().collect();
    spans.into_iter().map(part).collect()
}
