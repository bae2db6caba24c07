//! The call tree: every function with what it costs by itself and with all that it calls, and the same as a flame graph.

use serde_json::{Value as Json, json};

use hushgate_circuits::local::Ands;
use hushgate_compiler::hir::FunctionId;

use super::places::{Spent, declared_at, name_of, total};
use super::{columns, heading};
use crate::failure::Failure;
use crate::program::Hush;
use crate::terminal::outln;

/// A function as called along one path. Calls of one function by another are one, wherever they stand.
#[derive(Default)]
pub struct Call {
    function: Option<FunctionId>,
    /// Without the functions that it calls.
    own: Ands,
    /// With them.
    all: Ands,
    /// Those with most gates first.
    calls: Vec<Call>,
}

impl Call {
    /// The tree whose root is nobody's call: it calls `main`.
    pub fn tree(spent: &[Spent]) -> Call {
        let mut root = Call::default();
        for place in spent {
            root.add(&place.path, place.ands);
        }
        root.sort();
        root
    }

    fn add(&mut self, path: &[FunctionId], ands: Ands) {
        self.all = self.all.plus(ands);
        let Some((&first, rest)) = path.split_first() else {
            self.own = self.own.plus(ands);
            return;
        };
        let known = self.calls.iter().position(|call| call.function == Some(first));
        let index = known.unwrap_or_else(|| {
            self.calls.push(Call { function: Some(first), ..Call::default() });
            self.calls.len() - 1
        });
        self.calls[index].add(rest, ands);
    }

    fn sort(&mut self) {
        self.calls.sort_by_key(|call| (std::cmp::Reverse(total(call.all)), call.function));
        self.calls.iter_mut().for_each(Call::sort);
    }

    /// As scripts get it: what `main` costs, with what it calls.
    pub fn json(&self, hush: &Hush) -> Vec<Json> {
        let call = |call: &Call| {
            let function = call.function.expect("only the root is no function");
            let (file, line) = declared_at(function, hush);
            json!({
                "file": file,
                "line": line,
                "function": name_of(function, hush),
                "and_gates": total(call.all),
                "and_gates_itself": total(call.own),
                "calls": call.json(hush),
            })
        };
        self.calls.iter().map(call).collect()
    }

    /// Prints a line for each function on each path.
    pub fn print(&self, hush: &Hush) {
        outln!("\n{}     itself  function", heading());
        self.print_calls(hush, total(self.all), 0);
        if self.own != Ands::default() {
            outln!("{} {:>10}  not caused by a line", columns(self.own, total(self.all)), total(self.own));
        }
    }

    fn print_calls(&self, hush: &Hush, all: u64, depth: usize) {
        for call in &self.calls {
            let function = call.function.expect("only the root is no function");
            let (file, line) = declared_at(function, hush);
            let itself = if call.calls.is_empty() { String::new() } else { total(call.own).to_string() };
            let (name, indent) = (name_of(function, hush), "  ".repeat(depth));
            outln!("{} {itself:>10}  {indent}{name}  {file}:{line}", columns(call.all, all));
            call.print_calls(hush, all, depth + 1);
        }
    }
}

/// A file's name without its folders, unless it is of the library: there is little room in a picture.
fn short(file: &str) -> &str {
    if file.starts_with("std/") { file } else { file.rsplit(['/', '\\']).next().unwrap_or(file) }
}

/// An SVG flame graph: functions above their callers, lines on top, as wide as they have AND gates.
pub fn flame(title: &str, spent: &[Spent], hush: &Hush) -> Result<Vec<u8>, Failure> {
    let frame = |text: &str| text.replace(';', ",").replace('\n', " ");
    let stack = |place: &Spent| {
        let mut frames: Vec<String> = place.path.iter().map(|&id| frame(&name_of(id, hush))).collect();
        frames.push(match place.line {
            0 => "not caused by a line".to_owned(),
            line => frame(&format!("{}:{line}", short(&place.file))),
        });
        format!("{} {}", frames.join(";"), total(place.ands))
    };
    let stacks: Vec<String> = spent.iter().map(stack).collect();
    let mut options = inferno::flamegraph::Options::default();
    options.title = format!("AND gates of {title}");
    options.count_name = "AND gates".to_owned();
    options.name_type = "Function or line:".to_owned();
    options.deterministic = true;
    options.min_width = 0.0;
    let mut svg = Vec::new();
    inferno::flamegraph::from_lines(&mut options, stacks.iter().map(String::as_str), &mut svg)
        .map_err(|error| Failure::Program(format!("error: there is no flame graph: {error}")))?;
    Ok(svg)
}
