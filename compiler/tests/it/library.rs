//! The standard library: its pages in the book, what it costs, and that its circuits compute what it says.
//!
//! `book/src/std.md` and `book/src/std/NAME.md` are made from the modules' own text: comments, signatures, examples, and AND gates of the
//! calls that the comments list. `HUSHGATE_BLESS=1 cargo test -p hushgate-compiler --test it library` writes them anew. In comments
//! - a fence without a name holds an example: the body of a test, or a program;
//! - a fence ```` ```cost ```` holds calls, one a line, with the types of their secret arguments: `sort(xs: [u32; 16]) -> [u32; 16]`.
//!
//! `tests/library/NAME.calls` holds more such calls, after functions for them and a line `---`: small ones, where ties are frequent. All are
//! run on random inputs both ways.

use std::path::{Path, PathBuf};

use hushgate_circuits::optimize::{LEVEL_DEFAULT, optimize};
use hushgate_circuits::stats::stats;
use hushgate_compiler::diagnostic::{Code, render};
use hushgate_compiler::hir::Program;
use hushgate_compiler::source::SourceMap;
use hushgate_compiler::syntax::ast::{DocLine, Item, ItemKind};
use hushgate_compiler::syntax::format::format;
use hushgate_compiler::{Checked, Options, Sources, check, interpret, syntax};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::lowered::{agree, built};

/// How often each call is run on random inputs.
const RUNS: u32 = 12;

#[test]
fn the_pages_are_current() {
    let pages = each_module(page);
    let mut list = String::from(INDEX);
    for (name, text) in &pages {
        let first = text.lines().nth(2).unwrap_or_default();
        list.push_str(&format!("- [`std::{name}`](std/{name}.md): {first}\n"));
    }
    let mut wrong = Vec::new();
    wrong.extend(stale("std.md", &list));
    for (name, text) in &pages {
        wrong.extend(stale(&format!("std/{name}.md"), text));
    }
    assert!(wrong.is_empty(), "out of date: {wrong:?}; run this test with HUSHGATE_BLESS=1");
}

#[test]
fn every_module_is_in_the_table_of_contents() {
    let summary = std::fs::read_to_string(book().join("SUMMARY.md")).unwrap();
    let listed: Vec<&str> = summary.lines().filter(|line| line.contains("(std/")).collect();
    let wanted: Vec<String> =
        hushgate_compiler::std::names().map(|name| format!("  - [`std::{name}`](std/{name}.md)")).collect();
    assert_eq!(listed, wanted);
}

#[test]
fn modules_are_in_canonical_layout() {
    for name in hushgate_compiler::std::names() {
        let mut sources = SourceMap::new();
        let file = sources.add(name, text(name));
        assert!(format(&sources, file).as_deref() == Ok(text(name)), "run `hushgate fmt` on std/{name}.hush");
    }
}

#[test]
fn circuits_compute_what_the_library_says() {
    each_module(|name| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/library/{name}.calls"));
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let (functions, calls) = text.split_once("---\n").unwrap_or(("", &text));
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for line in calls.lines().filter(|line| !line.is_empty() && !line.starts_with("//")) {
            agree(&Call::parse(line).program(name, functions), line, RUNS, &mut rng);
        }
    });
}

const INDEX: &str = "# The standard library

Made from the library's own text; a test fails when it is out of date. The gates are those that `hushgate cost` counts for a program that
consists of the call alone. `use std::sort::sort;` takes one function, `use std::sort::*;` all of a module, and after `use std::sort;` the
function is `sort::sort`.

";

/// What to do with every module, each on a thread of its own; in the order of the modules.
fn each_module<T: Send>(work: impl Fn(&'static str) -> T + Sync) -> Vec<(&'static str, T)> {
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            hushgate_compiler::std::names().map(|name| (name, scope.spawn(move || work(name)))).collect();
        threads.into_iter().map(|(name, thread)| (name, thread.join().expect("the module's work succeeds"))).collect()
    })
}

fn text(name: &str) -> &'static str {
    hushgate_compiler::std::text(name).expect("the library has this module")
}

fn book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../book/src")
}

/// The path, if the page is not as it should be.
fn stale(path: &str, wanted: &str) -> Option<String> {
    let file = book().join(path);
    if std::env::var_os("HUSHGATE_BLESS").is_some() {
        std::fs::create_dir_all(file.parent().expect("pages are in a folder")).expect("the folder can be made");
        std::fs::write(&file, wanted).expect("the page can be written");
    }
    (std::fs::read_to_string(&file).unwrap_or_default() != wanted).then(|| path.to_owned())
}

/// The page of a module.
fn page(name: &'static str) -> String {
    let text = text(name);
    let mut sources = SourceMap::new();
    let file = sources.add(name, text);
    let (tree, errors) = syntax::parse(&sources, file);
    assert!(errors.is_empty(), "{}", render(&sources, &errors, false));
    let mut page = format!("# std::{name}\n\n");
    documentation(name, &tree.docs, &mut page);
    for item in &tree.items {
        section(name, text, item, "", &mut page);
    }
    page
}

/// What a page says about a declaration, if it is for others; `owner` is `Type::` in an `impl`.
fn section(module: &str, text: &str, item: &Item, owner: &str, page: &mut String) {
    if let ItemKind::Impl(own) = &item.kind {
        let ty = &text[own.ty.span.start as usize..own.ty.span.end as usize];
        own.items.iter().for_each(|item| section(module, text, item, &format!("{ty}::"), page));
        return;
    }
    if item.public.is_none() && owner.is_empty() {
        return;
    }
    let (name, end) = match &item.kind {
        ItemKind::Function(function) => (&function.name, function.signature.end),
        ItemKind::Const(own) => (&own.name, item.span.end),
        ItemKind::Struct(own) => (&own.name, item.span.end),
        ItemKind::Enum(own) => (&own.name, item.span.end),
        ItemKind::TypeAlias(own) => (&own.name, item.span.end),
        ItemKind::Use(_) | ItemKind::Party(_) | ItemKind::Impl(_) => return,
    };
    assert!(!item.docs.is_empty(), "std::{module}: `{owner}{name}` has no documentation");
    let signature = text[item.span.start as usize..end as usize].trim_end();
    page.push_str(&format!("\n## `{owner}{name}`\n\n```text\n{signature}\n```\n\n"));
    documentation(module, &item.docs, page);
}

/// Comments as a page shows them: examples as programs, calls with their costs.
fn documentation(module: &str, docs: &[DocLine], page: &mut String) {
    let mut lines = docs.iter().map(|line| &*line.text);
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            page.push_str(&format!("{line}\n"));
            continue;
        };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        match info {
            "" => {
                let program = example(module, &body);
                runs(&program);
                page.push_str(&format!("```hush\n{program}```\n"));
            }
            "cost" => {
                page.push_str("| call | AND gates |\n|---|---:|\n");
                for line in body {
                    let call = Call::parse(line);
                    let n_ands = n_ands(&call.program(module, ""));
                    page.push_str(&format!("| `{}` | {n_ands} |\n", call.text().replace('|', "\\|")));
                }
            }
            _ => panic!("std::{module}: a fence is an example or `cost`, found `{info}`"),
        }
    }
}

/// The rows of the manual's table of costs: the expressions, and programs that have them as their result.
const COSTS: &[(&str, &[&str])] = &[
    (
        "`x + y`, `x < y`, `if c { x } else { y }`",
        &[
            "(x: u32, y: u32) -> u33 { x + y }",
            "(x: u32, y: u32) -> bool { x < y }",
            "(x: u32, y: u32, c: bool) -> u32 { if c { x } else { y } }",
        ],
    ),
    ("`x == y`", &["(x: u32, y: u32) -> bool { x == y }"]),
    ("`x / 10`", &["(x: u32) -> u32 { x / 10 }"]),
    ("`x >> n` with a secret `n: u5`", &["(x: u32, n: u5) -> u32 { x >> n }"]),
    ("`x.div_or(y, 0)`", &["(x: u32, y: u32) -> u32 { x.div_or(y, 0) }"]),
    ("`x * y`", &["(x: u32, y: u32) -> u64 { x * y }"]),
    ("`xs[i]` with a secret `i: u6` and 64 elements", &["(xs: [u32; 64], i: u6) -> u32 { xs[i] }"]),
    ("`xs[i] = 7`, likewise", &["(xs: [u32; 64], i: u6) -> [u32; 64] { let mut ys = xs; ys[i] = 7; ys }"]),
];

#[test]
fn the_manual_says_what_secrets_cost() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../book/src/language.md");
    let mut manual = std::fs::read_to_string(&path).unwrap();
    let before = manual.clone();
    for (label, functions) in COSTS {
        let cost = |function: &&str| {
            let (params, rest) = function.split_once(") -> ").unwrap();
            let (result, body) = rest.split_once(" {").unwrap();
            let params = params.replace(", ", " from a, ");
            n_ands(&accepted(&format!("party a, b;\n\nfn main{params} from a) -> {result} to a {{{body}\n")))
        };
        let costs: Vec<u128> = functions.iter().map(cost).collect();
        assert!(costs.iter().all(|cost| *cost == costs[0]), "{label}: {costs:?}");
        let row = format!("| {label} | ");
        let start = manual.find(&row).unwrap_or_else(|| panic!("the manual has no row {label}")) + row.len();
        let end = start + manual[start..].find(' ').unwrap();
        manual.replace_range(start..end, &costs[0].to_string());
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &manual).unwrap();
    } else {
        assert!(manual == before, "UPDATE_GOLDEN=1 writes the costs into the manual");
    }
}

/// An example as a program, in canonical layout.
fn example(module: &str, body: &[&str]) -> String {
    let mut program = format!("use std::{module}::*;\n\n");
    let whole = body.iter().any(|line| line.contains("fn ") || line.starts_with("use "));
    if whole {
        program = body.iter().flat_map(|line| [line, "\n"]).collect();
    } else {
        program.push_str(&format!("#[test]\nfn example() {{\n{}\n}}\n", body.join("\n")));
    }
    let mut sources = SourceMap::new();
    let file = sources.add("example", program.as_str());
    format(&sources, file).unwrap_or_else(|errors| panic!("{}", render(&sources, &errors, false)))
}

fn accepted(text: &str) -> Program {
    let checked = checked(text);
    checked.program.unwrap_or_else(|| panic!("{}\n{text}", render(&checked.sources, &checked.diagnostics, false)))
}

fn checked(text: &str) -> Checked {
    check(&Sources { name: "program", text, load: &|_| None }, &Options::default())
}

fn runs(text: &str) {
    let program = accepted(text);
    for test in &program.tests {
        let failures = interpret::run_test(&program, test);
        assert!(failures.is_empty(), "{failures:?}\n{text}");
    }
}

fn n_ands(program: &Program) -> u128 {
    let circuit = built(program, &Default::default()).circuit;
    stats(&optimize(circuit, LEVEL_DEFAULT)).n_ands
}

/// `name(x: TYPE, EXPRESSION, …) -> TYPE`: a call with secret arguments, which have types, and others. Methods of its result may follow.
struct Call<'t> {
    name: &'t str,
    args: Vec<&'t str>,
    methods: &'t str,
    result: &'t str,
}

impl<'t> Call<'t> {
    fn parse(line: &'t str) -> Call<'t> {
        let (call, result) = line.rsplit_once(" -> ").unwrap_or_else(|| panic!("`{line}` lacks `-> TYPE`"));
        let (name, args) = call.split_once('(').unwrap_or_else(|| panic!("`{line}` is no call"));
        let mut depth = 1;
        let end = args.find(|c| {
            depth += i32::from("([{".contains(c)) - i32::from(")]}".contains(c));
            depth == 0
        });
        let (args, methods) = args.split_at(end.unwrap_or_else(|| panic!("`{line}` lacks a bracket")));
        Call { name, args: arguments(args), methods: &methods[1..], result }
    }

    /// The call as pages show it.
    fn text(&self) -> String {
        format!("{}({}){} -> {}", self.name, self.args.join(", "), self.methods, self.result)
    }

    /// The program that consists of this call; everybody learns whether its requirements hold, if it has any.
    fn program(&self, module: &str, functions: &str) -> Program {
        let text = self.program_text(module, functions, "");
        let may_fail = checked(&text).diagnostics.iter().any(|found| found.code == Code::RequiresMissing);
        accepted(&if may_fail { self.program_text(module, functions, "requires to all ") } else { text })
    }

    fn program_text(&self, module: &str, functions: &str, requires: &str) -> String {
        let inputs: Vec<String> =
            self.args.iter().filter(|arg| input(arg).is_some()).map(|arg| format!("{arg} from a")).collect();
        let args: Vec<&str> = self.args.iter().map(|arg| input(arg).unwrap_or(arg)).collect();
        let (inputs, args) = (inputs.join(", "), args.join(", "));
        let Call { name, methods, result, .. } = self;
        let main = format!(
            "fn main({inputs}) -> {result} to a {requires}{{
    {name}({args}){methods}
}}
"
        );
        format!(
            "use std::{module}::*;

party a;

{functions}
{main}"
        )
    }
}

/// The name of an argument that is an input.
fn input(arg: &str) -> Option<&str> {
    let (name, _) = arg.split_once(": ")?;
    name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_').then_some(name)
}

/// The parts between commas that stand in no brackets and not between the bars of a closure.
fn arguments(text: &str) -> Vec<&str> {
    let (mut depth, mut in_bars, mut start) = (0, false, 0);
    let mut parts = Vec::new();
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        // With a space before it, `<` is an operator.
        let in_type = before != ' ' && before != '-';
        before = c;
        match c {
            '<' if in_type => depth += 1,
            '>' if in_type => depth -= 1,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '|' if depth == 0 => in_bars = !in_bars,
            ',' if depth == 0 && !in_bars => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}
