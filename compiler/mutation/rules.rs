//! The list of mutations, and how they get into the sources.
//!
//! An entry of the list:
//! ```text
//! [name] path/to/file.rs function: the rule that it breaks
//! @ something that stands before it, if it needs that to be found
//! - an expression of that function
//! + the expression that takes its place
//! = why nothing can tell the difference, if that is so
//! ```
//! Expressions may go on over several lines, each with its sign; white space does not count, so that formatting does not matter.
//! They occur once among all functions of that name in the file, or are the first after something that does.

use std::ops::Range;

/// A rule, broken.
pub struct Mutation {
    pub name: String,
    /// From the root of the workspace.
    pub file: String,
    function: String,
    pub rule: String,
    after: String,
    find: String,
    replacement: String,
    /// Why it changes nothing.
    pub equivalent: Option<String>,
}

/// A mutation's place in a file.
struct Place<'m> {
    span: Range<usize>,
    /// Which mutation it is, counted from 1.
    number: usize,
    replacement: &'m str,
}

/// The list, or what is wrong with it.
pub fn parse(text: &str) -> Result<Vec<Mutation>, String> {
    let mut list: Vec<Mutation> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if line.starts_with('[') {
            list.push(parse_head(line).ok_or_else(|| format!("not the head of a mutation: {line}"))?);
            continue;
        }
        let (Some(mutation), Some((sign, rest))) = (list.last_mut(), line.split_at_checked(1)) else {
            return Err(format!("before the first mutation: {line}"));
        };
        let part = match sign {
            "@" => &mut mutation.after,
            "-" => &mut mutation.find,
            "+" => &mut mutation.replacement,
            "=" => mutation.equivalent.get_or_insert_default(),
            _ => return Err(format!("neither `@`, `-`, `+` nor `=`: {line}")),
        };
        part.push_str(if part.is_empty() { rest.trim_start() } else { rest });
        part.push('\n');
    }
    Ok(list)
}

fn parse_head(line: &str) -> Option<Mutation> {
    let (name, rest) = line.strip_prefix('[')?.split_once("] ")?;
    let (place, rule) = rest.split_once(": ")?;
    let (file, function) = place.split_once(' ')?;
    let [name, file, function, rule] = [name, file, function, rule].map(str::to_owned);
    let (after, find, replacement) = Default::default();
    Some(Mutation { name, file, function, rule, after, find, replacement, equivalent: None })
}

impl Mutation {
    /// Where it stands in the text of its file.
    fn find(&self, text: &str) -> Result<Range<usize>, String> {
        let functions = functions(text, &self.function);
        if functions.is_empty() {
            return Err(format!("[{}] {} has no function `{}`", self.name, self.file, self.function));
        }
        let find = |wanted: &str, within: &[Range<usize>]| -> Vec<Range<usize>> {
            within.iter().flat_map(|part| occurrences(text, part.clone(), wanted)).collect()
        };
        let once = |wanted: &str, found: Vec<Range<usize>>| match &found[..] {
            [one] => Ok(one.clone()),
            _ => Err(format!("[{}] occurs {} times in {}: {}", self.name, found.len(), self.file, wanted.trim())),
        };
        if self.after.is_empty() {
            return once(&self.find, find(&self.find, &functions));
        }
        let start = once(&self.after, find(&self.after, &functions))?.end;
        let rest =
            functions.into_iter().filter(|function| function.contains(&start)).map(|function| start..function.end);
        let found = find(&self.find, &rest.collect::<Vec<_>>());
        once(&self.find, found.into_iter().take(1).collect())
    }
}

/// The text of a file with all of its mutations in it: each takes effect where `is_on` gives true for its number.
pub fn apply<'m>(
    text: &str,
    mutations: impl Iterator<Item = (usize, &'m Mutation)>,
    is_on: &str,
) -> Result<String, String> {
    let (mut places, mut wrong) = (Vec::new(), Vec::new());
    for (number, mutation) in mutations {
        match mutation.find(text) {
            Ok(span) => places.push(Place { span, number, replacement: mutation.replacement.trim() }),
            Err(error) => wrong.push(error),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong.join("\n"));
    }
    // Outer ones before those inside them.
    places.sort_by_key(|place| (place.span.start, std::cmp::Reverse(place.span.end), place.number));
    Ok(render(text, 0..text.len(), &places, is_on))
}

fn render(text: &str, span: Range<usize>, places: &[Place<'_>], is_on: &str) -> String {
    let (mut out, mut at, mut next) = (String::new(), span.start, 0);
    while let Some(Place { span: own, number, replacement }) = places.get(next) {
        let n_inside = places[next + 1..].iter().take_while(|place| place.span.start < own.end).count();
        let inner = &places[next + 1..next + 1 + n_inside];
        assert!(inner.iter().all(|place| place.span.end <= own.end), "{replacement:?} overlaps another mutation");
        let original = render(text, own.clone(), inner, is_on);
        out += &text[at..own.start];
        out += &format!("(if {is_on}({number}) {{ {replacement} }} else {{ {original} }})");
        (at, next) = (own.end, next + 1 + n_inside);
    }
    out + &text[at..span.end]
}

/// Where the functions of this name stand, by the layout that rustfmt gives them.
fn functions(text: &str, name: &str) -> Vec<Range<usize>> {
    let heads = [format!("fn {name}("), format!("fn {name}<")];
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if heads.iter().any(|head| line.contains(head)) {
            let indent = &line[..line.len() - line.trim_start().len()];
            let end = text[at..].find(&format!("\n{indent}}}\n")).map_or(text.len(), |end| at + end);
            found.push(at..end);
        }
        at += line.len();
    }
    found
}

/// Where `wanted` stands within a part of the text, white space aside.
fn occurrences(text: &str, within: Range<usize>, wanted: &str) -> Vec<Range<usize>> {
    let solid =
        |text: &str| -> Vec<(usize, char)> { text.char_indices().filter(|(_, c)| !c.is_whitespace()).collect() };
    let (part, wanted) = (solid(&text[within.clone()]), solid(wanted));
    let is_it = |window: &&[(usize, char)]| window.iter().zip(&wanted).all(|(a, b)| a.1 == b.1);
    let span = |window: &[(usize, char)]| {
        let (last, c) = window[window.len() - 1];
        within.start + window[0].0..within.start + last + c.len_utf8()
    };
    part.windows(wanted.len().max(1)).filter(is_it).map(span).collect()
}

#[test]
fn mutations_stand_behind_their_numbers() {
    let list = "# none\n[a] f.rs g: r\n- x + y\n+ x - y\n\n[b] f.rs g: s\n- y\n+ 0\n= why\n= not\n";
    let list = parse(list).unwrap();
    assert_eq!(list[1].equivalent.as_deref(), Some("why\n not\n"));
    let text = "fn f() {\n    x + y;\n}\nfn g() {\n    let z = x\n        + y;\n}\n";
    let mutated = apply(text, (1..).zip(&list), "on").unwrap();
    let expected = "fn f() {\n    x + y;\n}\nfn g() {\n    let z = \
                    (if on(1) { x - y } else { x\n        + (if on(2) { 0 } else { y }) });\n}\n";
    assert_eq!(mutated, expected);
    let twice = "fn g() {\n    x + y + y;\n}\n";
    assert!(apply(twice, (1..).zip(&list), "on").is_err(), "`y` occurs twice");
    let list = parse("[a] f.rs g: r\n@ x +\n- y\n+ 0\n").unwrap();
    assert_eq!(
        apply(twice, (1..).zip(&list), "on").unwrap(),
        "fn g() {\n    x + (if on(1) { 0 } else { y }) + y;\n}\n"
    );
}
