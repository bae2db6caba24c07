//! Built-in functions, and methods of integers, arrays and `Option`.

use std::rc::Rc;

use num_bigint::BigInt;

use super::body::{Body, Why};
use super::call::Call;
use super::expr::int;
use super::items::{begins_alike, similar};
use super::operator::node;
use super::pattern::part;
use super::types::{Bound, Origin, base, is_int, unit, unsigned};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Arm, Expr, ExprKind, IntTy, Intrinsic, Pattern, Stmt, Ty};
use crate::interpret::network;
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp as Op};

/// Functions that the language itself declares.
pub(super) const FUNCTIONS: &[&str] = &[
    "abs",
    "aes_sbox",
    "assert",
    "assert_eq",
    "clamp",
    "float_add",
    "float_at_most",
    "float_convert",
    "float_div",
    "float_equal",
    "float_from",
    "float_less",
    "float_mul",
    "float_sqrt",
    "float_sub",
    "float_to",
    "from_bits",
    "from_raw",
    "max",
    "merging_network",
    "min",
    "require",
    "saturate",
    "sorting_network",
    "to_fixed",
    "try_into",
    "wrap",
];

/// Positions of a sorting or merging network.
const NETWORK_MAX: u64 = 1 << 16;

const INT_METHODS: &[&str] = &[
    "abs",
    "bits",
    "checked_div",
    "checked_rem",
    "clamp",
    "count_ones",
    "div_or",
    "isqrt",
    "leading_zeros",
    "max",
    "min",
    "rem_or",
    "rotate_left",
    "rotate_right",
];

const FIXED_METHODS: &[&str] = &["abs", "checked_div", "checked_rem", "div_or", "floor", "raw", "rem_or", "round"];

const TEXT_METHODS: &[&str] = &["bytes"];

const ENUM_METHODS: &[&str] = &["index"];

const OPTION_METHODS: &[&str] = &["and_then", "is_none", "is_some", "map", "or", "unwrap_or"];

/// Whether integers, arrays or options have a method of this name.
pub(super) fn is_method(name: &str) -> bool {
    [INT_METHODS, OPTION_METHODS, super::iterate::METHODS].iter().any(|methods| methods.contains(&name))
}

/// A call of something built in.
pub(super) struct Builtin<'b, 'a> {
    pub(super) name: &'a ast::Ident,
    pub(super) generic_args: Option<&'a ast::GenericArgs>,
    pub(super) args: &'a [ast::Expr],
    pub(super) want: Option<&'b Ty>,
    pub(super) span: Span,
}

impl<'a> Body<'_, 'a> {
    pub(super) fn builtin_call(
        &mut self,
        name: &'a ast::Ident,
        generic_args: Option<&'a ast::GenericArgs>,
        args: &'a [ast::Expr],
        want: Option<&Ty>,
        span: Span,
    ) -> Expr {
        let call = Builtin { name, generic_args, args, want, span };
        let wanted = match &*name.name {
            "min" | "max" | "assert_eq" | "merging_network" | "require" => 2,
            "float_add" | "float_sub" | "float_mul" | "float_div" | "float_less" | "float_at_most" | "float_equal" => 2,
            "clamp" => 3,
            _ => 1,
        };
        if args.len() != wanted {
            let error = self.count_error(&name.name, wanted, args.len(), span);
            self.report(match (&*name.name, args) {
                ("require", [condition]) => {
                    let why = "say what must hold";
                    error.replace(why, condition.span.at_end(), ", \"what must hold\"")
                }
                _ => error,
            });
            return self.args_anyway(args, span);
        }
        match &*name.name {
            "from_raw" | "wrap" | "saturate" | "try_into" | "to_fixed" => self.convert(&call),
            "from_bits" => self.bits_to_integer(&call),
            "assert" => self.assert(&call),
            "assert_eq" => self.assert_eq(&call),
            "require" => self.require(&call),
            "aes_sbox" => {
                let value = self.value(&args[0], &unsigned(8), &Why::plain());
                self.intrinsic(Intrinsic::AesSbox, vec![value], unsigned(8), span)
            }
            "sorting_network" => self.network(Intrinsic::SortingNetwork, &call),
            "merging_network" => self.network(Intrinsic::MergingNetwork, &call),
            own if own.starts_with("float_") => self.float(&call),
            _ => {
                let fixed = |ty: &&Ty| self.checker.types.fixed_of(ty).is_some();
                let hint = want.filter(fixed).filter(|_| super::expr::adapts(&args[0])).cloned();
                let first = self.expr(&args[0], hint.as_ref());
                let rest = Builtin { args: &args[1..], ..call };
                if let Some(def) = self.checker.ordered_method(&first.ty, &name.name) {
                    return self.library_method(def, first, &rest);
                }
                let types = &self.checker.types;
                if types.fixed_of(&first.ty).is_some() || types.bound_of(&first.ty).is_some() {
                    return self.value_method(first, &rest);
                }
                let first = self.int_value(first, &args[0]);
                self.int_method(first, &rest)
            }
        }
    }

    /// `sorting_network(n)`, `merging_network(n, m)`: an array of pairs of positions.
    fn network(&mut self, intrinsic: Intrinsic, call: &Builtin<'_, 'a>) -> Expr {
        let (span, env) = (call.span, self.env.clone());
        let sizes: Option<Vec<u64>> =
            call.args.iter().map(|arg| self.constantly(|checker, scope| checker.size(arg, scope, &env))).collect();
        let Some(sizes) = sizes else { return self.error(span) };
        if sizes.iter().sum::<u64>() > NETWORK_MAX {
            let error = Diagnostic::error(Code::TypeTooLarge, format!("a network has at most {NETWORK_MAX} positions"));
            return self.fail(span, error.at(span, "too large").help("process the data in several parts"));
        }
        let n_pairs = network(intrinsic, &sizes).len() as u64;
        let pair = Ty::Tuple(Rc::new([Ty::Exact, Ty::Exact]));
        let args = sizes.into_iter().map(|size| int(BigInt::from(size), span)).collect();
        self.intrinsic(intrinsic, args, Ty::Array(Rc::new(pair), n_pairs), span)
    }

    /// An intrinsic; no value if an argument has none.
    pub(super) fn intrinsic(&mut self, intrinsic: Intrinsic, args: Vec<Expr>, ty: Ty, span: Span) -> Expr {
        if args.iter().any(|arg| arg.ty == Ty::Never) {
            return self.no_value(args, span);
        }
        Expr { kind: ExprKind::Intrinsic(intrinsic, args), ty, span }
    }

    /// An argument that must be an integer.
    pub(super) fn int_arg(&mut self, arg: &'a ast::Expr) -> Expr {
        let value = self.expr(arg, None);
        self.int_value(value, arg)
    }

    fn int_value(&mut self, value: Expr, arg: &ast::Expr) -> Expr {
        if is_int(&value.ty) || value.ty == Ty::Never {
            return value;
        }
        let found = self.type_name(&value.ty);
        let error = Diagnostic::error(Code::TypeMismatch, format!("expected an integer, found `{found}`"))
            .at(arg.span, format!("this is `{found}`"));
        let error = self.needs_integer(error, &value);
        self.fail(arg.span, error)
    }

    /// How to give an integer where `value` is none.
    pub(super) fn needs_integer(&self, error: Diagnostic, value: &Expr) -> Diagnostic {
        if self.checker.types.is_declared_enum(&value.ty) {
            return self.numbered(error, value);
        }
        error.help("use an integer")
    }

    /// The type in `wrap::<T>`.
    fn written(&mut self, call: &Builtin<'_, 'a>) -> Option<Ty> {
        match &call.generic_args?.args[..] {
            [ast::GenericArg::Type(ast::Type { kind: ast::TypeKind::Infer, .. })] => None,
            [ast::GenericArg::Type(ty)] => Some(self.ty(ty)),
            _ => None,
        }
    }

    /// The type that a conversion goes to: written, or expected.
    pub(super) fn target(&mut self, call: &Builtin<'_, 'a>, expected: Option<Ty>) -> Option<Rc<IntTy>> {
        let name = call.name;
        let ty = match call.generic_args {
            Some(ast::GenericArgs { args, .. }) => match &args[..] {
                [ast::GenericArg::Type(ast::Type { kind: ast::TypeKind::Infer, .. })] => expected,
                [ast::GenericArg::Type(ty)] => Some(self.ty(ty)),
                _ => None,
            },
            None => expected,
        };
        match ty {
            Some(Ty::Int(int)) => Some(int),
            Some(Ty::Never) => None,
            other => {
                let found =
                    other.map_or(String::new(), |ty| format!(", but `{}` is expected here", self.type_name(&ty)));
                self.report(
                    Diagnostic::error(
                        Code::CannotInfer,
                        format!("`{name}` needs an integer type to convert to{found}"),
                    )
                    .at(name.span, "to which type?")
                    .replace(
                        "write the type",
                        Span {
                            start: name.span.start,
                            end: call.generic_args.map_or(name.span.end, |args| args.span.end),
                            ..name.span
                        },
                        format!("{name}::<u32>"),
                    ),
                );
                None
            }
        }
    }

    /// `wrap(x)`, `saturate(x)`, `try_into(x)`.
    fn convert(&mut self, call: &Builtin<'_, 'a>) -> Expr {
        let span = call.span;
        let wanted = match self.written(call) {
            Some(ty) => Some(ty),
            None => call.want.cloned(),
        };
        if let Some(ty) = wanted.filter(|ty| self.checker.types.fixed_of(ty).is_some_and(|(_, raw)| raw != Ty::Exact)) {
            let value = self.expr(&call.args[0], Some(&ty).filter(|_| super::expr::adapts(&call.args[0])));
            let from_raw = &*call.name.name == "from_raw";
            let number = is_int(&value.ty) || !from_raw && self.checker.types.fixed_of(&value.ty).is_some();
            if number && &*call.name.name != "try_into" {
                return self.convert_to_fixed(&call.name.name, value, &ty, span);
            }
            if value.ty == Ty::Never {
                return self.no_value(vec![value], span);
            }
            let (found, name) = (self.type_name(&value.ty), call.name);
            let error = Diagnostic::error(
                Code::TypeMismatch,
                format!("`{name}` cannot make `{}` of `{found}`", self.type_name(&ty)),
            );
            return self.fail(
                span,
                error
                    .at(call.args[0].span, format!("this is `{found}`"))
                    .help("use a number, and `saturate` or `to_fixed`"),
            );
        }
        if let name @ ("to_fixed" | "from_raw") = &*call.name.name {
            let error =
                Diagnostic::error(Code::CannotInfer, format!("`{name}` needs a fixed-point type to convert to"))
                    .at(call.name.span, "to which type?");
            return self.fail(span, error.help(format!("write the type, as in `{name}::<fixed<16, 16>>(x)`")));
        }
        let value = self.int_arg(&call.args[0]);
        let expected = match &*call.name.name {
            "try_into" => call.want.and_then(|ty| self.checker.types.option_of(ty)),
            _ => call.want.cloned(),
        };
        let expected = expected.filter(|ty| *ty != Ty::Never);
        let Some(target) = self.target(call, expected) else { return self.error(span) };
        if value.ty == Ty::Never {
            return self.no_value(vec![value], span);
        }
        let ty = Ty::Int(target.clone());
        let value = Box::new(value);
        match &*call.name.name {
            "saturate" => Expr { kind: ExprKind::Saturate(value), ty, span },
            "try_into" => {
                let option = self.checker.types.option(&ty);
                Expr { kind: ExprKind::TryInto(value), ty: option, span }
            }
            _ => {
                let wrapped = Expr { kind: ExprKind::Wrap(value), ty: Ty::Int(Rc::new(base(&target))), span };
                self.fit(wrapped, &ty, &Why::plain())
            }
        }
    }

    fn bits_to_integer(&mut self, call: &Builtin<'_, 'a>) -> Expr {
        let bits = self.expr(&call.args[0], None);
        let Some(target) = self.target(call, call.want.cloned()) else { return self.error(call.span) };
        let whole = Ty::Int(Rc::new(base(&target)));
        let wanted = Ty::Array(Rc::new(Ty::Bool), u64::from(target.width));
        let bits = self.fit(bits, &wanted, &Why::at(call.name.span, "takes as many bits as the integer has"));
        let value = self.intrinsic(Intrinsic::FromBits, vec![bits], whole, call.span);
        self.fit(value, &Ty::Int(target), &Why::plain())
    }

    fn in_test(&mut self, call: &Builtin<'_, 'a>) -> bool {
        if !self.test {
            self.report(
                Diagnostic::error(
                    Code::AssertOutsideTest,
                    format!("`{}` stands only in `#[test]` functions", call.name),
                )
                .at(call.span, "not in a test")
                .note("a program never stops half-way: that would tell something about its secrets")
                .help("`require(condition, \"reason\")` makes all results empty where it does not hold; or return an `Option`"),
            );
        }
        self.test
    }

    fn assert(&mut self, call: &Builtin<'_, 'a>) -> Expr {
        let allowed = self.in_test(call);
        let value = self.expr(&call.args[0], None);
        let value = self.condition_value(value, "assert");
        if !allowed || value.ty == Ty::Never {
            return self.no_value(vec![value], call.span);
        }
        Expr { kind: ExprKind::Assert(Box::new(value)), ty: unit(), span: call.span }
    }

    /// `require(condition, "reason")`.
    fn require(&mut self, call: &Builtin<'_, 'a>) -> Expr {
        let value = self.expr(&call.args[0], None);
        let value = self.condition_value(value, "require");
        let ast::ExprKind::Literal(ast::Literal::Str(reason)) = &call.args[1].without_parens().kind else {
            let other = self.expr(&call.args[1], None);
            let error = Diagnostic::error(Code::NotConstant, "the reason of a requirement is a text in quotes")
                .at(call.args[1].span, "not a text in quotes")
                .note("all reasons of a program are known before it runs: they tell nothing about the data")
                .help("write what must hold, as in `require(n > 0, \"n is above 0\")`");
            self.report(error);
            return self.no_value(vec![value, other], call.span);
        };
        if value.ty == Ty::Never {
            return self.no_value(vec![value], call.span);
        }
        Expr { kind: ExprKind::Require(Box::new(value), Rc::from(&**reason)), ty: unit(), span: call.span }
    }

    fn assert_eq(&mut self, call: &Builtin<'_, 'a>) -> Expr {
        let allowed = self.in_test(call);
        let [first, second] = call.args else { return self.error(call.span) };
        // A number with a point takes its type from the other side.
        let (left, right) = if super::expr::adapts(first) {
            let right = self.expr(second, None);
            (self.expr(first, Some(&right.ty)), right)
        } else {
            let left = self.expr(first, None);
            let is_record = matches!(second.without_parens().kind, ast::ExprKind::Record(_));
            let right = self.expr(second, Some(&left.ty).filter(|_| is_record || super::expr::adapts(second)));
            (left, right)
        };
        if !allowed || left.ty == Ty::Never || right.ty == Ty::Never {
            return self.no_value(vec![left, right], call.span);
        }
        let Some(ty) = self.join(&left.ty, &right.ty) else {
            let (left_name, right_name) = (self.type_name(&left.ty), self.type_name(&right.ty));
            let error = Diagnostic::error(
                Code::TypeMismatch,
                format!("`assert_eq` compares two values of one type, found `{left_name}` and `{right_name}`"),
            );
            let error = error
                .at(right.span, format!("this is `{right_name}`"))
                .because(left.span, format!("this is `{left_name}`"));
            return self.fail(call.span, error.help("compare values of one type"));
        };
        let (left, right) = (self.fit(left, &ty, &Why::plain()), self.fit(right, &ty, &Why::plain()));
        Expr { kind: ExprKind::AssertEq(Box::new(left), Box::new(right)), ty: unit(), span: call.span }
    }

    pub(super) fn method_call(
        &mut self,
        receiver: &'a ast::Expr,
        name: &'a ast::Ident,
        generic_args: Option<&'a ast::GenericArgs>,
        args: &'a [ast::Expr],
        want: Option<&Ty>,
        span: Span,
    ) -> Expr {
        let call = Builtin { name, generic_args, args, want, span };
        if super::control::is_range(receiver) {
            return self.range_method(receiver, &call);
        }
        let value = self.expr(receiver, None);
        if value.ty == Ty::Never {
            self.args_anyway(args, span);
            return self.no_value(vec![value], span);
        }
        if let Some(origin) = self.origin(&value.ty) {
            let items = self.checker.impl_items(origin);
            if let Some((_, def)) = items.iter().find(|(item, _)| **item == *name.name) {
                if !self.checker.may_use(*def, name) {
                    return self.args_anyway(args, span);
                }
                return self.own_method(*def, value, &call);
            }
        }
        self.value_method(value, &call)
    }

    /// A method of integers on a value of a generic type, of which only its bounds are known.
    fn method_on_opaque(&mut self, value: &Expr, call: &Builtin<'_, 'a>) -> Option<Expr> {
        self.checker.types.bound_of(&value.ty).filter(|_| INT_METHODS.contains(&&*call.name.name))?;
        let ordered = matches!(&*call.name.name, "min" | "max" | "clamp");
        let (needed, wanted) = if ordered { ("Ord", Bound::Ord) } else { ("Num", Bound::Num) };
        let (name, declared, _) = self.checker.types.lacks(&value.ty, wanted)?;
        for arg in call.args {
            self.value(arg, &value.ty, &Why::plain());
        }
        self.checker.lacks_bound(&name, declared, needed, call.name.span, &format!("`{}` needs it", call.name));
        Some(self.error(call.span))
    }

    /// A method that the language itself declares, or its library.
    pub(super) fn value_method(&mut self, value: Expr, call: &Builtin<'_, 'a>) -> Expr {
        let name = call.name;
        if let Some((fraction, _)) = self.checker.types.fixed_of(&value.ty)
            && FIXED_METHODS.contains(&&*name.name)
        {
            if name.name.contains("div") || name.name.contains("rem") {
                return self.fixed_division(value, call);
            }
            return if self.takes(call, 0) {
                self.fixed_method(value, fraction, &name.name, call.span)
            } else {
                self.error(call.span)
            };
        }
        if let (Ty::Array(_, n), "to_str") = (&value.ty, &*name.name) {
            let n = *n;
            return self.text_of(value, n, call);
        }
        if self.checker.types.text_len(&value.ty).is_some() && TEXT_METHODS.contains(&&*name.name) {
            return self.text_bytes(value, call);
        }
        if let Some(result) = self.method_on_opaque(&value, call) {
            return result;
        }
        match value.ty.clone() {
            Ty::Int(_) | Ty::Exact if INT_METHODS.contains(&&*name.name) => self.int_method(value, call),
            ty if self.checker.types.is_declared_enum(&ty) && ENUM_METHODS.contains(&&*name.name) => {
                if !self.takes(call, 0) {
                    return self.error(call.span);
                }
                self.intrinsic(Intrinsic::Tag, vec![value], Ty::Exact, call.span)
            }
            Ty::Array(element, n) if super::iterate::declares(&name.name, &element) => {
                self.array_method(value, &element, n, call)
            }
            ty => match (self.checker.types.option_of(&ty), self.checker.library_method(&ty, &name.name)) {
                (Some(inner), _) if OPTION_METHODS.contains(&&*name.name) => self.option_method(value, &inner, call),
                (_, Some(def)) => self.library_method(def, value, call),
                _ => self.unknown_method(&ty, call),
            },
        }
    }

    /// `text.bytes()`.
    fn text_bytes(&mut self, value: Expr, call: &Builtin<'_, 'a>) -> Expr {
        let n = self.checker.types.text_len(&value.ty).unwrap_or_default();
        if !self.takes(call, 0) {
            return self.error(call.span);
        }
        part(&value, 0, Ty::Array(Rc::new(unsigned(8)), n))
    }

    /// `bytes.to_str()`.
    fn text_of(&mut self, value: Expr, n: u64, call: &Builtin<'_, 'a>) -> Expr {
        if !self.takes(call, 0) {
            return self.error(call.span);
        }
        let bytes = Ty::Array(Rc::new(unsigned(8)), n);
        let bytes = self.fit(value, &bytes, &Why::at(call.name.span, "makes a text of bytes"));
        if bytes.ty == Ty::Never {
            return self.error(call.span);
        }
        let ty = self.checker.types.text(n);
        Expr { kind: ExprKind::Aggregate(vec![bytes]), ty, span: call.span }
    }

    fn own_method(&mut self, def: super::items::DefId, value: Expr, call: &Builtin<'_, 'a>) -> Expr {
        let has_receiver =
            matches!(self.checker.def(def).kind, super::items::DefKind::Function(ast, _) if ast.receiver.is_some());
        if has_receiver {
            let Builtin { generic_args: explicit, args, want, span, .. } = *call;
            return self.call_function(Call {
                def,
                owner: None,
                explicit,
                receiver: Some(value),
                first: None,
                args,
                want,
                span,
                size: None,
            });
        }
        let (name, declared) = (call.name, self.checker.def(def).name.span);
        let error = Diagnostic::error(Code::UnknownMethod, format!("`{name}` is not a method: it has no `self`"))
            .at(name.span, "called on a value")
            .because(declared, "declared here")
            .help(format!("call it as `Type::{name}(…)`, or give it a parameter `self`"));
        self.fail(call.span, error)
    }

    pub(super) fn unknown_method(&mut self, ty: &Ty, call: &Builtin<'_, 'a>) -> Expr {
        let (name, found) = (call.name, self.type_name(ty));
        let error = Diagnostic::error(Code::UnknownMethod, format!("`{found}` has no method `{name}`"))
            .at(name.span, "unknown method");
        let items = self.origin(ty).map(|origin| self.checker.visible_items(origin, name.span)).unwrap_or_default();
        let builtin: &[&str] = match ty {
            Ty::Int(_) | Ty::Exact => INT_METHODS,
            Ty::Array(..) => super::iterate::METHODS,
            ty if self.checker.types.option_of(ty).is_some() => OPTION_METHODS,
            ty if self.checker.types.fixed_of(ty).is_some() => FIXED_METHODS,
            ty if self.checker.types.text_len(ty).is_some() => TEXT_METHODS,
            ty if self.checker.types.is_declared_enum(ty) => ENUM_METHODS,
            _ => &[],
        };
        let library: Vec<String> =
            self.checker.library_methods(ty).into_iter().filter(|name| !builtin.contains(&&**name)).collect();
        let known = || {
            let own = items.iter().map(|(name, _)| &**name);
            own.chain(builtin.iter().copied()).chain(library.iter().map(|name| &**name))
        };
        let of_language = !matches!(self.origin(ty), Some(Origin::Def(_)));
        if let Some(own) = super::library::renamed_method(&name.name).filter(|own| known().any(|name| name == *own)) {
            self.report(error.replace(format!("did you mean `{own}`?"), name.span, own));
            return self.args_anyway(call.args, call.span);
        }
        if let Some(error) = self.library_function(ty, call, &error) {
            self.report(error);
            return self.args_anyway(call.args, call.span);
        }
        if let Some(help) = super::library::foreign_method(&name.name).filter(|_| of_language) {
            self.report(error.help(help));
            return self.args_anyway(call.args, call.span);
        }
        let error = match similar(&name.name, known()) {
            Some(known) => error.replace(format!("did you mean `{known}`?"), name.span, known),
            None if begins_alike(&name.name, known()).is_some() => {
                let known = begins_alike(&name.name, known()).unwrap_or_default();
                error.help(format!("did you mean `{known}`?"))
            }
            None if known().next().is_none() => error.help("it has no methods: declare a function, or an `impl`"),
            None => error.help(format!("it has: {}", known().collect::<Vec<_>>().join(", "))),
        };
        self.report(error);
        self.args_anyway(call.args, call.span)
    }

    /// Whether there are `wanted` arguments; reported if not.
    pub(super) fn takes(&mut self, call: &Builtin<'_, 'a>, wanted: usize) -> bool {
        if call.args.len() == wanted {
            return true;
        }
        let error = self.count_error(&call.name.name, wanted, call.args.len(), call.span);
        self.report(error);
        self.args_anyway(call.args, call.span);
        false
    }

    fn int_method(&mut self, value: Expr, call: &Builtin<'_, 'a>) -> Expr {
        let span = call.span;
        let wanted = match &*call.name.name {
            "abs" | "bits" | "count_ones" | "isqrt" | "leading_zeros" => 0,
            "div_or" | "rem_or" | "clamp" => 2,
            _ => 1,
        };
        if !self.takes(call, wanted) {
            return self.error(span);
        }
        let mut values = vec![value];
        for arg in call.args {
            values.push(self.int_arg(arg));
        }
        if values.iter().any(|value| value.ty == Ty::Never) {
            return self.no_value(values, span);
        }
        match &*call.name.name {
            "abs" => self.intrinsic(Intrinsic::Abs, values, Ty::Exact, span),
            "isqrt" => self.intrinsic(Intrinsic::Isqrt, values, Ty::Exact, span),
            "min" => self.smaller(Intrinsic::Min, values, span),
            "max" => self.smaller(Intrinsic::Max, values, span),
            "clamp" => {
                let hi = values.pop().into_iter().collect::<Vec<_>>();
                let at_least = self.smaller(Intrinsic::Max, values, span);
                self.smaller(Intrinsic::Min, [vec![at_least], hi].concat(), span)
            }
            "div_or" => self.intrinsic(Intrinsic::DivOr, values, Ty::Exact, span),
            "rem_or" => self.intrinsic(Intrinsic::RemOr, values, Ty::Exact, span),
            "checked_div" => self.checked(Intrinsic::DivOr, values, None, span),
            "checked_rem" => self.checked(Intrinsic::RemOr, values, None, span),
            _ => self.bits_method(values, call),
        }
    }

    fn smaller(&mut self, intrinsic: Intrinsic, values: Vec<Expr>, span: Span) -> Expr {
        let ty = self.join(&values[0].ty, &values[1].ty).unwrap_or(Ty::Exact);
        self.intrinsic(intrinsic, values, ty, span)
    }

    /// `None` if the divisor is 0; else the result, as a fixed-point number with so many fractional bits.
    pub(super) fn checked(
        &mut self,
        intrinsic: Intrinsic,
        mut values: Vec<Expr>,
        fraction: Option<u32>,
        span: Span,
    ) -> Expr {
        let mut stmts = Vec::new();
        values = values.into_iter().map(|value| self.once(value, &mut stmts)).collect();
        let zero = node(Op::Eq, values[1].clone(), int(BigInt::ZERO, span), span, Ty::Bool);
        values.push(int(BigInt::ZERO, span));
        let mut quotient = self.intrinsic(intrinsic, values, Ty::Exact, span);
        if let Some(fraction) = fraction {
            quotient = self.fixed(quotient, fraction);
        }
        let (none, some) = (self.none(&quotient.ty.clone(), span), self.some(quotient));
        let ty = some.ty.clone();
        let choice = Expr { kind: ExprKind::If(Box::new(zero), Box::new(none), Box::new(some)), ty: ty.clone(), span };
        block(stmts, choice)
    }

    pub(super) fn some(&mut self, value: Expr) -> Expr {
        let (span, ty) = (value.span, self.checker.types.option(&value.ty));
        let payload = Ty::Tuple(Rc::new([value.ty.clone()]));
        let payload = Expr { kind: ExprKind::Aggregate(vec![value]), ty: payload, span };
        Expr { kind: ExprKind::Variant(1, Box::new(payload)), ty, span }
    }

    pub(super) fn none(&mut self, inner: &Ty, span: Span) -> Expr {
        let ty = self.checker.types.option(inner);
        let payload = super::operator::no_branch(span);
        Expr { kind: ExprKind::Variant(0, Box::new(payload)), ty, span }
    }

    /// Methods that look at the bits of a declared type.
    fn bits_method(&mut self, values: Vec<Expr>, call: &Builtin<'_, 'a>) -> Expr {
        let (span, name) = (call.span, call.name);
        let Ty::Int(ty) = values[0].ty.clone() else {
            let error = Diagnostic::error(
                Code::DeclaredTypeNeeded,
                format!("`{name}` looks at the bits of a declared type, but this integer has none"),
            )
            .at(values[0].span, "an exact integer, of no declared width")
            .because(name.span, "needs a width");
            return self.fail(span, error.help("name the type first: `let x: u32 = …;`, or `wrap::<u32>(…)`"));
        };
        let whole = Ty::Int(Rc::new(base(&ty)));
        let (intrinsic, result) = match &*name.name {
            "bits" => (Intrinsic::Bits, Ty::Array(Rc::new(Ty::Bool), u64::from(ty.width))),
            "count_ones" => (Intrinsic::CountOnes, Ty::Exact),
            "leading_zeros" => (Intrinsic::LeadingZeros, Ty::Exact),
            "rotate_left" => (Intrinsic::RotateLeft, whole),
            _ => (Intrinsic::RotateRight, whole),
        };
        if ty.signed && matches!(intrinsic, Intrinsic::RotateLeft | Intrinsic::RotateRight) {
            let found = self.type_name(&values[0].ty);
            let error =
                Diagnostic::error(Code::OperandType, format!("`{name}` needs an unsigned integer, found `{found}`"));
            let error = error.at(values[0].span, format!("this is `{found}`"));
            return self
                .fail(span, error.help(format!("bring it into an unsigned type first: `wrap::<u{}>(…)`", ty.width)));
        }
        self.intrinsic(intrinsic, values, result, span)
    }

    fn option_method(&mut self, value: Expr, inner: &Ty, call: &Builtin<'_, 'a>) -> Expr {
        let span = call.span;
        let wanted = usize::from(!matches!(&*call.name.name, "is_none" | "is_some"));
        if !self.takes(call, wanted) {
            return self.error(span);
        }
        let local = self.local("_", inner.clone(), false, span);
        let taken = self.read(local, span);
        let bit = |bit| Expr { kind: ExprKind::Bool(bit), ty: Ty::Bool, span };
        let (some, none) = match &*call.name.name {
            "is_some" => (bit(true), bit(false)),
            "is_none" => (bit(false), bit(true)),
            "unwrap_or" => {
                let other = self.expr(&call.args[0], Some(inner));
                (taken, other)
            }
            "or" => {
                let other = self.expr(&call.args[0], Some(&value.ty.clone()));
                (self.some(taken), other)
            }
            "map" => {
                let mapped = self.apply(&call.args[0], vec![taken], None);
                if mapped.ty == Ty::Never {
                    return self.no_value(vec![mapped], span);
                }
                let none = self.none(&mapped.ty.clone(), span);
                (self.some(mapped), none)
            }
            _ => {
                let mapped = self.apply(&call.args[0], vec![taken], None);
                (mapped, self.none(&Ty::Never, span))
            }
        };
        let Some(ty) = self.join(&some.ty, &none.ty) else {
            let (left, right) = (self.type_name(&some.ty), self.type_name(&none.ty));
            let error = Diagnostic::error(Code::TypeMismatch, format!("expected `{left}`, found `{right}`"))
                .at(call.args[0].span, format!("this is `{right}`"));
            return self.fail(span, error.help(format!("give a value of type `{left}`")));
        };
        let (some, none) = (self.fit(some, &ty, &Why::plain()), self.fit(none, &ty, &Why::plain()));
        if some.ty == Ty::Never || none.ty == Ty::Never {
            return self.no_value(vec![some, none], span);
        }
        let payload = Pattern::Aggregate(vec![Pattern::Bind(local, None)]);
        let arms = vec![
            Arm { pattern: Pattern::Variant(1, Box::new(payload)), guard: None, body: some },
            Arm { pattern: Pattern::Any, guard: None, body: none },
        ];
        Expr { kind: ExprKind::Match(Box::new(value), arms), ty, span }
    }
}

/// Statements before a value, if there are any.
pub(super) fn block(stmts: Vec<Stmt>, value: Expr) -> Expr {
    if stmts.is_empty() {
        return value;
    }
    Expr { ty: value.ty.clone(), span: value.span, kind: ExprKind::Block(stmts, Box::new(value)) }
}
