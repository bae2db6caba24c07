//! Generic arguments from the types of values, and each function expanded once for each choice of them.

use std::rc::Rc;
use std::sync::Arc;

use num_bigint::BigInt;

use super::call::Names;
use super::expr::Named;
use super::holes::{Holes, is_hole};
use super::items::{DefId, DefKind, Env, EnvRef, ImplId, ScopeId};
use super::types::{Arg, Origin, unit};
use super::{Checker, EXPANSIONS_MAX, Job};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Budget, Expr, ExprKind, Function, FunctionId, Ty};
use crate::source::Span;
use crate::syntax::ast::{self, Fields, TypeKind};

/// What is known of the generic parameters of one use of a declaration.
pub(super) struct Bindings {
    names: Vec<Arc<str>>,
    sizes: Vec<bool>,
    values: Vec<Option<Arg>>,
    /// Parameters that are said, and so not taken from further values.
    fixed: Vec<bool>,
    scope: ScopeId,
    self_ty: Option<Ty>,
    /// What values have in the places of `_`.
    holes: Holes,
}

impl Bindings {
    fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().rposition(|own| &**own == name)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arg> {
        self.values[self.position(name)?].as_ref()
    }

    pub(super) fn set(&mut self, name: &str, arg: Arg) {
        if let Some(i) = self.position(name) {
            self.values[i] = Some(arg);
            self.fixed[i] = true;
        }
    }

    pub(super) fn set_all(&mut self, args: &[Arg]) {
        for (i, arg) in args.iter().enumerate() {
            if !matches!(arg, Arg::Ty(Ty::Never)) {
                self.values[i] = Some(arg.clone());
                self.fixed[i] = true;
            }
        }
    }

    /// What is known by now is not taken from further values.
    pub(super) fn fix_known(&mut self) {
        self.fixed = self.values.iter().map(Option::is_some).collect();
    }

    /// All arguments, or the first parameter of which nothing is known.
    pub(super) fn finish(self) -> Result<Rc<[Arg]>, String> {
        let args = self.names.iter().zip(self.values).map(|(name, value)| value.ok_or_else(|| name.to_string()));
        args.collect()
    }

    /// As [`Bindings::finish`], but a type that no value shows may stay open, as in `None`.
    pub(super) fn finish_open(mut self) -> Result<Rc<[Arg]>, String> {
        for (value, size) in self.values.iter_mut().zip(&self.sizes) {
            if value.is_none() && !size {
                *value = Some(Arg::Ty(Ty::Never));
            }
        }
        self.finish()
    }

    fn env(&self) -> EnvRef {
        let known =
            self.names.iter().zip(&self.values).filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
        Rc::new(Env { args: known.collect(), self_ty: self.self_ty.clone() })
    }
}

impl<'a> Checker<'a> {
    /// Nothing known yet of the parameters of a type.
    pub(super) fn bindings(&self, def: DefId) -> Bindings {
        let params = self.def(def).generics().map_or(&[][..], |generics| &generics.params[..]);
        self.open_bindings(params.iter(), self.def(def).scope)
    }

    fn open_bindings(&self, params: impl Iterator<Item = &'a ast::GenericParam> + Clone, scope: ScopeId) -> Bindings {
        let names: Vec<Arc<str>> = params.clone().map(|param| param.name.name.clone()).collect();
        let sizes = params.map(ast::GenericParam::is_size).collect();
        Bindings {
            values: vec![None; names.len()],
            fixed: vec![false; names.len()],
            names,
            sizes,
            scope,
            self_ty: None,
            holes: Holes::new(),
        }
    }

    /// The generic parameters of a function: first those of its `impl`, then its own.
    pub(super) fn function_params(&self, def: DefId) -> Vec<&'a ast::GenericParam> {
        let declared = self.def(def);
        let outer = declared.impl_.map(|id| &self.impls[id.0 as usize].ast.generics.params[..]).unwrap_or_default();
        let own = declared.generics().map(|generics| &generics.params[..]).unwrap_or_default();
        outer.iter().chain(own).collect()
    }

    pub(super) fn function_bindings(&mut self, def: DefId, owner: Option<&Ty>) -> Bindings {
        let params = self.function_params(def);
        let mut bindings = self.open_bindings(params.into_iter(), self.def(def).scope);
        if let Some(owner) = owner {
            self.bind_self(&mut bindings, def, owner);
        } else if let Some(id) = self.def(def).impl_
            && self.impls[id.0 as usize].ast.generics.params.is_empty()
        {
            bindings.self_ty = Some(self.impl_ty(id, &Rc::default()));
        }
        bindings
    }

    /// Takes the arguments of an `impl` from the type that it is used for.
    pub(super) fn bind_self(&mut self, bindings: &mut Bindings, def: DefId, ty: &Ty) {
        if let Some(id) = self.def(def).impl_ {
            let ast = &self.impls[id.0 as usize].ast.ty;
            self.infer(ast, ty, bindings);
            bindings.fix_known();
            bindings.self_ty = Some(ty.clone());
        }
    }

    fn impl_ty(&mut self, id: ImplId, env: &EnvRef) -> Ty {
        let (ast, scope) = (self.impls[id.0 as usize].ast, self.impls[id.0 as usize].scope);
        self.ty(&ast.ty, scope, env)
    }

    /// The type that `written` says, if nothing unknown occurs in it.
    pub(super) fn known_ty(&mut self, written: &'a ast::Type, bindings: &Bindings) -> Option<Ty> {
        if self.open(written, bindings) {
            return None;
        }
        let env = bindings.env();
        Some(self.ty(written, bindings.scope, &env))
    }

    /// The type that `written` says for a literal, by what earlier values have shown.
    pub(super) fn literal_ty(&mut self, written: &'a ast::Type, bindings: &mut Bindings) -> Option<Ty> {
        let fixed = bindings.fixed.clone();
        bindings.fix_known();
        let ty = self.known_ty(written, bindings);
        bindings.fixed = fixed;
        ty
    }

    /// Whether a parameter occurs that is still taken from values.
    fn open(&self, ty: &ast::Type, bindings: &Bindings) -> bool {
        if bindings.fixed.iter().all(|fixed| *fixed) {
            return bindings.self_ty.is_none() && mentions_self(ty);
        }
        match &ty.kind {
            TypeKind::Path(path) => path.segments.iter().any(|segment| {
                let unknown = bindings.position(&segment.name.name).is_some_and(|i| !bindings.fixed[i]);
                let own = &*segment.name.name == "Self" && bindings.self_ty.is_none();
                let args = segment.args.iter().flat_map(|args| &args.args);
                unknown
                    || own
                    || args.into_iter().any(|arg| match arg {
                        ast::GenericArg::Type(ty) => self.open(ty, bindings),
                        ast::GenericArg::Expr(_) => true,
                    })
            }),
            TypeKind::Array { element, len } => {
                self.open(element, bindings) || !matches!(len.kind, ast::ExprKind::Literal(_))
            }
            TypeKind::Tuple(items) => items.iter().any(|ty| self.open(ty, bindings)),
            TypeKind::Ranged { .. } => true,
            TypeKind::Slice(_) | TypeKind::Function { .. } | TypeKind::Infer | TypeKind::Error => false,
        }
    }

    /// Learns from a value of type `ty` that was given where `written` stands.
    pub(super) fn infer(&mut self, written: &'a ast::Type, ty: &Ty, bindings: &mut Bindings) {
        match (&written.kind, ty) {
            (_, Ty::Never) => {}
            (TypeKind::Infer, _) => drop(bindings.holes.insert(written.span, Arg::Ty(ty.clone()))),
            (TypeKind::Path(path), _) => {
                let [segment] = &path.segments[..] else { return };
                match bindings.position(&segment.name.name) {
                    Some(i) if !bindings.sizes[i] && !bindings.fixed[i] => {
                        let joined = match &bindings.values[i] {
                            Some(Arg::Ty(old)) => self.join(&old.clone(), ty),
                            _ => Some(ty.clone()),
                        };
                        if let Some(joined) = joined {
                            bindings.values[i] = Some(Arg::Ty(joined));
                        }
                    }
                    Some(_) => {}
                    None => self.infer_args(segment, ty, bindings),
                }
            }
            (TypeKind::Array { element, len }, Ty::Array(found, n)) => {
                self.infer(element, found, bindings);
                self.infer_size(len, *n, bindings);
            }
            (TypeKind::Tuple(items), Ty::Tuple(found)) if items.len() == found.len() => {
                items.iter().zip(found.iter()).for_each(|(item, found)| self.infer(item, found, bindings));
            }
            (TypeKind::Ranged { base, .. }, Ty::Int(found)) if matches!(base.kind, TypeKind::Infer) => {
                self.infer(base, &Ty::Int(Rc::new(super::types::base(found))), bindings);
            }
            (TypeKind::Ranged { base, .. }, Ty::Exact) if matches!(base.kind, TypeKind::Infer) => {
                self.infer(base, ty, bindings);
            }
            _ => {}
        }
    }

    /// Learns a size from a length that was found: of `N`, and of sums, differences and multiples of one unknown such as `2 * N + 1`.
    fn infer_size(&mut self, len: &'a ast::Expr, n: u64, bindings: &mut Bindings) {
        if is_hole(len) {
            bindings.holes.insert(len.span, Arg::Int(n.into()));
            return;
        }
        let Some(form) = self.linear(len, bindings) else { return };
        let Some(i) = form.unknown else { return };
        let rest = BigInt::from(n) - form.constant;
        if &rest % &form.factor == BigInt::ZERO {
            bindings.values[i] = Some(Arg::Int(rest / form.factor));
        }
    }

    /// A length in the one size that it depends on and that is not known yet.
    fn linear(&mut self, len: &'a ast::Expr, bindings: &Bindings) -> Option<Form> {
        match &len.without_parens().kind {
            ast::ExprKind::Literal(ast::Literal::Int(n)) => Some(Form::number(n.clone())),
            ast::ExprKind::Path(path) => match bindings.position(&path.as_ident()?.name) {
                Some(i) => Some(match &bindings.values[i] {
                    Some(Arg::Int(n)) => Form::number(n.clone()),
                    _ => Form { factor: BigInt::from(1), unknown: Some(i), constant: BigInt::ZERO },
                }),
                None => self.const_int(len, bindings.scope, &EnvRef::default()).map(Form::number),
            },
            ast::ExprKind::Binary { first, steps } => {
                let mut form = self.linear(first, bindings)?;
                for step in steps {
                    let right = self.linear(&step.operand, bindings)?;
                    form = match step.op {
                        ast::BinaryOp::Add => form.plus(right, 1)?,
                        ast::BinaryOp::Sub => form.plus(right, -1)?,
                        ast::BinaryOp::Mul => form.times(right)?,
                        _ => return None,
                    };
                }
                Some(form)
            }
            _ => None,
        }
    }

    fn infer_args(&mut self, segment: &'a ast::PathSegment, ty: &Ty, bindings: &mut Bindings) {
        let Some(written) = &segment.args else { return };
        let found = self.args_of(segment, ty, bindings.scope);
        let Some(found) = found.or_else(|| self.args_of_alias(segment, ty, bindings.scope)) else { return };
        if found.len() != written.args.len() {
            return;
        }
        self.infer_size_args(&written.args, &found, bindings);
    }

    fn infer_size_args(&mut self, written: &'a [ast::GenericArg], found: &[Arg], bindings: &mut Bindings) {
        for (written, found) in written.iter().zip(found) {
            match (written, found) {
                (ast::GenericArg::Type(written), Arg::Ty(found)) => self.infer(written, found, bindings),
                (ast::GenericArg::Type(ast::Type { kind: TypeKind::Infer, span }), Arg::Int(_)) => {
                    bindings.holes.insert(*span, found.clone());
                }
                (ast::GenericArg::Type(ast::Type { kind: TypeKind::Path(path), .. }), Arg::Int(n)) => {
                    if let Some(i) = path.as_ident().and_then(|name| bindings.position(&name.name)) {
                        bindings.values[i] = bindings.values[i].take().or(Some(Arg::Int(n.clone())));
                    }
                }
                (ast::GenericArg::Expr(len), Arg::Int(n)) => {
                    if let Ok(n) = u64::try_from(n) {
                        self.infer_size(len, n, bindings);
                    }
                }
                _ => {}
            }
        }
    }

    /// The arguments with which `ty` is an instance of what `segment` names.
    fn args_of(&self, segment: &ast::PathSegment, ty: &Ty, scope: ScopeId) -> Option<Rc<[Arg]>> {
        let size = |n: u64| Arg::Int(n.into());
        let (origin, args) = match ty {
            Ty::Struct(id) => self.types.struct_origin(*id).clone(),
            Ty::Enum(id) => self.types.enum_origin(*id).clone(),
            Ty::Array(_, n) => {
                let is_own = &*segment.name.name == "bytes" && self.lookup(scope, "bytes").is_none();
                return is_own.then(|| [size(*n)].into());
            }
            _ => return None,
        };
        let name = match (origin, self.lookup(scope, &segment.name.name)) {
            (Origin::Def(def), Some(named)) => return (def == named).then_some(args),
            (origin, None) => (origin, &*segment.name.name),
            _ => return None,
        };
        match (name, self.types.fixed_of(ty)) {
            ((Origin::Option, "Option") | (Origin::Str, "str"), _) => Some(args),
            ((Origin::Fixed(_), "fixed"), Some((fraction, Ty::Int(raw)))) => {
                Some([size(u64::from(raw.width.saturating_sub(fraction))), size(fraction.into())].into())
            }
            _ => None,
        }
    }

    /// The arguments with which the alias that `segment` names stands for `ty`.
    fn args_of_alias(&mut self, segment: &ast::PathSegment, ty: &Ty, scope: ScopeId) -> Option<Rc<[Arg]>> {
        let def = self.lookup(scope, &segment.name.name)?;
        let DefKind::Alias(ast) = self.def(def).kind else { return None };
        let mut bindings = self.bindings(def);
        self.infer(&ast.ty, ty, &mut bindings);
        bindings.finish_open().ok()
    }

    /// What a value of type `found` has in the places of `_` in the written type.
    pub(super) fn holes_of(&mut self, written: &'a ast::Type, found: &Ty, scope: ScopeId) -> Holes {
        let mut bindings = self.open_bindings([].iter(), scope);
        self.infer(written, found, &mut bindings);
        bindings.holes
    }

    /// Learns again from a value, if something is still unknown.
    pub(super) fn infer_open(&mut self, written: &'a ast::Type, ty: &Ty, bindings: &mut Bindings) {
        if bindings.values.iter().any(Option::is_none) {
            self.infer(written, ty, bindings);
        }
    }

    /// Learns from the expected type what no argument has shown.
    pub(super) fn infer_rest(&mut self, written: &'a ast::Type, want: &Ty, bindings: &mut Bindings) {
        if bindings.values.iter().all(Option::is_some) {
            return;
        }
        let known = bindings.values.clone();
        bindings.values.iter_mut().for_each(|value| *value = None);
        self.infer(written, want, bindings);
        for (value, known) in bindings.values.iter_mut().zip(known) {
            *value = known.or(value.take());
        }
    }

    /// The names of the variants of an enum, in tag order.
    pub(super) fn variant_names(&self, origin: Origin) -> Vec<Arc<str>> {
        match origin {
            Origin::Option => vec!["None".into(), "Some".into()],
            Origin::Def(def) => match self.def(def).kind {
                DefKind::Enum(ast) => ast.variants.iter().map(|variant| variant.name.name.clone()).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// The fields that a struct or variant is declared with.
    pub(super) fn fields_of(&self, named: &Named) -> &'a Fields {
        static UNIT: Fields = Fields::Unit;
        match named {
            Named::Variant(Origin::Def(def), tag) => match self.def(*def).kind {
                DefKind::Enum(ast) => &ast.variants[*tag as usize].fields,
                _ => &UNIT,
            },
            Named::Variant(Origin::Option, 1) => self.option_fields,
            Named::Struct(def) => match self.def(*def).kind {
                DefKind::Struct(ast) => &ast.fields,
                _ => &UNIT,
            },
            _ => &UNIT,
        }
    }

    pub(super) fn named_text(&self, named: &Named) -> String {
        match named {
            Named::Variant(Origin::Def(def), tag) => {
                let variants = self.variant_names(Origin::Def(*def));
                format!("{}::{}", self.def(*def).name, variants[*tag as usize])
            }
            Named::Variant(_, tag) => if *tag == 0 { "None" } else { "Some" }.to_owned(),
            Named::Struct(def) | Named::Const(def, _) | Named::Function(def, _) => self.def(*def).name.to_string(),
            Named::Int(n) => n.to_string(),
        }
    }

    /// What all `impl`s of a type declare.
    pub(super) fn impl_items(&mut self, origin: Origin) -> Names {
        let Origin::Def(wanted) = origin else { return Vec::new() };
        let mut items = Vec::new();
        for own in &self.impls {
            let TypeKind::Path(path) = &own.ast.ty.kind else { continue };
            let named = path.segments.first().and_then(|segment| self.lookup(own.scope, &segment.name.name));
            if named == Some(wanted) {
                items.extend(own.items.iter().map(|(name, def)| (name.clone(), *def)));
            }
        }
        items
    }

    pub(super) fn is_test(&self, def: DefId) -> bool {
        matches!(self.def(def).kind, DefKind::Function(_, true))
    }

    pub(super) fn param_spans(&self, def: DefId) -> Vec<Span> {
        match self.def(def).kind {
            DefKind::Function(ast, _) => {
                ast.receiver.iter().map(|own| own.span).chain(ast.params.iter().map(|param| param.span)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The expansion of a function for `args`, with the types of its parameters and result. Its body is checked later.
    pub(super) fn function(&mut self, def: DefId, args: Rc<[Arg]>, span: Span) -> Option<(FunctionId, Rc<[Ty]>, Ty)> {
        let key = (def, args.clone());
        if let Some(id) = self.instances.get(&key) {
            let (params, ret) = self.signatures[id.0 as usize].clone();
            return Some((*id, params, ret));
        }
        if self.instances.len() >= EXPANSIONS_MAX {
            self.too_many_expansions(span);
            return None;
        }
        let DefKind::Function(ast, test) = self.def(def).kind else { return None };
        if !self.all_bounds(def, &args, span) {
            return None;
        }
        let (n_before, n_generic) = (self.diagnostics.len(), args.len());
        let (env, scope) = self.function_env(def, &args);
        let own = ast.receiver.as_ref().map(|_| env.self_ty.clone().unwrap_or(Ty::Never));
        let params: Vec<Ty> =
            own.into_iter().chain(ast.params.iter().map(|param| self.ty(&param.ty, scope, &env))).collect();
        let ret = self.output_ty(ast, scope, &env);
        if self.blame_call(def, &args, span, n_before) {
            return None;
        }
        let name = self.function_name(def, &args);
        let int_params = params.iter().any(|ty| self.types.mentions(ty, &|ty| *ty == Ty::Exact));
        let id = FunctionId(self.functions.len() as u32);
        self.functions.push(Function {
            name,
            n_params: params.len() as u32,
            locals: Vec::new(),
            body: Expr { kind: ExprKind::Aggregate(Vec::new()), ty: Ty::Never, span: ast.name.span },
            ret: ret.clone(),
            span: ast.name.span,
            standalone: args.is_empty() && !int_params,
        });
        if let Some((max, span)) = self.costs.get(&def).cloned() {
            let open = params.iter().chain([&ret]).any(|ty| self.types.mentions(ty, &|ty| *ty == Ty::Exact));
            let whole = *ast.name.name == *"main" && self.def(def).scope == self.root && self.def(def).impl_.is_none();
            if !open {
                self.budgets.push(Budget { function: id, max, whole, span });
            } else if n_generic == 0 {
                let message = "what this function costs depends on its arguments, since `int` has no size";
                let error = Diagnostic::error(Code::ExactAtBorder, message).at(span, "of which sizes?");
                self.report(
                    error
                        .because(ast.name.span, "has `int` in its signature")
                        .help("use declared types, such as `u32`"),
                );
            }
        }
        let params: Rc<[Ty]> = params.into();
        self.signatures.push((params.clone(), ret.clone()));
        self.bad_functions.push(false);
        self.checked.push(false);
        self.calls.push(Vec::new());
        self.instances.insert(key, id);
        self.queue.push_back(Job { function: id, ast, scope, env, test });
        Some((id, params, ret))
    }

    /// Whether the arguments have what the bounds of the function's parameters ask for; reported if not.
    pub(super) fn all_bounds(&mut self, def: DefId, args: &[Arg], span: Span) -> bool {
        self.function_params(def).into_iter().zip(args).all(|(param, arg)| match arg {
            Arg::Ty(ty) => self.bounds(param, ty, span),
            Arg::Int(_) => true,
        })
    }

    /// What the names of generic parameters mean in a function, and where it is declared.
    pub(super) fn function_env(&mut self, def: DefId, args: &Rc<[Arg]>) -> (EnvRef, ScopeId) {
        let declared = self.def(def).clone();
        let names = self.function_params(def).into_iter().map(|param| param.name.name.clone());
        let mut env = Env { args: names.zip(args.iter().cloned()).collect(), self_ty: None };
        if let Some(id) = declared.impl_ {
            let outer = Rc::new(env.clone());
            env.self_ty = Some(self.impl_ty(id, &outer));
        }
        (Rc::new(env), declared.scope)
    }

    fn function_name(&self, def: DefId, args: &[Arg]) -> String {
        let declared = self.def(def);
        let n_outer = declared.impl_.map_or(0, |id| self.impls[id.0 as usize].ast.generics.params.len());
        let (outer, own) = args.split_at(n_outer.min(args.len()));
        let name = self.instance_name(&declared.name.name, own);
        let Some(id) = declared.impl_ else { return name };
        let owner = match &self.impls[id.0 as usize].ast.ty.kind {
            TypeKind::Path(path) => self.instance_name(&path.to_string(), outer),
            _ => String::new(),
        };
        format!("{owner}::{name}")
    }

    fn output_ty(&mut self, ast: &'a ast::Function, scope: ScopeId, env: &EnvRef) -> Ty {
        match &ast.output {
            ast::Output::Unit => unit(),
            ast::Output::Type { ty, .. } => self.ty(ty, scope, env),
            ast::Output::Record { fields, .. } => self.record_ty(fields, scope, env),
        }
    }

    pub(super) fn too_many_exprs(&mut self, span: Span) {
        if !self.too_large {
            self.too_large = true;
            let max = super::EXPRS_MAX;
            self.report(
                Diagnostic::error(
                    Code::TooManyExpansions,
                    format!(
                        "with generic functions and closures expanded, the program has more than {max} expressions"
                    ),
                )
                .at(span, "one more here")
                .help("use fewer different sizes and types, or fewer closures inside closures"),
            );
        }
        self.failures += 1;
    }

    pub(super) fn too_many_expansions(&mut self, span: Span) {
        self.report(
            Diagnostic::error(
                Code::TooManyExpansions,
                format!("generic functions and types expand to more than {EXPANSIONS_MAX}"),
            )
            .at(span, "one more is needed here")
            .note("a generic function that calls itself with other arguments expands without end")
            .help("use fewer different sizes and types"),
        );
    }
}

/// `factor · unknown + constant`; the factor is not 0 if there is an unknown.
struct Form {
    factor: BigInt,
    unknown: Option<usize>,
    constant: BigInt,
}

impl Form {
    fn number(n: BigInt) -> Form {
        Form { factor: BigInt::ZERO, unknown: None, constant: n }
    }

    fn plus(self, other: Form, sign: i32) -> Option<Form> {
        if self.unknown.is_some() && other.unknown.is_some() && self.unknown != other.unknown {
            return None;
        }
        let factor = self.factor + sign * other.factor;
        let unknown = self.unknown.or(other.unknown).filter(|_| factor != BigInt::ZERO);
        Some(Form { factor, unknown, constant: self.constant + sign * other.constant })
    }

    fn times(self, other: Form) -> Option<Form> {
        let (n, form) = match (self.unknown, other.unknown) {
            (None, _) => (self.constant, other),
            (_, None) => (other.constant, self),
            _ => return None,
        };
        let factor = form.factor * &n;
        let unknown = form.unknown.filter(|_| factor != BigInt::ZERO);
        Some(Form { factor, unknown, constant: form.constant * n })
    }
}

fn mentions_self(ty: &ast::Type) -> bool {
    match &ty.kind {
        TypeKind::Path(path) => path.segments.iter().any(|segment| {
            let args = segment.args.iter().flat_map(|args| &args.args);
            &*segment.name.name == "Self"
                || args.into_iter().any(|arg| matches!(arg, ast::GenericArg::Type(ty) if mentions_self(ty)))
        }),
        TypeKind::Array { element, .. } | TypeKind::Slice(element) => mentions_self(element),
        TypeKind::Tuple(items) => items.iter().any(mentions_self),
        _ => false,
    }
}
