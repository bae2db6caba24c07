//! What lowering has to say: each finding as a diagnostic.

use std::rc::Rc;

use super::value::Int;
use super::walk::{Source, Walk};
use crate::diagnostic::{Code, Diagnostic, Edit};
use crate::hir::{BinaryOp, IntTy};
use crate::interpret::{WIDTH_MAX, base_name};
use crate::ranges::Range;
use crate::source::Span;

/// `0..=300`, or `300` for one value.
fn show(range: &Range) -> String {
    match range.value() {
        Some(value) => format!("{}", crate::ranges::Grouped(value)),
        None => format!("between {} and {}", crate::ranges::Grouped(&range.lo), crate::ranges::Grouped(&range.hi)),
    }
}

fn show_type(ty: &IntTy) -> String {
    let range = Range::of(ty);
    if range == Range::of_width(ty.signed, ty.width) {
        format!("`{}` ({range})", base_name(ty))
    } else {
        format!("`{} in {range}`", base_name(ty))
    }
}

fn call(function: &str, span: Span) -> Vec<Edit> {
    let open = Edit { span: span.at_start(), replacement: format!("{function}(") };
    vec![open, Edit { span: span.at_end(), replacement: ")".to_owned() }]
}

pub(super) fn does_not_fit(
    walk: &Walk<'_>,
    value: &Int,
    ty: &Rc<IntTy>,
    inner: Span,
    span: Span,
    operands: Option<(Span, Int, Int)>,
) -> Diagnostic {
    let message = format!("a value that is {} does not always fit {}", show(value.range()), show_type(ty));
    let message = match value.range().value() {
        Some(_) => format!("{} does not fit {}", show(value.range()), show_type(ty)),
        None => message,
    };
    let mut diagnostic =
        Diagnostic::error(Code::DoesNotFit, message).at(inner, format!("this is {}", show(value.range())));
    if let Some((_, a, b)) = &operands {
        diagnostic = diagnostic.note(format!(
            "the operands are {} and {}: the result has every value that they can make",
            show(a.range()),
            show(b.range())
        ));
    }
    if let Some(source) = walk.secret(value.stage()) {
        diagnostic = diagnostic.because(source.span, source.text.clone());
    }
    let ways = "use a wider type, give the inputs a range, or say what happens beyond the range: `wrap(…)`, `+%` keep the low bits; \
                `saturate(…)`, `+|` stop at the ends; `try_into(…)` gives an `Option`";
    diagnostic
        .note(ways)
        .fix("stop at the ends of the range", call("saturate", if inner.is_empty() { span } else { inner }))
}

pub(super) fn zero_divisor(op: BinaryOp, left: Span, right: Span, range: &Range) -> Diagnostic {
    let name = if op == BinaryOp::Div { "div_or" } else { "rem_or" };
    let message = match range.value() {
        Some(_) => "the divisor is 0".to_owned(),
        None => format!("the divisor may be 0: it is {}", show(range)),
    };
    let between = Span { file: left.file, start: left.end, end: right.start };
    let edits = vec![
        Edit { span: between, replacement: format!(".{name}(") },
        Edit { span: right.at_end(), replacement: ", 0)".to_owned() },
    ];
    Diagnostic::error(Code::ZeroDivisor, message)
        .at(right, format!("this is {}", show(range)))
        .note("a program has no run-time errors, so a divisor must be proven not to be 0: by its type (`u32 in 1..=100`), or by an `if` around the division")
        .fix("say what the result is where the divisor is 0", edits)
}

pub(super) fn index_outside(span: Span, range: &Range, len: usize) -> Diagnostic {
    let message = match len {
        0 => "an empty array has no elements".to_owned(),
        _ => format!("the index is {}, but the array has the indices 0..={}", show(range), len - 1),
    };
    Diagnostic::error(Code::IndexOutside, message)
        .at(span, "may be outside the array")
        .help("bound the index by its type or by an `if`, or use `get_or(index, default)` or `get(index)`")
}

pub(super) fn slice_outside(span: Span, start: &Range, len: usize, of: usize) -> Diagnostic {
    let message = format!("a slice of {len} elements from index {} leaves an array of {of}", show(start));
    Diagnostic::error(Code::IndexOutside, message).at(span, "may be outside the array").help("make the slice shorter")
}

pub(super) fn negative_shift(span: Span, range: &Range) -> Diagnostic {
    Diagnostic::error(Code::NegativeShift, format!("a shift by a negative amount: it is {}", show(range)))
        .at(span, format!("this is {}", show(range)))
        .help("give the amount an unsigned type, or shift the other way")
}

pub(super) fn secret_bound(span: Span, source: &Source) -> Diagnostic {
    Diagnostic::error(Code::SecretBound, format!("{}, so it cannot bound a loop", source.text))
        .at(span, "is secret")
        .because(source.span, "comes in here")
        .note("how often a loop runs would tell everybody what the bound is")
        .help(
            "loop to a public bound, and leave early with `if i >= n { break; }`, which costs gates but tells nothing",
        )
}

pub(super) fn secret_start(span: Span, source: &Source) -> Diagnostic {
    Diagnostic::error(Code::SecretBound, format!("{}, so it cannot say where a slice begins", source.text))
        .at(span, "begins at a secret index")
        .because(source.span, "comes in here")
        .help("read the elements one by one: `a[i]` may have a secret index")
}

pub(super) fn unbounded(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::UnboundedGrowth, format!("no range holds for `{name}` in every iteration of this loop"))
        .at(span, "runs too often to be unrolled")
        .help(format!("give `{name}` a declared type, such as `let mut {name}: u64 = …`"))
}

pub(super) fn unknown_length(span: Span) -> Diagnostic {
    Diagnostic::error(Code::UnknownLength, "the number of elements is not known while compiling")
        .at(span, "makes an array")
        .help("use a constant bound")
}

pub(super) fn too_many_elements(span: Span, max: u64) -> Diagnostic {
    Diagnostic::error(Code::TooManyElements, format!("an array of more than {max} elements"))
        .at(span, "makes the array")
        .help("use a shorter array")
}

pub(super) fn too_wide(span: Span, range: &Range) -> Diagnostic {
    Diagnostic::error(Code::TooWide, format!("an integer of {} bits; the limit is {WIDTH_MAX}", range.width()))
        .at(span, "may be that large")
        .help("use wrapping arithmetic, or a smaller range")
}

pub(super) fn too_many_steps(span: Span, max: u64) -> Diagnostic {
    Diagnostic::error(Code::TooManySteps, format!("compiling this program takes more than {max} steps"))
        .at(span, "the limit is reached here")
        .help("use fewer iterations or smaller arrays")
}

pub(super) fn too_many_gates(span: Span, max: usize) -> Diagnostic {
    Diagnostic::error(Code::TooManyGates, format!("the circuit has more than {max} gates"))
        .at(span, "the limit is reached here")
        .note("`hushgate cost --lines` of a smaller instance shows where gates go")
        .help("use smaller ranges, arrays or loop bounds")
}

pub(super) fn too_many_inputs(span: Span, max: u64) -> Diagnostic {
    Diagnostic::error(Code::TooManyGates, format!("the inputs and outputs have more than {max} bits"))
        .at(span, "declares them")
        .help("use smaller arrays or ranges")
}

pub(super) fn too_deep(span: Span, max: u32) -> Diagnostic {
    Diagnostic::error(Code::TooDeep, format!("expressions and calls nest more than {max} deep"))
        .at(span, "the limit is reached here")
        .help("give parts of the expression names with `let`")
}

pub(super) fn calls_too_deep(span: Span, max: u32) -> Diagnostic {
    Diagnostic::error(Code::TooDeep, format!("calls nest more than {max} deep"))
        .at(span, "the limit is reached here")
        .help("call fewer functions from functions")
}
