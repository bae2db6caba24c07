//! What lowering has to say: each finding as a diagnostic.

use std::rc::Rc;

use num_bigint::BigInt;

use super::value::Int;
use super::walk::{Fitting, Operator, Source, Walk};
use crate::check::decimal;
use crate::diagnostic::{Code, Diagnostic, Edit};
use crate::hir::{BinaryOp, Expr, ExprKind, IntTy, Program, Ty};
use crate::interpret::{WIDTH_MAX, base_name, fixed_name};
use crate::ranges::Range;
use crate::source::Span;

/// Decimals that are shown; a number with more of them is shown rounded.
const DECIMALS_MAX: usize = 8;

/// `between 0 and 300`, or `300` for one value.
fn show(range: &Range) -> String {
    show_as(range, 0)
}

/// The same of numbers that are these integers divided by 2^`fraction`.
fn show_as(range: &Range, fraction: u32) -> String {
    match range.value() {
        Some(value) => number(value, fraction),
        None => format!("between {} and {}", number(&range.lo, fraction), number(&range.hi, fraction)),
    }
}

fn number(value: &BigInt, fraction: u32) -> String {
    if fraction == 0 {
        return format!("{}", crate::ranges::Grouped(value));
    }
    let text = decimal(value, fraction);
    match text.split_once('.') {
        Some((whole, decimals)) if decimals.len() > DECIMALS_MAX => format!("{whole}.{}…", &decimals[..DECIMALS_MAX]),
        _ => text,
    }
}

fn show_type(ty: &IntTy, fraction: Option<u32>) -> String {
    let range = Range::of(ty);
    let (name, range_text) = match fraction {
        Some(fraction) => {
            let ends = format!("{}..={}", number(&range.lo, fraction), number(&range.hi, fraction));
            (fixed_name(ty, fraction), ends)
        }
        None => (base_name(ty), range.to_string()),
    };
    if range == Range::of_width(ty.signed, ty.width) {
        format!("`{name}` ({range_text})")
    } else {
        format!("`{name} in {range_text}`")
    }
}

/// The type as it is written.
fn show_name(ty: &IntTy, fraction: Option<u32>) -> String {
    let range = Range::of(ty);
    match fraction {
        Some(fraction) => fixed_name(ty, fraction),
        None if range == Range::of_width(ty.signed, ty.width) => base_name(ty),
        None => format!("{} in {}..={}", base_name(ty), range.lo, range.hi),
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
    at: Fitting,
    operator: Option<Operator>,
) -> Diagnostic {
    let (found, wanted) = (show_as(value.range(), at.fraction.unwrap_or(0)), show_type(ty, at.fraction));
    let message = match value.known() {
        Some(_) => format!("{found} does not fit {wanted}"),
        None => format!("a value that is {found} does not always fit {wanted}"),
    };
    let mut diagnostic = Diagnostic::error(Code::DoesNotFit, message).at(at.inner, format!("the value is {found}"));
    for operand in operator.iter().flat_map(|operator| [&operator.left, &operator.right]) {
        // A constant in fixed-point arithmetic speaks for itself.
        let fraction = if at.fraction.is_some() { operand.fraction } else { operand.fraction.or(Some(0)) };
        if let Some(fraction) = fraction {
            let found = show_as(operand.value.range(), fraction);
            diagnostic = diagnostic.because(operand.span, format!("this operand is {found}"));
        }
    }
    if let Some(source) = walk.secret(value.stage()) {
        diagnostic = diagnostic.because(source.span, source.text.clone());
    }
    if value.range().is_signed() && operator.as_ref().is_some_and(|operator| operator.op == BinaryOp::Sub) {
        diagnostic = diagnostic.note("inside `if a >= b { … }` the difference `a - b` is known not to be negative");
    }
    if at.wraps {
        let base = format!("{}{}", if ty.signed { 'i' } else { 'u' }, ty.width);
        let diagnostic = diagnostic.note(format!(
            "`wrap` keeps the low {} bits, which may be any value of `{base}`: a range does not narrow it",
            ty.width
        ));
        let name = Span { end: at.inner.start + "wrap".len() as u32, ..at.inner };
        return diagnostic.replace("take the nearest value instead", name, "saturate");
    }
    let mut ways = "a wider type or ranges on the inputs make it fit; `wrap(…)` and `+%` keep the low bits, `saturate(…)` and `+|` \
                    stop at the ends of the range"
        .to_owned();
    if at.fraction.is_none() {
        ways += ", `try_into(…)` gives an `Option`";
    }
    let compound = operator.filter(|operator| at.place == Some(operator.left.span));
    let edits = compound.map_or_else(|| Some(call("saturate", at.inner)), |operator| saturating_assignment(&operator));
    let diagnostic = diagnostic.note(ways);
    if let Some(declared) = at.declared {
        return diagnostic
            .because(declared, "what the closure is given must fit this type")
            .help("leave the type out, and convert inside the closure where that is needed");
    }
    if !at.is_number {
        let name = show_name(ty, at.fraction);
        return diagnostic.help(format!("convert the numbers in it, for instance by `map(|x| saturate::<{name}>(x))`"));
    }
    match edits {
        Some(edits) => diagnostic.fix("stop at the ends of the range", edits),
        None => diagnostic.help("write the assignment out, and convert the value"),
    }
}

/// `+|=` for `+=`.
fn saturating_assignment(operator: &Operator) -> Option<Vec<Edit>> {
    let symbol = match operator.op {
        _ if !operator.is_uniform => return None,
        BinaryOp::Add => "+|=",
        BinaryOp::Sub => "-|=",
        BinaryOp::Mul => "*|=",
        _ => return None,
    };
    let span = between(operator.left.span, operator.right.span);
    Some(vec![Edit { span, replacement: format!(" {symbol} ") }])
}

/// The expression as it was written, without what brings a fixed-point number to another scale.
fn written(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Binary(BinaryOp::Shl, inner, _) | ExprKind::Field(inner, _) if inner.span == expr.span => {
            written(inner)
        }
        _ => expr,
    }
}

fn between(left: Span, right: Span) -> Span {
    Span { file: left.file, start: left.end, end: right.start }
}

pub(super) fn zero_divisor(program: &Program, expr: &Expr, range: &Range) -> Diagnostic {
    let ExprKind::Binary(op, left, right) = &expr.kind else { unreachable!("only `/` and `%` have a divisor") };
    let found = show_as(range, super::fraction::of(program, right).unwrap_or(0));
    let message = match range.value() {
        Some(_) => "the divisor is 0".to_owned(),
        None => format!("the divisor may be 0: it is {found}"),
    };
    let name = if *op == BinaryOp::Div { "div_or" } else { "rem_or" };
    let is_simple = matches!(
        written(left).kind,
        ExprKind::Local(_) | ExprKind::Field(..) | ExprKind::Index(..) | ExprKind::Call(..)
    );
    let (open, close) = if is_simple && left.span.start == expr.span.start { ("", "") } else { ("(", ")") };
    let before = Span { end: left.span.start, ..expr.span };
    let after = Span { start: right.span.end, ..expr.span };
    let edits = vec![
        Edit { span: before, replacement: open.to_owned() },
        Edit { span: between(left.span, right.span), replacement: format!("{close}.{name}(") },
        Edit { span: after, replacement: ", 0)".to_owned() },
    ];
    let why = "a program has no run-time errors, so a divisor is proven not to be 0: by its type (`u32 in 1..=100`), or by an `if` \
               around the division";
    Diagnostic::error(Code::ZeroDivisor, message)
        .at(right.span, format!("this is {found}"))
        .note(why)
        .fix("say what the result is where the divisor is 0", edits)
}

pub(super) fn index_outside(span: Span, range: &Range, len: usize) -> Diagnostic {
    let message = match len {
        0 => "an empty array has no elements".to_owned(),
        _ => format!("the index is {}, but the array has the indices 0..={}", show(range), len - 1),
    };
    let is_outside = range.hi < BigInt::ZERO || range.lo >= BigInt::from(len);
    let diagnostic = Diagnostic::error(Code::IndexOutside, message)
        .at(span, if is_outside { "is outside the array" } else { "may be outside the array" });
    if len == 0 {
        return diagnostic.help("give the array an element, or leave the access out");
    }
    diagnostic
        .note(format!(
            "an index is proven to lie inside: by its type (`… in 0..={}`), or by a condition around the access (`if i < {len}`)",
            len - 1
        ))
        .help("bound the index by its type or by an `if`; `.get(i)` gives an `Option`")
}

/// Offers `get_or` for an index that is read.
pub(super) fn with_get_or(diagnostic: Diagnostic, expr: &Expr) -> Diagnostic {
    let ExprKind::Index(array, index) = &expr.kind else { return diagnostic };
    let default = match expr.ty {
        Ty::Int(_) | Ty::Exact => "0",
        Ty::Bool => "false",
        _ => return diagnostic,
    };
    let after = Span { start: index.span.end, ..expr.span };
    let edits = vec![
        Edit { span: between(array.span, index.span), replacement: ".get_or(".to_owned() },
        Edit { span: after, replacement: format!(", {default})") },
    ];
    diagnostic.fix("or say what the result is where the index lies outside", edits)
}

pub(super) fn slice_outside(span: Span, start: &Range, len: usize, of: usize) -> Diagnostic {
    let message = format!("a slice of {len} elements from index {} leaves an array of {of}", show(start));
    Diagnostic::error(Code::IndexOutside, message).at(span, "may be outside the array").help("make the slice shorter")
}

pub(super) fn never_holds(span: Span, reason: &str) -> Diagnostic {
    Diagnostic::error(Code::NeverHolds, format!("this requirement never holds, so the program always fails: {reason}"))
        .at(span, "is false whatever the secrets are")
        .help("require something that can hold, for these parameters and public inputs")
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

pub(super) fn unbounded(span: Span, name: &str, seen: Option<(&Range, &Range)>) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(
        Code::UnboundedGrowth,
        format!("no range holds for `{name}` in every iteration of this loop"),
    )
    .at(span, "runs too often to be unrolled");
    if let Some((entry, after)) = seen {
        let text =
            format!("at first `{name}` is {}, after one iteration it is {}, and so on", show(entry), show(after));
        diagnostic = diagnostic.note(text);
    }
    diagnostic.help(format!(
        "say what happens where `{name}` gets large: give it a declared type, such as `let mut {name}: u64 = …`, and assign `wrap(…)`, \
         `saturate(…)` or a remainder `… % m`"
    ))
}

pub(super) fn not_rolled(span: Span, count: &BigInt, at: Span, why: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::TooManySteps,
        format!("this loop runs {} times, which is too often to be unrolled", crate::ranges::Grouped(count)),
    );
    let diagnostic = diagnostic.at(span, format!("cannot become a block that is called over and over: {why}"));
    let diagnostic = if at == span { diagnostic } else { diagnostic.because(at, "here") };
    diagnostic.help("use fewer iterations, or a body that does the same in each of them")
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

pub(super) fn too_many_values(span: Span, max: usize) -> Diagnostic {
    Diagnostic::error(Code::TooManySteps, format!("compiling this program takes more than {max} intermediate values"))
        .at(span, "the limit is reached here")
        .help("use fewer iterations or smaller arrays, or elements at indices that are known")
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
