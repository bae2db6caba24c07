//! Methods of the language's own types that its library declares in Hush, and what to do in place of methods of other languages.

use super::Checker;
use super::body::Body;
use super::builtin::Builtin;
use super::call::Call;
use super::items::{DefId, DefKind, ScopeId};
use super::types::{Arg, int_type_name};
use crate::diagnostic::{Code, Diagnostic, Edit};
use crate::hir::{Expr, Ty};
use crate::source::Span;
use crate::syntax::ast;

/// Methods that people know from elsewhere, and what Hush has in their place.
const FOREIGN: &[(&[&str], &str)] = &[
    (
        &["unwrap", "expect"],
        "a program cannot fail: say what happens when there is no value, with `.unwrap_or(…)`, `match` or `let … else`",
    ),
    (
        &["ok_or", "ok_or_else"],
        "there is no `Result`: say what went wrong by an enum of your own, as in `match x { Some(x) => Answer::Value(x), None => Answer::Missing }`",
    ),
    (
        &["iter", "into_iter", "iter_mut", "collect", "to_vec", "as_slice", "copied", "cloned", "clone", "to_owned"],
        "leave it out: arrays are values, and have `map`, `fold` and the like themselves",
    ),
    (
        &["push", "pop", "append", "insert", "remove", "extend", "truncate"],
        "an array has as many elements as its type says; `.concat(…)` makes a longer one, a slice `xs[a..b]` a shorter one",
    ),
    (&["pow"], "use `pow(x, n)` of `std::math`, or multiply"),
    (
        &["cmp", "partial_cmp", "total_cmp", "compare", "compareTo"],
        "compare with `<`: the closure of `sort_by` says whether `a` comes before `b`, as in `xs.sort_by(|a, b| a < b)`",
    ),
    (&["wrapping_add", "wrapping_sub", "wrapping_mul"], "use the operators `+%`, `-%` and `*%`"),
    (&["saturating_add", "saturating_sub", "saturating_mul"], "use the operators `+|`, `-|` and `*|`"),
    (
        &["checked_add", "checked_sub", "checked_mul"],
        "sums are exact: `try_into(a + b)` gives an `Option` where the result may not fit",
    ),
    (&["to_string", "format"], "there are no texts of variable length: give the number itself"),
    (
        &["filter", "filter_map", "retain", "take_while", "skip_while"],
        "the length of an array cannot depend on its values: `map` to an `Option`, `count` or `fold` instead",
    ),
    (&["for_each"], "use a `for` loop"),
    (&["sum_by", "reduce"], "use `.map(…).sum()` or `.fold(start, |sum, x| …)`"),
    (&["is_positive", "is_negative", "is_zero"], "compare it with 0"),
];

/// Methods that have another name elsewhere.
const RENAMED: &[(&str, &str)] = &[
    ("size", "len"),
    ("length", "len"),
    ("reverse", "rev"),
    ("reversed", "rev"),
    ("includes", "contains"),
    ("every", "all"),
    ("some", "any"),
    ("inject", "fold"),
    ("popcount", "count_ones"),
    ("rotl", "rotate_left"),
    ("rotr", "rotate_right"),
    ("index", "position"),
    ("index_of", "position"),
    ("orelse", "unwrap_or"),
    ("get_or_default", "get_or"),
];

/// What a method of another language is called here.
pub(super) fn renamed_method(name: &str) -> Option<&'static str> {
    RENAMED.iter().find(|(other, _)| *other == name).map(|(_, own)| *own)
}

/// What to do in place of a method of another language.
pub(super) fn foreign_method(name: &str) -> Option<&'static str> {
    FOREIGN.iter().find(|(names, _)| names.contains(&name)).map(|(_, help)| *help)
}

/// What a value of another language is called here.
pub(super) fn foreign_value(name: &str) -> Option<&'static str> {
    match name {
        "null" | "nil" | "NULL" | "undefined" | "nullptr" | "Nothing" | "none" => Some("None"),
        "True" | "TRUE" | "yes" => Some("true"),
        "False" | "FALSE" | "no" => Some("false"),
        "this" => Some("self"),
        _ => None,
    }
}

/// Functions that people know from elsewhere, and what Hush has in their place.
const FOREIGN_FUNCTIONS: &[(&[&str], &str)] = &[
    (
        &["print", "println", "printf", "console", "log", "debug", "dbg", "echo"],
        "a program has no output but its result; `hushgate eval --trace` shows what variables hold",
    ),
    (&["input", "read", "readline", "scanf", "open"], "inputs are parameters of `main`: `x: u32 from alice`"),
    (
        &["panic", "throw", "exit", "abort", "raise", "unreachable"],
        "a program cannot fail half-way: use `require(…, \"…\")`, or give an `Option`",
    ),
    (&["pow", "sqrt", "exp"], "see `std::math`; a power with a fixed exponent is a product"),
    (
        &["rand", "random", "randint"],
        "randomness is an input: each party gives some, and the program combines them with `^`",
    ),
];

/// What functions of arrays are called for texts.
pub(super) const FOR_TEXTS: &[(&str, &str)] = &[
    ("edit_distance", "text_distance"),
    ("levenshtein", "text_distance"),
    ("distance", "text_distance"),
    ("len", "length"),
];

/// The module of the library that declares `name`.
fn module_of(name: &str) -> Option<&'static str> {
    let kinds = ["fn", "struct", "enum", "const", "type", "const fn"];
    let ends = |c: char| !c.is_alphanumeric() && c != '_';
    let declares = |text: &str| {
        kinds.iter().any(|kind| {
            let start = format!("\npub {kind} {name}");
            text.match_indices(&start).any(|(at, _)| text[at + start.len()..].starts_with(ends))
        })
    };
    crate::std::names().find(|module| crate::std::text(module).is_some_and(declares))
}

/// How the names begin of what all values with an order have.
const ORDERED: &str = "ordered_";

impl<'a> Checker<'a> {
    /// Says which module of the library declares what is not declared here.
    pub(super) fn in_library_module(&self, name: &ast::Ident, error: &Diagnostic) -> Option<Diagnostic> {
        let module = module_of(&name.name)?;
        let start = *self.file_starts.get(&name.span.file)?;
        let message = format!("`std::{module}` declares one: bring it in with `use std::{module}::{name};`");
        Some(error.clone().replace(message, start, format!("use std::{module}::{name};\n")))
    }

    /// The function that is the method `name` of a type of the language.
    pub(super) fn library_method(&self, ty: &Ty, name: &str) -> Option<DefId> {
        let is_array = matches!(ty, Ty::Array(..));
        let own = self.method_prefix(ty).and_then(|prefix| self.declared_in(self.methods_scope, prefix, name));
        let sorts = || self.declared_in(self.sort_scope, "", name).filter(|_| is_array);
        own.or_else(sorts).or_else(|| self.ordered_method(ty, name).filter(|_| !is_array))
    }

    /// The function of two values that are no integers but have an order: `min`, `max`, `clamp`.
    pub(super) fn ordered_method(&self, ty: &Ty, name: &str) -> Option<DefId> {
        let applies = self.types.is_ordered(ty) && !matches!(ty, Ty::Int(_) | Ty::Exact | Ty::Never);
        self.declared_in(self.methods_scope, ORDERED, name).filter(|_| applies)
    }

    /// The function `name` of a module, after a prefix.
    fn declared_in(&self, scope: Option<ScopeId>, prefix: &str, name: &str) -> Option<DefId> {
        let def = self.scopes[scope?.0 as usize].names.get(&*format!("{prefix}{name}")).copied()?;
        (self.public_defs.contains(&def) && matches!(self.def(def).kind, DefKind::Function(..))).then_some(def)
    }

    /// The names of all such methods.
    pub(super) fn library_methods(&self, ty: &Ty) -> Vec<String> {
        let Some(scope) = self.methods_scope else { return Vec::new() };
        let ordered = Some(ORDERED).filter(|_| self.types.is_ordered(ty) && !matches!(ty, Ty::Array(..)));
        let prefixes: Vec<&str> = self.method_prefix(ty).into_iter().chain(ordered).collect();
        let names = self.scopes[scope.0 as usize].names.keys();
        let own = |name: &str| prefixes.iter().find_map(|prefix| name.strip_prefix(prefix).map(str::to_owned));
        names.filter_map(|name| own(name)).collect()
    }

    fn method_prefix(&self, ty: &Ty) -> Option<&'static str> {
        match ty {
            Ty::Array(..) => Some("array_"),
            Ty::Enum(_) => self.types.option_of(ty).map(|_| "option_"),
            Ty::Struct(_) => self.types.text_len(ty).map(|_| "str_"),
            _ => None,
        }
    }

    /// What a function is called where it is used: the library's methods without the type that they belong to.
    pub(super) fn shown_name(&self, def: DefId) -> String {
        let (name, scope) = (&self.def(def).name.name, self.def(def).scope);
        let method = name.split_once('_').filter(|_| Some(scope) == self.methods_scope);
        method.map_or(&**name, |(_, own)| own).to_owned()
    }

    /// Says in terms of a call what is wrong inside the library's declaration of what is called: it was found after the first
    /// `n_before` diagnostics, while types were made of generic arguments.
    /// Whether there was something.
    pub(super) fn blame_call(&mut self, def: DefId, args: &[Arg], span: Span, n_before: usize) -> bool {
        let own = self.def(def).name.span.file;
        if self.diagnostics.len() == n_before || !self.in_library(def) || span.file == own {
            return false;
        }
        let found = self.diagnostics.split_off(n_before);
        for found in &found {
            self.reported.remove(&(found.code, found.span()));
        }
        self.errors -= found.iter().filter(|found| found.is_error()).count() as u32;
        let sizes = self.function_params(def).into_iter().zip(args).filter(|(param, _)| param.is_size());
        let said: Vec<String> = sizes.map(|(param, arg)| format!("{} = {}", param.name, self.arg_name(arg))).collect();
        let name = self.shown_name(def);
        let message = format!("`{name}` does not work with {}", said.join(", "));
        let mut error = Diagnostic::error(Code::BadLength, message).at(span, "with these sizes");
        if let Some(first) = found.first() {
            error = error.note(format!("in its declaration: {}", first.message));
        }
        self.report(error.help("use other sizes"));
        true
    }
}

impl<'a> Body<'_, 'a> {
    /// A function that other languages have: a method here, in the library, or something else.
    pub(super) fn foreign_function(
        &mut self,
        name: &ast::Ident,
        args: &[ast::Expr],
        span: Span,
        error: &Diagnostic,
    ) -> Option<Diagnostic> {
        let text = &*name.name;
        if let Some((_, help)) = FOREIGN_FUNCTIONS.iter().find(|(names, _)| names.contains(&text)) {
            return Some(error.clone().help(*help));
        }
        let method = renamed_method(text).unwrap_or(text);
        let has_method = super::builtin::is_method(method) && !args.is_empty();
        if let Some(error) = self.checker.in_library_module(name, error).filter(|_| !has_method) {
            return Some(error);
        }
        let edit = |span: Span, replacement: &str| Edit { span, replacement: replacement.to_owned() };
        let (first, last) = (args.first()?.span, args.last()?.span);
        if let (Some((_, Some(width))), [_]) = (int_type_name(text), args) {
            let ty = format!("wrap::<{text}>");
            let fits = format!("say what happens to values that do not fit {width} bits");
            return Some(error.clone().replace(fits, name.span, ty));
        }
        if text == "range" && args.len() <= 2 {
            let start = edit(Span::to(name.span, first.at_start()), if args.len() == 1 { "0.." } else { "" });
            let end = edit(Span { start: last.end, ..span }, "");
            let between = (args.len() == 2).then(|| edit(Span { start: first.end, end: last.start, ..span }, ".."));
            return Some(
                error.clone().fix("write a range", [Some(start), between, Some(end)].into_iter().flatten().collect()),
            );
        }
        if !has_method {
            return None;
        }
        let composed = matches!(
            args[0].kind,
            ast::ExprKind::Binary { .. } | ast::ExprKind::Unary { .. } | ast::ExprKind::Range { .. }
        );
        let (open, close) = if composed { ("(", ")") } else { ("", "") };
        let until = args.get(1).map_or(first.end, |second| second.span.start);
        let edits = vec![
            edit(Span::to(name.span, first.at_start()), open),
            edit(Span { start: first.end, end: until, ..span }, &format!("{close}.{method}(")),
        ];
        Some(error.clone().fix(format!("`{method}` is a method"), edits))
    }

    /// What to call in place of a method that is a function of the library: on texts, one for texts.
    pub(super) fn library_function(&self, ty: &Ty, call: &Builtin<'_, 'a>, error: &Diagnostic) -> Option<Diagnostic> {
        let (is_text, name, span) = (self.checker.types.text_len(ty).is_some(), &*call.name.name, call.span);
        let function = FOR_TEXTS.iter().find(|(other, _)| is_text && *other == name).map_or(name, |(_, own)| own);
        let module = module_of(function)?;
        let edit = |span: Span, replacement: String| Edit { span, replacement };
        // From the dot to the first argument, or to the closing parenthesis.
        let (start, comma) = (call.name.span.start - 1, if call.args.is_empty() { "" } else { ", " });
        let end = call.args.first().map_or(span.end - 1, |arg| arg.span.start);
        let mut edits =
            vec![edit(span.at_start(), format!("{function}(")), edit(Span { start, end, ..span }, comma.to_owned())];
        if self.checker.lookup(self.scope, function).is_none() {
            let top = *self.checker.file_starts.get(&span.file)?;
            edits.insert(0, edit(top, format!("use std::{module}::{function};\n")));
        }
        Some(
            error
                .clone()
                .fix(format!("it is a function: after `use std::{module}::{function};`, write `{function}(…)`"), edits),
        )
    }

    /// A method that the library declares. Where it has a size first, that may be given as an argument: `xs.windows(2)`.
    pub(super) fn library_method(&mut self, def: DefId, value: Expr, call: &Builtin<'_, 'a>) -> Expr {
        let DefKind::Function(ast, _) = self.checker.def(def).kind else { return self.error(call.span) };
        let Builtin { generic_args: explicit, want, span, .. } = *call;
        let (args, size) = match call.args.split_first() {
            Some((first, rest)) if explicit.is_none() && rest.len() + 1 == ast.params.len() && size_first(ast) => {
                let Some(size) = self.const_int(first) else { return self.args_anyway(rest, span) };
                (rest, Some(size))
            }
            _ => (call.args, None),
        };
        let sized = explicit.is_some() || size.is_some() || !size_first(ast);
        if args.len() + 1 != ast.params.len() || !sized {
            let wanted = ast.params.len() - 1 + usize::from(size_first(ast) && explicit.is_none());
            let error = self.count_error(&call.name.name, wanted, call.args.len(), span);
            self.report(error);
            return self.args_anyway(call.args, span);
        }
        self.call_function(Call {
            def,
            owner: None,
            explicit,
            receiver: None,
            first: Some(value),
            args,
            want,
            span,
            size,
        })
    }
}

/// Whether the first generic parameter is a size that no value shows.
fn size_first(ast: &ast::Function) -> bool {
    ast.generics.params.first().is_some_and(|param| param.is_size() && &*param.name.name == "K")
}
