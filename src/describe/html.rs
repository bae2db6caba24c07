//! The page: one file, no scripts, nothing loaded from elsewhere, everything that comes from a program escaped.

use std::fmt::Write;

use super::{Description, UNKNOWN, shown};

/// The whole page.
pub fn page(description: &Description) -> String {
    let title = escape(&description.title);
    let mut body = format!("<h1>{title}</h1>\n");
    facts(&mut body, description);
    let _ = writeln!(body, "<h2>Who gives what, and who learns what</h2>");
    for (names, party) in description.grouped() {
        let _ = writeln!(body, "<section><h3>{}</h3>", escape(&names));
        list(&mut body, "gives", party.border.gives.iter().map(shown));
        list(&mut body, "learns", party.border.learns.iter().map(shown));
        if description.missing.is_empty() {
            list(&mut body, "which can reveal", party.reveals.iter().cloned());
        }
        body.push_str("</section>\n");
    }
    if !description.public.is_empty() {
        body.push_str("<h2>Public inputs, the same on both sides</h2>\n");
        list(&mut body, "", description.public.iter().map(shown));
    }
    if let Some(required) = &description.requires {
        body.push_str("<h2>What the program requires</h2>\n");
        list(&mut body, "", required.lines().into_iter());
    }
    if !description.parameters.is_empty() {
        body.push_str("<h2>Parameters</h2>\n");
        list(&mut body, "", description.parameters.iter().map(|(name, value)| format!("{name} = {value}")));
    }
    let parts = [("Rules", &description.rules), ("Trust", &description.trust), ("Cost", &description.cost_sentences())];
    for (heading, sentences) in parts {
        if !sentences.is_empty() {
            let _ = writeln!(body, "<h2>{heading}</h2>");
            list(&mut body, "", sentences.iter().cloned());
        }
    }
    for file in &description.files {
        let _ = writeln!(body, "<h2>{}</h2>\n<pre>{}</pre>", escape(&file.name), escape(&file.text));
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n{body}</body>\n</html>\n"
    )
}

fn facts(body: &mut String, description: &Description) {
    let proposal = description.proposal.iter().map(|digest| ("Proposal", digest.as_str()));
    let rows = proposal.chain([
        ("Program", description.digest.as_deref().unwrap_or(UNKNOWN)),
        ("Compiler", description.compiler.as_str()),
    ]);
    let rows: String =
        rows.map(|(name, value)| format!("<tr><th>{name}</th><td>{}</td></tr>\n", escape(value))).collect();
    let _ = writeln!(body, "<table>\n{rows}</table>");
}

fn list(body: &mut String, title: &str, items: impl Iterator<Item = String>) {
    let items: String = items.map(|item| format!("<li>{}</li>", escape(&item))).collect();
    let items = if items.is_empty() { "<li>nothing</li>".to_owned() } else { items };
    let title = if title.is_empty() { String::new() } else { format!("<p>{title}</p>") };
    let _ = writeln!(body, "{title}<ul>{items}</ul>");
}

/// Text in a page: no tags, no attributes, no characters that turn the direction of writing.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || is_unseen(c) => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:52em;margin:2em auto;padding:0 1em;color:#222}\
h1{font-size:1.6em}h2{font-size:1.2em;border-bottom:1px solid #ccc;margin-top:2em}h3{font-size:1em;margin:1em 0 0}\
th{text-align:left;padding-right:1em;vertical-align:top}td{font-family:monospace;word-break:break-all}\
section p{margin:.4em 0 0;color:#666}ul{margin:.2em 0}pre{background:#f6f6f6;padding:1em;overflow-x:auto;font-size:13px}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(escape("<b a=\"x\" b='y'>&amp;"), "&lt;b a=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;");
        assert_eq!(escape("a\u{202e}b\u{0}c\nd"), "a\\u{202e}b\\u{0}c\nd");
    }
}
