//! Calls of functions, and literals of structs and variants: both take generic arguments from their parts.

use std::rc::Rc;
use std::sync::Arc;

use num_bigint::BigInt;

use super::body::{Body, Why};
use super::closure::{is_function, takes_closures};
use super::expr::{Named, adapts};
use super::generics::Bindings;
use super::holes::has_holes;
use super::items::{DefId, DefKind, similar};
use super::pattern::part;
use super::types::{Arg, Origin};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Expr, ExprKind, Stmt, Ty};
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind as Ast, Fields};

/// A call of a declared function.
pub(super) struct Call<'c, 'a> {
    pub(super) def: DefId,
    /// The type before `::`.
    pub(super) owner: Option<Ty>,
    /// `::<…>`.
    pub(super) explicit: Option<&'a ast::GenericArgs>,
    /// The value before the dot of a method.
    pub(super) receiver: Option<Expr>,
    /// The value of the first parameter, before the dot of a method that the library declares as a function.
    pub(super) first: Option<Expr>,
    pub(super) args: &'a [ast::Expr],
    pub(super) want: Option<&'c Ty>,
    pub(super) span: Span,
    /// The first generic argument, given as a value.
    pub(super) size: Option<BigInt>,
}

impl<'a> Call<'_, 'a> {
    /// The parameters that `args` are for.
    pub(super) fn params(&self, ast: &'a ast::Function) -> &'a [ast::Param] {
        &ast.params[usize::from(self.first.is_some()).min(ast.params.len())..]
    }
}

impl<'a> Body<'_, 'a> {
    pub(super) fn call(
        &mut self,
        function: &'a ast::Expr,
        args: &'a [ast::Expr],
        want: Option<&Ty>,
        span: Span,
    ) -> Expr {
        let Ast::Path(path) = &function.without_parens().kind else {
            let value = self.expr(function, None);
            return self.not_callable(&value, args, span);
        };
        if let [segment] = &path.segments[..] {
            let name = &segment.name;
            if let Some(local) = self.find(&name.name) {
                if let Some(closure) = self.fn_args.get(&local).cloned() {
                    return self.call_fn_arg(name, &closure, args, span);
                }
                let value = self.read(local, path.span);
                return self.not_callable(&value, args, span);
            }
            if self.checker.lookup(self.scope, &name.name).is_none() && super::builtin::FUNCTIONS.contains(&&*name.name)
            {
                return self.builtin_call(name, segment.args.as_ref(), args, want, span);
            }
            if self.unknown_function(name, args, span) {
                return self.args_anyway(args, span);
            }
        }
        let explicit = path.segments.last().and_then(|segment| segment.args.as_ref());
        match self.named(path, want) {
            Some(Named::Function(def, owner)) => self.call_function(Call {
                def,
                owner,
                explicit,
                receiver: None,
                first: None,
                args,
                want,
                span,
                size: None,
            }),
            Some(named @ (Named::Variant(..) | Named::Struct(_))) => {
                let said = self.said_type(path, &named);
                self.construct_tuple(&named, args, said.as_ref().or(want), span, path.span)
            }
            Some(Named::Const(def, args_of)) => {
                let value = self.constant(def, args_of, path.span);
                self.not_callable(&value, args, span)
            }
            Some(Named::Int(_)) => {
                let error =
                    Diagnostic::error(Code::NotCallable, "a number cannot be called").at(path.span, "not a function");
                self.fail(span, error.help("remove the parentheses"))
            }
            None => self.args_anyway(args, span),
        }
    }

    /// Whether nothing is called `name`, which is reported.
    fn unknown_function(&mut self, name: &'a ast::Ident, args: &'a [ast::Expr], span: Span) -> bool {
        let known = ["Some", "None", "Self"].contains(&&*name.name)
            || self.env.get(&name.name).is_some()
            || self.checker.should_be_imported(self.scope, &name.name);
        if known || self.checker.lookup(self.scope, &name.name).is_some() {
            return false;
        }
        let error = Diagnostic::error(Code::UnknownName, format!("there is no function called `{name}`"))
            .at(name.span, "not declared");
        if let Some(owner) = self.checker.enum_with(self.scope, &name.name) {
            self.report(error.replace("say whose variant it is", name.span, format!("{owner}::{name}")));
            return true;
        }
        if let Some(error) = self.foreign_function(name, args, span, &error) {
            self.report(error);
            return true;
        }
        let visible = self.checker.visible(self.scope);
        let functions = visible.iter().map(|name| &**name).filter(|name| {
            let def = self.checker.lookup(self.scope, name).map(|def| self.checker.def(def).kind);
            matches!(def, Some(DefKind::Function(..) | DefKind::Struct(_)))
        });
        let error = match similar(&name.name, functions.chain(super::builtin::FUNCTIONS.iter().copied())) {
            Some(known) => error.replace(format!("did you mean `{known}`?"), name.span, known),
            None => error.help(format!("declare it: `fn {name}(…) -> … {{ … }}`")),
        };
        self.report(error);
        true
    }

    /// Checks the arguments of a call that is wrong anyway, for errors of their own.
    pub(super) fn args_anyway(&mut self, args: &'a [ast::Expr], span: Span) -> Expr {
        for arg in args {
            if !matches!(arg.without_parens().kind, Ast::Closure { .. } | Ast::Range { .. }) {
                self.expr(arg, None);
            }
        }
        self.error(span)
    }

    fn not_callable(&mut self, value: &Expr, args: &'a [ast::Expr], span: Span) -> Expr {
        if value.ty != Ty::Never {
            let found = self.type_name(&value.ty);
            self.report(
                Diagnostic::error(
                    Code::NotCallable,
                    format!("only functions can be called, this is a value of type `{found}`"),
                )
                .at(value.span, "not a function")
                .help("remove the parentheses, or call a function"),
            );
        }
        self.args_anyway(args, span)
    }

    /// A call of a declared function.
    pub(super) fn call_function(&mut self, mut call: Call<'_, 'a>) -> Expr {
        let (def, span) = (call.def, call.span);
        let declared = self.checker.def(def).clone();
        let DefKind::Function(ast, _) = declared.kind else { return self.error(span) };
        let implicit = usize::from(ast.receiver.is_some() && call.receiver.is_none());
        let wanted = call.params(ast).len() + implicit;
        if call.args.len() != wanted {
            self.wrong_count(declared.name, wanted, call.args.len(), span);
            return self.args_anyway(call.args, span);
        }
        if let ([first, rest @ ..], 1) = (call.args, implicit) {
            call.args = rest;
            call.receiver = Some(self.expr(first, None));
        }
        let owner = call.owner.clone().or(call.receiver.as_ref().map(|value| value.ty.clone()));
        let mut bindings = self.checker.function_bindings(def, owner.as_ref());
        if let Some(explicit) = call.explicit
            && !self.explicit_args(&mut bindings, ast, explicit, declared.name, call.first.is_some())
        {
            return self.args_anyway(call.args, span);
        }
        if let (Some(size), Some(param)) = (call.size.take(), ast.generics.params.first()) {
            bindings.set(&param.name.name, Arg::Int(size));
        }
        if takes_closures(ast) {
            return self.call_inline(call, ast, bindings);
        }
        let values = self.call_args(&call, ast, &mut bindings);
        if let (ast::Output::Type { ty, .. }, Some(want)) = (&ast.output, call.want) {
            self.checker.infer_rest(ty, want, &mut bindings);
        }
        self.fill_explicit(&call, ast, &mut bindings);
        if values.iter().any(|value| value.ty == Ty::Never) {
            return self.no_value(values, span);
        }
        let name = self.checker.shown_name(def);
        let plain = ast.params.iter().filter(|param| !is_function(&param.ty));
        let given = values.iter().skip(usize::from(call.receiver.is_some()));
        if let Some((param, value)) = plain.zip(given).find(|(param, value)| self.text_for_array(&param.ty, &value.ty))
        {
            let error = self.text_given(&name, param, value);
            return self.fail(span, error);
        }
        self.finish_call(def, &name, bindings, values, span)
    }

    fn text_for_array(&self, written: &ast::Type, found: &Ty) -> bool {
        matches!(written.kind, ast::TypeKind::Array { .. }) && self.checker.types.text_len(found).is_some()
    }

    fn text_given(&self, function: &str, param: &ast::Param, value: &Expr) -> Diagnostic {
        let found = self.type_name(&value.ty);
        let error =
            Diagnostic::error(Code::TypeMismatch, format!("`{function}` takes an array, and `{found}` is none"))
                .at(value.span, format!("this is `{found}`"))
                .because(param.span, "the parameter is declared here");
        match super::library::FOR_TEXTS.iter().find(|(other, _)| *other == function) {
            Some((_, own)) => error.help(format!("for texts there is `{own}` of `std::text`")),
            None => error.replace("take its bytes, those that fill it up included", value.span.at_end(), ".bytes()"),
        }
    }

    /// The values of all parameters that are not of function type, the receiver first.
    pub(super) fn call_args(
        &mut self,
        call: &Call<'_, 'a>,
        ast: &'a ast::Function,
        bindings: &mut Bindings,
    ) -> Vec<Expr> {
        let mut values: Vec<Expr> = call.receiver.iter().cloned().collect();
        if let Some(value) = values.first() {
            self.checker.bind_self(bindings, call.def, &value.ty);
        }
        if let (Some(value), Some(param)) = (&call.first, ast.params.first()) {
            self.checker.infer(&param.ty, &value.ty, bindings);
            values.push(value.clone());
        }
        for (param, arg) in call.params(ast).iter().zip(call.args).filter(|(param, _)| !is_function(&param.ty)) {
            let hint = if adapts(arg) {
                self.checker.literal_ty(&param.ty, bindings)
            } else {
                self.checker.known_ty(&param.ty, bindings)
            };
            let value = match &hint {
                Some(ty) => self.value(arg, ty, &Why::at(param.span, "the parameter is declared here")),
                None => self.expr(arg, None),
            };
            self.checker.infer(&param.ty, &value.ty, bindings);
            values.push(value);
        }
        // A length such as `N + M` says one size once an argument after it has said the other.
        let plain = ast.params.iter().filter(|param| !is_function(&param.ty));
        for (param, value) in plain.zip(values.iter().skip(usize::from(call.receiver.is_some()))) {
            self.checker.infer_open(&param.ty, &value.ty, bindings);
        }
        values
    }

    fn finish_call(&mut self, def: DefId, name: &str, bindings: Bindings, values: Vec<Expr>, span: Span) -> Expr {
        let args = match bindings.finish() {
            Ok(args) => args,
            Err(unknown) => {
                let params = self.checker.def(def).generics().map_or(&[][..], |generics| &generics.params[..]);
                return self.cannot_infer(name, params, &unknown, span);
            }
        };
        if self.ret.is_some() && !self.test && self.checker.is_test(def) {
            let error = Diagnostic::error(Code::BadTest, format!("`{name}` is a test, which nothing calls"))
                .at(span, "called here");
            return self.fail(span, error.help("move what both need into a function of its own"));
        }
        let Some((function, params, ret)) = self.checker.function(def, args, span) else { return self.error(span) };
        let spans: Vec<Span> = self.checker.param_spans(def);
        let fitted = values
            .into_iter()
            .zip(params.iter().zip(spans))
            .map(|(value, (ty, at))| self.fit(value, ty, &Why::at(at, "the parameter is declared here")));
        let fitted: Vec<Expr> = fitted.collect();
        if fitted.iter().any(|value| value.ty == Ty::Never) {
            return self.error(span);
        }
        self.calls.push((function, span));
        Expr { kind: ExprKind::Call(function, fitted), ty: ret, span }
    }

    /// A call of a function with values, as the argument of a method such as `map`.
    pub(super) fn call_values(&mut self, def: DefId, owner: Option<Ty>, values: Vec<Expr>, span: Span) -> Expr {
        let declared = self.checker.def(def).clone();
        let DefKind::Function(ast, _) = declared.kind else { return self.error(span) };
        let n_params = ast.params.len() + usize::from(ast.receiver.is_some());
        if n_params != values.len() {
            self.wrong_count(declared.name, n_params, values.len(), span);
            return self.error(span);
        }
        let mut bindings = self.checker.function_bindings(def, owner.as_ref());
        if takes_closures(ast) {
            self.checker.unsupported(
                span,
                "a function that takes closures as a closure",
                "write a closure that calls it",
            );
            return self.error(span);
        }
        let receivers = usize::from(ast.receiver.is_some());
        if let (1, Some(value)) = (receivers, values.first()) {
            self.checker.bind_self(&mut bindings, def, &value.ty);
        }
        for (param, value) in ast.params.iter().zip(values.iter().skip(receivers)) {
            self.checker.infer(&param.ty, &value.ty, &mut bindings);
        }
        self.finish_call(def, &declared.name.name, bindings, values, span)
    }

    /// `params` are the function's own generic parameters.
    pub(super) fn cannot_infer(&mut self, name: &str, params: &[ast::GenericParam], unknown: &str, span: Span) -> Expr {
        let error = Diagnostic::error(Code::CannotInfer, format!("nothing says what `{unknown}` of `{name}` is here"))
            .at(span, format!("`{unknown}` is not known"));
        let help = match params.iter().find(|param| &*param.name.name == unknown) {
            Some(own) => {
                let example = if own.is_size() { "8" } else { "u32" };
                let args = params.iter().map(|param| if &*param.name.name == unknown { example } else { "_" });
                let args = args.collect::<Vec<_>>().join(", ");
                format!("say it, as in `{name}::<{args}>(…)`, or by the type of the result")
            }
            None => {
                "say the type that it belongs to: before `::`, or where the value goes, as in `let x: Type<u32> = …`"
                    .to_owned()
            }
        };
        self.fail(span, error.help(help))
    }

    /// Takes written generic arguments; reported, and not taken, if they are not as many as there are parameters.
    fn explicit_args(
        &mut self,
        bindings: &mut Bindings,
        ast: &'a ast::Function,
        explicit: &'a ast::GenericArgs,
        name: &ast::Ident,
        some: bool,
    ) -> bool {
        let (wanted, found) = (ast.generics.params.len(), explicit.args.len());
        if found != wanted && !(some && found < wanted) {
            let wanted = counted(wanted, "generic argument");
            self.report(
                Diagnostic::error(Code::GenericArguments, format!("`{name}` takes {wanted}, not {found}"))
                    .at(explicit.span, format!("{found} given"))
                    .because(name.span, "declared here")
                    .help(format!("give {wanted}")),
            );
            return false;
        }
        let env = self.env.clone();
        for (param, arg) in ast.generics.params.iter().zip(&explicit.args) {
            if matches!(arg, ast::GenericArg::Type(ty) if has_holes(ty)) {
                // The arguments say it.
                continue;
            }
            if let Some(arg) = self.checker.generic_arg(param, arg, self.scope, &env) {
                bindings.set(&param.name.name, arg);
            }
        }
        true
    }

    /// Takes what written generic arguments say around `_`, now that the arguments have said the rest.
    pub(super) fn fill_explicit(&mut self, call: &Call<'_, 'a>, ast: &'a ast::Function, bindings: &mut Bindings) {
        let explicit = call.explicit.iter().flat_map(|explicit| &explicit.args);
        for (param, arg) in ast.generics.params.iter().zip(explicit) {
            if let ast::GenericArg::Type(written) = arg
                && has_holes(written)
                && let Some(Arg::Ty(found)) = bindings.get(&param.name.name).cloned()
            {
                let (ty, _) = self.filled_ty(written, &found);
                bindings.set(&param.name.name, Arg::Ty(if ty == Ty::Never { found } else { ty }));
            }
        }
    }

    pub(super) fn wrong_count(&mut self, name: &ast::Ident, wanted: usize, found: usize, span: Span) {
        let error = self.count_error(&name.name, wanted, found, span);
        self.report(error.because(name.span, "declared here"));
    }

    pub(super) fn count_error(&mut self, name: &str, wanted: usize, found: usize, span: Span) -> Diagnostic {
        let (wanted, given) =
            (counted(wanted, "argument"), if found == 1 { "1 is".to_owned() } else { format!("{found} are") });
        Diagnostic::error(Code::ArgumentCount, format!("`{name}` takes {wanted}, but {given} given"))
            .at(span, format!("{found} given"))
            .help(format!("give {wanted}"))
    }

    /// A unit variant or unit struct.
    pub(super) fn construct_unit(&mut self, named: &Named, want: Option<&Ty>, span: Span) -> Expr {
        match self.checker.fields_of(named) {
            Fields::Unit => self.construct(named, Vec::new(), want, span),
            Fields::Tuple(types) => {
                let wanted = counted(types.len(), "value");
                let error =
                    Diagnostic::error(Code::ArgumentCount, format!("this needs {wanted}")).at(span, "without values");
                self.fail(span, error.help(format!("give {wanted} in parentheses")))
            }
            Fields::Named(_) => {
                let error = Diagnostic::error(Code::MissingField, "this needs its fields").at(span, "without fields");
                self.fail(span, error.help("write the fields: `{ name: value, … }`"))
            }
        }
    }

    fn construct_tuple(
        &mut self,
        named: &Named,
        args: &'a [ast::Expr],
        want: Option<&Ty>,
        span: Span,
        name: Span,
    ) -> Expr {
        let fields = self.checker.fields_of(named);
        let text = self.checker.named_text(named);
        match fields {
            Fields::Tuple(types) if types.len() == args.len() => {
                self.construct(named, args.iter().map(Given::Ast).collect(), want, span)
            }
            Fields::Tuple(types) => {
                let error = self.count_error(&text, types.len(), args.len(), span);
                self.report(error);
                self.args_anyway(args, span)
            }
            Fields::Unit => {
                let at = Span { start: name.end, ..span };
                let error =
                    Diagnostic::error(Code::ArgumentCount, format!("`{text}` holds no values")).at(at, "not expected");
                self.fail(span, error.replace("remove them", at, ""))
            }
            Fields::Named(_) => {
                let error = Diagnostic::error(Code::NotCallable, format!("`{text}` has named fields"))
                    .at(name, "not a function");
                self.fail(span, error.help(format!("write `{text} {{ field: value, … }}`")))
            }
        }
    }

    pub(super) fn struct_literal(
        &mut self,
        path: &'a ast::Path,
        fields: &'a [ast::FieldInit],
        base: Option<&'a ast::Expr>,
        want: Option<&Ty>,
        span: Span,
    ) -> Expr {
        let named = self.named(path, want);
        let Some(named @ (Named::Variant(..) | Named::Struct(_))) = named else {
            if named.is_some() {
                let error = Diagnostic::error(Code::WrongKind, format!("`{path}` is not a struct"))
                    .at(path.span, "not a struct");
                self.report(error.help("name a struct or a variant with named fields"));
            }
            fields.iter().filter_map(|field| field.value.as_ref()).for_each(|value| drop(self.expr(value, None)));
            return self.error(span);
        };
        let said = self.said_type(path, &named);
        let want = said.as_ref().or(want);
        let declared = match self.checker.fields_of(&named) {
            Fields::Named(declared) => &declared[..],
            Fields::Unit if fields.is_empty() => &[],
            _ => {
                let error = Diagnostic::error(Code::UnknownField, format!("`{path}` has no named fields"))
                    .at(span, "with fields");
                return self.fail(span, error.help(format!("write `{path}(…)`")));
            }
        };
        let mut stmts = Vec::new();
        let base = base.and_then(|base| self.base(base, &named, want, &mut stmts));
        let mut given: Vec<Option<Given<'a>>> = vec![None; declared.len()];
        for field in fields {
            self.give_field(field, declared, &mut given, &named);
        }
        let left_out: Vec<usize> = (0..given.len()).filter(|i| given[*i].is_none()).collect();
        let text = self.checker.named_text(&named);
        if matches!(named, Named::Struct(_)) && !self.may_make(declared, &left_out, &text, span) {
            return self.error(span);
        }
        if let Some(base) = base {
            for (i, slot) in given.iter_mut().enumerate().filter(|(_, slot)| slot.is_none()) {
                let ty = self.parts(&base.ty, 0).get(i).cloned().unwrap_or(Ty::Never);
                *slot = Some(Given::Value(part(&base, i, ty)));
            }
        }
        let missing: Vec<&str> = declared
            .iter()
            .zip(&given)
            .filter(|(_, given)| given.is_none())
            .map(|(field, _)| &*field.name.name)
            .collect();
        if !missing.is_empty() {
            return self.missing_fields(&missing, fields, &named, span);
        }
        let value = self.construct(&named, given.into_iter().flatten().collect(), want, span);
        if stmts.is_empty() || value.ty == Ty::Never {
            return value;
        }
        Expr { ty: value.ty.clone(), span, kind: ExprKind::Block(stmts, Box::new(value)) }
    }

    /// `{ price, won: w }`: the fields of the expected record, or a struct without a name.
    pub(super) fn record(&mut self, fields: &'a [ast::FieldInit], want: Option<&Ty>, span: Span) -> Expr {
        let declared: Option<Vec<(String, Ty)>> = match want {
            Some(Ty::Struct(id)) => Some(self.checker.types.struct_(*id).fields.clone()),
            _ => None,
        };
        let mut given: Vec<(String, Expr)> = Vec::with_capacity(fields.len());
        for field in fields {
            if given.iter().any(|(name, _)| **name == *field.name.name) {
                self.report(duplicate_field(field));
                continue;
            }
            let wanted =
                declared.iter().flatten().find(|(name, _)| **name == *field.name.name).map(|(_, ty)| ty.clone());
            if let (None, Some(declared), Some(want)) = (&wanted, &declared, want) {
                self.unknown_field(&field.name, want, declared);
            }
            let value = match &field.value {
                Some(value) => self.expr(value, wanted.as_ref()),
                None => self.short_field(&field.name),
            };
            let value = match wanted {
                Some(ty) => self.fit(value, &ty, &Why::plain()),
                None => value,
            };
            given.push((field.name.name.to_string(), value));
        }
        match (want, declared) {
            (Some(want), Some(declared)) => self.in_order(given, &declared, want, span),
            _ => {
                let ty = self
                    .checker
                    .anonymous(given.iter().map(|(name, value)| (name.clone(), value.ty.clone())).collect());
                self.aggregate(given.into_iter().map(|(_, value)| value).collect(), ty, span)
            }
        }
    }

    /// A record of the fields that are `declared`, evaluated in the order in which they are `given`.
    fn in_order(&mut self, given: Vec<(String, Expr)>, declared: &[(String, Ty)], ty: &Ty, span: Span) -> Expr {
        let missing: Vec<&str> =
            declared.iter().map(|(name, _)| &**name).filter(|name| !given.iter().any(|(own, _)| own == name)).collect();
        if !missing.is_empty() {
            let names = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let error = Diagnostic::error(Code::MissingField, format!("the record is missing {names}"))
                .at(span, format!("{names} missing"));
            return self.fail(span, error.help(format!("add {names}")));
        }
        let mut stmts = Vec::new();
        let ordered = given.iter().map(|(name, _)| name).eq(declared.iter().map(|(name, _)| name));
        let mut values: Vec<(String, Expr)> = Vec::with_capacity(given.len());
        for (name, value) in given {
            let value = if ordered || value.ty == Ty::Never { value } else { self.once(value, &mut stmts) };
            values.push((name, value));
        }
        let place = |name: &str| declared.iter().position(|(own, _)| own == name);
        values.retain(|(name, _)| place(name).is_some());
        values.sort_by_key(|(name, _)| place(name));
        let value = self.aggregate(values.into_iter().map(|(_, value)| value).collect(), ty.clone(), span);
        super::builtin::block(stmts, value)
    }

    /// The value after `..`, kept so that its fields can be read.
    fn base(&mut self, base: &'a ast::Expr, named: &Named, want: Option<&Ty>, stmts: &mut Vec<Stmt>) -> Option<Expr> {
        let value = self.expr(base, want);
        let same = match (named, self.origin(&value.ty)) {
            (Named::Struct(def), Some(Origin::Def(found))) => *def == found,
            _ => false,
        };
        if value.ty == Ty::Never {
            return Some(value);
        }
        if !same {
            let found = self.type_name(&value.ty);
            let text = self.checker.named_text(named);
            self.report(
                Diagnostic::error(
                    Code::TypeMismatch,
                    format!("the fields left out come from a `{text}`, found `{found}`"),
                )
                .at(base.span, format!("this is `{found}`"))
                .help(format!("give a `{text}`")),
            );
            return Some(self.error(base.span));
        }
        Some(self.once(value, stmts))
    }

    fn give_field(
        &mut self,
        field: &'a ast::FieldInit,
        declared: &'a [ast::Field],
        given: &mut [Option<Given<'a>>],
        named: &Named,
    ) {
        let Some(i) = declared.iter().position(|declared| declared.name == field.name) else {
            let text = self.checker.named_text(named);
            let error = Diagnostic::error(Code::UnknownField, format!("`{text}` has no field `{}`", field.name))
                .at(field.name.span, "unknown field");
            let names = || declared.iter().map(|field| &*field.name.name);
            let error = match similar(&field.name.name, names()) {
                Some(known) => error.replace(format!("did you mean `{known}`?"), field.name.span, known),
                None => error.help(format!("its fields are: {}", names().collect::<Vec<_>>().join(", "))),
            };
            self.report(error);
            field.value.iter().for_each(|value| drop(self.expr(value, None)));
            return;
        };
        if given[i].is_some() {
            self.report(duplicate_field(field));
            return;
        }
        if let Named::Struct(def) = named {
            let library = self.checker.in_library(*def);
            self.checker.may_use_field(&declared[i], &field.name, library);
        }
        given[i] = Some(match &field.value {
            Some(value) => Given::Ast(value),
            None => Given::Value(self.short_field(&field.name)),
        });
    }

    /// `name` alone stands for `name: name`.
    fn short_field(&mut self, name: &'a ast::Ident) -> Expr {
        if let Some(local) = self.find(&name.name) {
            return self.read(local, name.span);
        }
        if let Some(Arg::Int(n)) = self.env.get(&name.name) {
            return super::expr::int(n.clone(), name.span);
        }
        match self.checker.lookup(self.scope, &name.name) {
            Some(def) if matches!(self.checker.def(def).kind, DefKind::Const(_)) => {
                self.constant(def, Rc::default(), name.span)
            }
            _ => {
                let error = Diagnostic::error(Code::UnknownName, format!("there is no variable `{name}`"))
                    .at(name.span, "stands for `name: name`");
                self.fail(name.span, error.replace("give a value", name.span.at_end(), ": …").without_edits())
            }
        }
    }

    fn missing_fields(&mut self, missing: &[&str], fields: &[ast::FieldInit], named: &Named, span: Span) -> Expr {
        let names = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let text = self.checker.named_text(named);
        let plural = if missing.len() == 1 { "field" } else { "fields" };
        let comma = if fields.is_empty() { "" } else { ", " };
        let added = missing.iter().map(|name| format!("{name}: …")).collect::<Vec<_>>().join(", ");
        let error = Diagnostic::error(Code::MissingField, format!("`{text}` is missing the {plural} {names}"))
            .at(span, format!("{names} missing"));
        self.fail(span, error.help(format!("add `{comma}{added}`")))
    }

    /// A struct or variant from the values of its fields, in order.
    fn construct(&mut self, named: &Named, given: Vec<Given<'a>>, want: Option<&Ty>, span: Span) -> Expr {
        if let Named::Variant(Origin::Option, tag) = named {
            return self.construct_option(*tag, given, want, span);
        }
        let (def, tag) = match named {
            Named::Variant(Origin::Def(def), tag) => (*def, Some(*tag)),
            Named::Struct(def) => (*def, None),
            _ => return self.error(span),
        };
        let wanted = want.filter(|ty| self.origin(ty) == Some(Origin::Def(def)));
        let mut bindings = self.checker.bindings(def);
        if let Some(ty) = wanted {
            let known = |arg: &Arg| match arg {
                Arg::Ty(ty) if self.is_open(ty) => Arg::Ty(Ty::Never),
                arg => arg.clone(),
            };
            let args: Vec<Arg> = self.args_of(ty).iter().map(known).collect();
            bindings.set_all(&args);
        }
        let types: Vec<&'a ast::Type> = match self.checker.fields_of(named) {
            Fields::Unit => Vec::new(),
            Fields::Tuple(types) => types.iter().collect(),
            Fields::Named(fields) => fields.iter().map(|field| &field.ty).collect(),
        };
        let mut values = Vec::with_capacity(given.len());
        for (written, given) in types.iter().zip(given) {
            let hint = self.checker.known_ty(written, &bindings);
            let why = Why::at(written.span, "the field is declared here");
            let value = match (given, &hint) {
                (Given::Ast(ast), Some(ty)) => self.value(ast, ty, &why),
                (Given::Ast(ast), None) => self.expr(ast, None),
                (Given::Value(value), Some(ty)) => self.fit(value, ty, &why),
                (Given::Value(value), None) => value,
            };
            self.checker.infer(written, &value.ty, &mut bindings);
            values.push(value);
        }
        if values.iter().any(|value| value.ty == Ty::Never) {
            return self.no_value(values, span);
        }
        let args = match bindings.finish_open() {
            Ok(args) => args,
            Err(unknown) => {
                let text = self.checker.named_text(named);
                let own = Some(def).filter(|_| tag.is_none()).and_then(|def| self.checker.def(def).generics());
                let params = own.map_or(&[][..], |generics| &generics.params[..]);
                return self.cannot_infer(&text, params, &unknown, span);
            }
        };
        let ty = self.checker.instance_ty(def, args, span);
        self.assemble(ty, tag, values, &types, span)
    }

    fn assemble(&mut self, ty: Ty, tag: Option<u32>, values: Vec<Expr>, types: &[&ast::Type], span: Span) -> Expr {
        let payload = match (&ty, tag) {
            (Ty::Never, _) => return self.error(span),
            (Ty::Enum(id), Some(tag)) => self.checker.types.enum_(*id).variants[tag as usize].1.clone(),
            _ => ty.clone(),
        };
        let tys = self.parts(&payload, values.len());
        let fitted = values
            .into_iter()
            .zip(tys.iter().zip(types))
            .map(|(value, (ty, written))| self.fit(value, ty, &Why::at(written.span, "the field is declared here")));
        let fitted: Vec<Expr> = fitted.collect();
        let payload = self.aggregate(fitted, payload, span);
        match tag {
            Some(tag) if payload.ty != Ty::Never => Expr { kind: ExprKind::Variant(tag, Box::new(payload)), ty, span },
            _ => payload,
        }
    }

    fn construct_option(&mut self, tag: u32, given: Vec<Given<'a>>, want: Option<&Ty>, span: Span) -> Expr {
        let wanted = want.and_then(|ty| self.checker.types.option_of(ty));
        let items: Vec<Expr> = given
            .into_iter()
            .map(|given| match (given, &wanted) {
                (Given::Ast(ast), Some(ty)) => self.value(ast, ty, &Why::plain()),
                (Given::Ast(ast), None) => self.expr(ast, None),
                (Given::Value(value), _) => value,
            })
            .collect();
        let wanted = wanted.filter(|ty| *ty != Ty::Never);
        let inner = wanted.or(items.first().map(|item| item.ty.clone())).unwrap_or(Ty::Never);
        let ty = self.checker.types.option(&inner);
        let payload = Ty::Tuple(items.iter().map(|_| inner.clone()).collect());
        let payload = self.aggregate(items, payload, span);
        if payload.ty == Ty::Never {
            return payload;
        }
        Expr { kind: ExprKind::Variant(tag, Box::new(payload)), ty, span }
    }

    fn args_of(&self, ty: &Ty) -> Rc<[Arg]> {
        match ty {
            Ty::Struct(id) => self.checker.types.struct_origin(*id).1.clone(),
            Ty::Enum(id) => self.checker.types.enum_origin(*id).1.clone(),
            _ => Rc::new([]),
        }
    }
}

fn duplicate_field(field: &ast::FieldInit) -> Diagnostic {
    Diagnostic::error(Code::DuplicateField, format!("the field `{}` is given twice", field.name))
        .at(field.span, "again")
        .help("remove one of them")
}

/// `no arguments`, `1 argument`, `2 arguments`.
pub(super) fn counted(n: usize, what: &str) -> String {
    match n {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{n} {what}s"),
    }
}

/// The value of a field, checked or not.
#[derive(Clone)]
enum Given<'a> {
    Ast(&'a ast::Expr),
    Value(Expr),
}

impl Diagnostic {
    /// Keeps the advice but not the edit, which has a part that only the author can fill in.
    pub(super) fn without_edits(mut self) -> Diagnostic {
        if let Some(help) = &mut self.help {
            help.edits.clear();
        }
        self
    }
}

/// Names of items of an `impl`, for messages.
pub(super) type Names = Vec<(Arc<str>, DefId)>;
