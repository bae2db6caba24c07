//! `hushgate eval --trace`: every named value of a run in the clear, line by line, on standard error.

use hushgate_compiler::hir::Program;
use hushgate_compiler::interpret::{Event, Val, show};
use hushgate_compiler::source::{SourceMap, Span};

use crate::command::test::{cut, one_line};

/// Iterations of a loop that are shown.
const ITERATIONS_MAX: u64 = 10;
/// Lines that are shown.
const LINES_MAX: u64 = 20_000;
/// Columns that the place takes.
const PLACE_WIDTH: usize = 24;

/// Prints what happens in a run.
pub struct Trace<'p> {
    program: &'p Program,
    sources: &'p SourceMap,
    /// For each loop around: whether its iteration is hidden.
    loops: Vec<bool>,
    calls: usize,
    n_lines: u64,
    print: fn(&str),
}

impl<'p> Trace<'p> {
    /// Prints each line by `print`.
    pub fn new(program: &'p Program, sources: &'p SourceMap, print: fn(&str)) -> Trace<'p> {
        Trace { program, sources, loops: Vec::new(), calls: 0, n_lines: 0, print }
    }

    /// Takes note of what happens.
    pub fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Called { function, span } => {
                self.line(*span, || format!("{}(…)", function.name));
                self.calls += 1;
            }
            Event::Returned { function, value } => {
                self.value(function.span, &format!("{} gives", function.name), &function.ret, value);
                self.calls -= 1;
            }
            // What the compiler made for itself has no name.
            Event::Bound { local, .. } if !local.name.starts_with(|c: char| c.is_ascii_alphabetic()) => {}
            Event::Bound { local, value } => self.value(local.span, &format!("{} =", local.name), &local.ty, value),
            Event::Assigned { place, value } => {
                let name = one_line(self.sources.text(place.span));
                self.value(place.span, &format!("{name} ="), &place.ty, value);
            }
            Event::Condition { whole, condition, holds } if self.begins(*whole, "if") && whole != condition => {
                let (sources, condition) = (self.sources, *condition);
                self.line(condition, || format!("if {}: {holds}", one_line(sources.text(condition))));
            }
            Event::Condition { .. } => {}
            Event::Arm { whole, arm } if self.begins(*whole, "match") => {
                let (sources, body) = (self.sources, arm.body.span);
                self.line(body, || format!("match: takes {}", one_line(sources.text(body))));
            }
            Event::Arm { .. } => {}
            Event::Iteration { local, index } => self.iteration(local.span, *index),
            Event::Left => drop(self.loops.pop()),
        }
    }

    fn iteration(&mut self, span: Span, index: u64) {
        if index == 0 {
            self.loops.push(false);
        }
        if index == ITERATIONS_MAX {
            self.line(span, || format!("… iterations from {index} on are not shown"));
        }
        if let Some(hidden) = self.loops.last_mut() {
            *hidden = index >= ITERATIONS_MAX;
        }
        self.line(span, || format!("iteration {index}"));
    }

    fn value(&mut self, span: Span, what: &str, ty: &hushgate_compiler::hir::Ty, value: &Val) {
        let program = self.program;
        self.line(span, || format!("{what} {}", cut(&show(program, ty, &value.to_value()))));
    }

    fn begins(&self, span: Span, word: &str) -> bool {
        self.sources.text(span).starts_with(word)
    }

    fn line(&mut self, span: Span, text: impl FnOnce() -> String) {
        if self.loops.contains(&true) || self.n_lines > LINES_MAX {
            return;
        }
        self.n_lines += 1;
        if self.n_lines > LINES_MAX {
            return (self.print)("… more is not shown");
        }
        let position = self.sources.position(span);
        let name = self.sources.file(span.file).name();
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let place = format!("{name}:{}:{}", position.line, position.column);
        let indent = 2 * (self.loops.len() + self.calls.saturating_sub(1));
        (self.print)(&format!("{place:<PLACE_WIDTH$} {:indent$}{}", "", text()));
    }
}
