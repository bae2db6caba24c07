//! Types as written → types.
//!
//! An error is reported where it is found and becomes [`Ty::Never`], which fits everywhere, so that it is reported once.

use std::rc::Rc;

use num_bigint::BigInt;

use super::holes::is_hole;
use super::items::{Def, DefId, DefKind, Env, EnvRef, ScopeId, similar};
use super::types::{
    Arg, Bound, Origin, PARTS_MAX, SCALARS_MAX, WIDTH_MAX, decimal, declared, int_type_name, unit, unsigned,
};
use super::{Checker, EXPANSIONS_MAX};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Enum, IntTy, Struct, Ty};
use crate::source::Span;
use crate::syntax::ast::{self, TypeKind};

/// Type names that the language itself declares.
pub(super) const TYPE_NAMES: &[&str] = &["bool", "bytes", "fixed", "int", "Option", "str"];

impl<'a> Checker<'a> {
    /// The type that `ty` says.
    pub(super) fn ty(&mut self, ty: &'a ast::Type, scope: ScopeId, env: &EnvRef) -> Ty {
        match &ty.kind {
            TypeKind::Path(path) => self.path_ty(path, scope, env),
            TypeKind::Ranged { base, lo, hi } => self.ranged_ty(base, lo, hi, scope, env),
            TypeKind::Array { element, len } => {
                let open = self.holes.is_some() && matches!(element.kind, TypeKind::Infer);
                let element = self.ty(element, scope, env);
                let n = self.size(len, scope, env).filter(|_| open || element != Ty::Never);
                n.map_or(Ty::Never, |n| self.sized(Ty::Array(Rc::new(element), n), ty.span))
            }
            TypeKind::Tuple(items) => {
                let items: Rc<[Ty]> = items.iter().map(|item| self.ty(item, scope, env)).collect();
                self.sized(Ty::Tuple(items), ty.span)
            }
            TypeKind::Slice(element) => {
                let at = element.span.at_end();
                self.report(
                    Diagnostic::error(Code::ArrayWithoutLength, "an array type without a length")
                        .at(ty.span, "how many elements?")
                        .note("every length is known before the circuit is built; a function can be generic over it: `fn f<N: int>(xs: [u8; N])`")
                        .replace("give the length", at, "; N"),
                );
                Ty::Never
            }
            TypeKind::Function { .. } => {
                self.unsupported(ty.span, "a function type here", "closures are arguments of built-in functions only");
                Ty::Never
            }
            TypeKind::Infer => self.hole_ty(ty.span),
            TypeKind::Error => Ty::Never,
        }
    }

    /// `ty`, unless a value of it would be too large.
    pub(super) fn sized(&mut self, ty: Ty, span: Span) -> Ty {
        let size = self.types.size(&ty);
        let found = if size.scalars > SCALARS_MAX {
            let n = if size.scalars == u64::MAX { "too many".to_owned() } else { size.scalars.to_string() };
            format!("a value of this type would hold {n} numbers or bools; {SCALARS_MAX} are allowed")
        } else if size.parts > PARTS_MAX {
            format!("this type would have more than {PARTS_MAX} parts")
        } else {
            return ty;
        };
        self.report(
            Diagnostic::error(Code::TypeTooLarge, found)
                .at(span, "too large")
                .help("use a smaller length or fewer parts, or process the data in several runs"),
        );
        Ty::Never
    }

    /// A length.
    pub(super) fn size(&mut self, len: &'a ast::Expr, scope: ScopeId, env: &EnvRef) -> Option<u64> {
        let n = if is_hole(len) { self.hole_size(len.span)? } else { self.const_int(len, scope, env)? };
        self.length(&n, len.span)
    }

    fn length(&mut self, n: &BigInt, span: Span) -> Option<u64> {
        if let Ok(n) = u64::try_from(n) {
            return Some(n);
        }
        let message = if n.sign() == num_bigint::Sign::Minus {
            "a length cannot be negative"
        } else {
            "a length this large is not possible"
        };
        self.report(
            Diagnostic::error(Code::BadLength, format!("{message}: {n}"))
                .at(span, format!("this is {n}"))
                .help("use a length of 0 or more"),
        );
        None
    }

    fn ranged_ty(
        &mut self,
        base: &'a ast::Type,
        lo: &'a ast::Expr,
        hi: &'a ast::Expr,
        scope: ScopeId,
        env: &EnvRef,
    ) -> Ty {
        let ty = self.ty(base, scope, env);
        let fixed = self.types.fixed_of(&ty);
        let (lo_value, hi_value) = match &fixed {
            Some((fraction, _)) => {
                (self.const_fixed(lo, *fraction, scope, env), self.const_fixed(hi, *fraction, scope, env))
            }
            None => (self.const_int(lo, scope, env), self.const_int(hi, scope, env)),
        };
        let int = match fixed.as_ref().map_or(&ty, |(_, raw)| raw) {
            Ty::Int(int) => int.clone(),
            Ty::Never => return Ty::Never,
            _ => {
                let name = self.types.name(&ty);
                self.report(
                    Diagnostic::error(Code::BadRange, format!("`{name}` cannot have a range"))
                        .at(base.span, "not a declared integer type")
                        .help("ranges belong to `uN` and `iN`, as in `u32 in 1..=100`"),
                );
                return Ty::Never;
            }
        };
        let (Some(lo_value), Some(hi_value)) = (lo_value, hi_value) else { return Ty::Never };
        let range = Span::to(lo.span, hi.span);
        let name = self.types.name(&ty);
        let shown = |n: &BigInt| fixed.as_ref().map_or_else(|| n.to_string(), |(fraction, _)| decimal(n, *fraction));
        let (lo_text, hi_text) = (shown(&lo_value), shown(&hi_value));
        if lo_value > hi_value {
            self.report(
                Diagnostic::error(Code::BadRange, format!("the range {lo_text}..={hi_text} is empty"))
                    .at(range, "no value lies in it")
                    .replace("put the smaller end first", range, format!("{hi_text}..={lo_text}")),
            );
            return Ty::Never;
        }
        if lo_value < int.lo || hi_value > int.hi {
            let (fit_lo, fit_hi) = ((&lo_value).clamp(&int.lo, &int.hi), (&hi_value).clamp(&int.lo, &int.hi));
            self.report(
                Diagnostic::error(
                    Code::BadRange,
                    format!("the range {lo_text}..={hi_text} does not lie inside `{name}`"),
                )
                .at(range, format!("`{name}` holds {}..={}", shown(&int.lo), shown(&int.hi)))
                .replace(
                    "use a range inside the type, or a wider type",
                    range,
                    format!("{}..={}", shown(fit_lo), shown(fit_hi)),
                ),
            );
            return Ty::Never;
        }
        let raw = Ty::Int(Rc::new(IntTy { lo: lo_value, hi: hi_value, ..(*int).clone() }));
        fixed.map_or(raw.clone(), |(fraction, _)| self.types.fixed(fraction, &raw))
    }

    fn path_ty(&mut self, path: &'a ast::Path, scope: ScopeId, env: &EnvRef) -> Ty {
        let (inside, segments) = self.enter_modules(scope, &path.segments);
        match segments {
            [segment] if inside == scope => self.segment_ty(segment, scope, env),
            [segment] => match self.public_in(inside, &segment.name) {
                Some(def) => self.def_ty(def, &segment.name, segment.args.as_ref(), scope, env),
                None => Ty::Never,
            },
            _ => {
                let error = Diagnostic::error(Code::UnknownName, format!("there is no type `{path}`"))
                    .at(path.span, "not declared");
                self.report(error.help("bring its module in: `use std::MODULE;` or `use self::FILE;`"));
                Ty::Never
            }
        }
    }

    /// The type that one name with its arguments says.
    pub(super) fn segment_ty(&mut self, segment: &'a ast::PathSegment, scope: ScopeId, env: &EnvRef) -> Ty {
        let (name, args) = (&segment.name, segment.args.as_ref());
        if &*name.name == "Self" {
            return self.self_ty(name, env);
        }
        if let Some(arg) = env.get(&name.name) {
            return match arg.clone() {
                Arg::Ty(ty) => self.without_args(ty, name, args),
                Arg::Int(_) => self.wrong_kind(name, "a size, not a type", None),
            };
        }
        if let Some(def) = self.lookup(scope, &name.name) {
            return self.def_ty(def, name, args, scope, env);
        }
        self.builtin_ty(name, args, scope, env)
    }

    /// What another file declares as `name`; reported if it is nothing, or private.
    pub(super) fn public_in(&mut self, scope: ScopeId, name: &ast::Ident) -> Option<DefId> {
        let own = |def: &DefId| self.def(*def).scope == scope;
        let found = self.scopes[scope.0 as usize].names.get(&name.name).copied().filter(own);
        if let Some(def) = found
            && self.public_defs.contains(&def)
        {
            return Some(def);
        }
        if let Some(def) = found {
            self.private_def(name, def);
            return None;
        }
        let error = Diagnostic::error(Code::UnknownName, format!("the module declares no `{name}`"))
            .at(name.span, "not declared there");
        let names: Vec<String> = self.scopes[scope.0 as usize]
            .names
            .iter()
            .filter(|(_, def)| self.public_defs.contains(def) && own(def))
            .map(|(name, _)| name.to_string())
            .collect();
        let error = match similar(&name.name, names.iter().map(|name| &**name)) {
            Some(known) => error.replace(format!("did you mean `{known}`?"), name.span, known),
            None => error.help(format!("it declares: {}", names.join(", "))),
        };
        self.report(error);
        None
    }

    fn self_ty(&mut self, name: &ast::Ident, env: &EnvRef) -> Ty {
        if let Some(ty) = &env.self_ty {
            return ty.clone();
        }
        self.report(
            Diagnostic::error(Code::UnknownName, "`Self` means something only inside an `impl`")
                .at(name.span, "no `impl` around it")
                .help("name the type itself"),
        );
        Ty::Never
    }

    fn builtin_ty(
        &mut self,
        name: &'a ast::Ident,
        args: Option<&'a ast::GenericArgs>,
        scope: ScopeId,
        env: &EnvRef,
    ) -> Ty {
        match &*name.name {
            "bool" => return self.without_args(Ty::Bool, name, args),
            "int" => return self.without_args(Ty::Exact, name, args),
            "Option" => {
                let Some(arg) = self.one_arg(name, args, "Option<T>") else { return Ty::Never };
                let ty = self.type_arg(arg, scope, env);
                return self.types.option(&ty);
            }
            "bytes" | "str" => {
                let form = format!("{name}<N>");
                let Some(arg) = self.one_arg(name, args, &form) else { return Ty::Never };
                let Some(n) = self.size_arg(arg, scope, env).and_then(|n| self.length(&n, name.span)) else {
                    return Ty::Never;
                };
                let ty = if &*name.name == "str" { self.types.text(n) } else { Ty::Array(Rc::new(unsigned(8)), n) };
                return self.sized(ty, name.span);
            }
            "fixed" => return self.fixed_ty(name, args, scope, env),
            _ => {}
        }
        match int_type_name(&name.name) {
            Some((signed, Some(width))) => self.without_args(Ty::Int(Rc::new(declared(signed, width))), name, args),
            Some((_, None)) => {
                self.report(
                    Diagnostic::error(Code::BadIntegerWidth, format!("there is no type `{name}`"))
                        .at(name.span, format!("integers are 1 to {WIDTH_MAX} bits wide"))
                        .help("use a width from 1 to 4096, as in `u64`"),
                );
                Ty::Never
            }
            None => self.unknown_type(name, scope, env),
        }
    }

    fn fixed_ty(
        &mut self,
        name: &'a ast::Ident,
        args: Option<&'a ast::GenericArgs>,
        scope: ScopeId,
        env: &EnvRef,
    ) -> Ty {
        let found = args.map_or(&[][..], |args| &args.args[..]);
        let [whole, fraction] = found else {
            let span = args.map_or(name.span, |args| args.span);
            self.report(generic_count("fixed", 2, found.len(), span, None, "fixed<I, F>"));
            return Ty::Never;
        };
        let (Some(whole), Some(fraction)) = (self.size_arg(whole, scope, env), self.size_arg(fraction, scope, env))
        else {
            return Ty::Never;
        };
        let width = &whole + &fraction;
        let narrow = |n: &BigInt| u32::try_from(n).ok();
        match (narrow(&whole), narrow(&fraction), narrow(&width)) {
            (Some(_), Some(fraction), Some(width @ 1..=WIDTH_MAX)) => {
                self.types.fixed(fraction, &Ty::Int(Rc::new(declared(true, width))))
            }
            _ => {
                self.report(
                    Diagnostic::error(Code::BadIntegerWidth, format!("there is no type `fixed<{whole}, {fraction}>`"))
                        .at(name.span, format!("has 1 to {WIDTH_MAX} bits in all, sign included"))
                        .help("use sizes such as `fixed<16, 16>`"),
                );
                Ty::Never
            }
        }
    }

    /// A generic argument that is a size.
    fn size_arg(&mut self, arg: &'a ast::GenericArg, scope: ScopeId, env: &EnvRef) -> Option<BigInt> {
        match arg {
            ast::GenericArg::Expr(expr) => self.const_int(expr, scope, env),
            ast::GenericArg::Type(ty) => self.size_name(ty, scope, env),
        }
    }

    fn unknown_type(&mut self, name: &ast::Ident, scope: ScopeId, env: &EnvRef) -> Ty {
        if self.should_be_imported(scope, &name.name) {
            return Ty::Never;
        }
        let error = Diagnostic::error(Code::UnknownName, format!("there is no type called `{name}`"))
            .at(name.span, "not declared");
        if let Some(error) = self.in_library_module(name, &error) {
            self.report(error);
            return Ty::Never;
        }
        let visible = self.visible(scope);
        let types = visible.iter().filter(|name| {
            let def = self.lookup(scope, name).map(|def| self.def(def).kind);
            matches!(def, Some(DefKind::Struct(_) | DefKind::Enum(_) | DefKind::Alias(_)))
        });
        let known =
            types.map(|name| &**name).chain(TYPE_NAMES.iter().copied()).chain(env.args.iter().map(|(name, _)| &**name));
        let error = match similar(&name.name, known) {
            Some(known) => error.replace(format!("did you mean `{known}`?"), name.span, known),
            None => error.help(format!("declare it, for example `struct {name} {{ … }}` or `type {name} = u32;`")),
        };
        self.report(error);
        Ty::Never
    }

    /// Whether it is a `type` without parameters.
    pub(super) fn is_plain_alias(&self, def: DefId) -> bool {
        matches!(self.def(def).kind, DefKind::Alias(ast) if ast.generics.params.is_empty())
    }

    pub(super) fn def_ty(
        &mut self,
        def: DefId,
        name: &'a ast::Ident,
        args: Option<&'a ast::GenericArgs>,
        scope: ScopeId,
        env: &EnvRef,
    ) -> Ty {
        let declared = self.def(def).clone();
        match declared.kind {
            DefKind::Struct(_) | DefKind::Enum(_) | DefKind::Alias(_) => {
                let Some(args) = self.generic_args(&declared, name, args, scope, env) else { return Ty::Never };
                self.instance_ty(def, args, name.span)
            }
            _ => self.wrong_kind(name, &format!("{}, not a type", declared.what()), Some(declared.name.span)),
        }
    }

    /// Reports that `name` is something else than a type.
    fn wrong_kind(&mut self, name: &ast::Ident, what: &str, declared: Option<Span>) -> Ty {
        let mut error =
            Diagnostic::error(Code::WrongKind, format!("`{name}` is {what}")).at(name.span, "a type is expected here");
        if let Some(span) = declared {
            error = error.because(span, "declared here");
        }
        self.report(error.help("use the name of a type"));
        Ty::Never
    }

    fn without_args(&mut self, ty: Ty, name: &ast::Ident, args: Option<&ast::GenericArgs>) -> Ty {
        if let Some(args) = args {
            self.report(
                Diagnostic::error(Code::GenericArguments, format!("`{name}` takes no arguments"))
                    .at(args.span, "not expected here")
                    .replace("remove them", args.span, ""),
            );
        }
        ty
    }

    fn one_arg<'s>(
        &mut self,
        name: &ast::Ident,
        args: Option<&'s ast::GenericArgs>,
        form: &str,
    ) -> Option<&'s ast::GenericArg> {
        let found = args.map_or(&[][..], |args| &args.args[..]);
        if let [arg] = found {
            return Some(arg);
        }
        self.report(generic_count(&name.name, 1, found.len(), args.map_or(name.span, |args| args.span), None, form));
        None
    }

    /// The arguments for a generic declaration in a type; nothing if they are wrong.
    fn generic_args(
        &mut self,
        def: &Def<'a>,
        name: &ast::Ident,
        args: Option<&'a ast::GenericArgs>,
        scope: ScopeId,
        env: &EnvRef,
    ) -> Option<Rc<[Arg]>> {
        let generics = def.generics()?;
        let found = args.map_or(&[][..], |args| &args.args[..]);
        if found.len() != generics.params.len() {
            let span = args.map_or(name.span, |args| args.span);
            let form = form(def.name, generics);
            self.report(generic_count(
                &name.name,
                generics.params.len(),
                found.len(),
                span,
                Some(def.name.span),
                &form,
            ));
            return None;
        }
        let args: Option<Vec<Arg>> =
            generics.params.iter().zip(found).map(|(param, arg)| self.generic_arg(param, arg, scope, env)).collect();
        args.map(Rc::from)
    }

    /// One argument for one generic parameter.
    pub(super) fn generic_arg(
        &mut self,
        param: &'a ast::GenericParam,
        arg: &'a ast::GenericArg,
        scope: ScopeId,
        env: &EnvRef,
    ) -> Option<Arg> {
        if param.is_size() {
            return self.size_arg(arg, scope, env).map(Arg::Int);
        }
        let open =
            self.holes.is_some() && matches!(arg, ast::GenericArg::Type(ast::Type { kind: TypeKind::Infer, .. }));
        let ty = self.type_arg(arg, scope, env);
        if ty == Ty::Never && !open {
            return None;
        }
        self.bounds(param, &ty, arg_span(arg)).then_some(Arg::Ty(ty))
    }

    fn type_arg(&mut self, arg: &'a ast::GenericArg, scope: ScopeId, env: &EnvRef) -> Ty {
        match arg {
            ast::GenericArg::Type(ty) => self.ty(ty, scope, env),
            ast::GenericArg::Expr(expr) => {
                self.report(
                    Diagnostic::error(Code::GenericArguments, "a number where a type is expected")
                        .at(expr.span, "not a type")
                        .help("write a type here"),
                );
                Ty::Never
            }
        }
    }

    /// A size that the parser took for a type, since it is a lone name.
    fn size_name(&mut self, ty: &'a ast::Type, scope: ScopeId, env: &EnvRef) -> Option<BigInt> {
        if let TypeKind::Path(path) = &ty.kind {
            return self.const_path(path, scope, env);
        }
        if matches!(ty.kind, TypeKind::Infer) {
            return self.hole_size(ty.span);
        }
        if !matches!(ty.kind, TypeKind::Error) {
            self.report(
                Diagnostic::error(Code::GenericArguments, "a type where a size is expected")
                    .at(ty.span, "not a number")
                    .help("write a number or the name of a constant"),
            );
        }
        None
    }

    /// Whether `ty` has what the bounds of `param` ask for; reported if not.
    pub(super) fn bounds(&mut self, param: &'a ast::GenericParam, ty: &Ty, span: Span) -> bool {
        let number = matches!(ty, Ty::Int(_) | Ty::Exact | Ty::Never) || self.types.fixed_of(ty).is_some();
        let holds = |bound: &&ast::Path| match bound.as_ident().map(|name| &*name.name) {
            Some("Num") => number,
            Some("Ord") => self.types.is_ordered(ty),
            Some("Eq") => self.types.lacks(ty, Bound::Eq).is_none(),
            _ => true,
        };
        let Some(bound) = param.bounds.iter().find(|bound| !holds(bound)) else { return true };
        let needed = bound.to_string();
        let wanted = match &*needed {
            "Num" => Bound::Num,
            "Ord" => Bound::Ord,
            _ => Bound::Eq,
        };
        if let Some((name, declared, _)) =
            self.types.lacks(ty, wanted).filter(|_| wanted < Bound::Num || self.types.bound_of(ty).is_some())
        {
            self.lacks_bound(&name, declared, &needed, span, &format!("`{}` must be `{needed}`", param.name));
            return false;
        }
        let found = self.types.name(ty);
        let help = match (bound.as_ident().map(|name| &*name.name), ty) {
            (Some("Ord"), _) => {
                "it has no order: use one of its parts or several, as in `sort_by_key(|x| (x.first, x.second))`, or say which comes first, as in `sort_by(|a, b| …)`"
            }
            (_, ty) if self.types.is_declared_enum(ty) => {
                "an enum's variants have numbers, 0 for the first: give those, as in `xs.map(|x| x.index())`"
            }
            (_, Ty::Enum(_)) => "say what stands for it where there is no value, as in `xs.map(|x| x.unwrap_or(0))`",
            _ => "use a number: an integer, or in many places a `fixed` one",
        };
        self.report(
            Diagnostic::error(Code::BoundNotMet, format!("`{found}` is not `{bound}`, which `{}` must be", param.name))
                .at(span, format!("`{}` is `{found}` here", param.name))
                .because(param.span, "required here")
                .help(help),
        );
        false
    }

    /// Reports that a function does with a generic type what its bounds do not promise.
    pub(super) fn lacks_bound(&mut self, name: &str, declared: Span, needed: &str, at: Span, why: &str) {
        let text = if declared.end - declared.start > name.len() as u32 { " + " } else { ": " };
        self.report(
            Diagnostic::error(Code::BoundNotMet, format!("`{name}` is not known to be `{needed}` here: {why}"))
                .at(at, format!("needs `{name}: {needed}`"))
                .because(declared, "may be any type that its bounds allow")
                .replace("ask for it", declared.at_end(), format!("{text}{needed}")),
        );
    }

    /// Reports bounds that do not exist.
    pub(super) fn known_bounds(&mut self, generics: &'a ast::Generics) {
        for bound in generics.params.iter().flat_map(|param| &param.bounds) {
            let known = bound.as_ident().is_some_and(|name| ["Ord", "Eq", "Num", "int"].contains(&&*name.name));
            let alone = |name: &ast::Ident| {
                &*name.name != "int"
                    || generics.params.iter().any(|param| param.is_size() && param.span.contains(name.span))
            };
            if !known || !bound.as_ident().is_some_and(alone) {
                self.report(
                    Diagnostic::error(Code::UnknownName, format!("there is no bound called `{bound}`"))
                        .at(bound.span, "not a bound")
                        .help("a type parameter may be `Ord`, `Eq` or `Num`; a size is `N: int`"),
                );
            }
        }
    }

    /// A struct, enum or alias with arguments.
    pub(super) fn instance_ty(&mut self, def: DefId, args: Rc<[Arg]>, span: Span) -> Ty {
        let key = (def, args.clone());
        match self.type_instances.get(&key) {
            Some(Some(ty)) => return ty.clone(),
            Some(None) => return self.recursive_type(def, span),
            None => {}
        }
        if self.type_instances.len() >= EXPANSIONS_MAX || self.open_types.len() >= 200 {
            self.too_many_expansions(span);
            return Ty::Never;
        }
        self.type_instances.insert(key.clone(), None);
        self.open_types.push(def);
        let ty = self.with_holes(None, |checker| checker.expand_ty(def, &args, span));
        self.open_types.pop();
        self.type_instances.insert(key, Some(ty.clone()));
        ty
    }

    fn recursive_type(&mut self, def: DefId, span: Span) -> Ty {
        let start = self.open_types.iter().position(|open| *open == def).unwrap_or_default();
        let names: Vec<String> = self.open_types[start..].iter().map(|def| self.def(*def).name.to_string()).collect();
        let declared = self.def(def).name.clone();
        self.report(
            Diagnostic::error(
                Code::RecursiveType,
                format!("the type `{declared}` contains itself: {} → {declared}", names.join(" → ")),
            )
            .at(span, format!("here `{declared}` is needed to know the size of `{declared}`"))
            .because(declared.span, "declared here")
            .help("use an array with indices into it where you would use a pointer"),
        );
        Ty::Never
    }

    fn expand_ty(&mut self, def: DefId, args: &Rc<[Arg]>, span: Span) -> Ty {
        let declared = self.def(def).clone();
        let env = self.env(declared.generics(), args, None);
        let scope = declared.scope;
        let name = self.instance_name(&declared.name.name, args);
        let ty = match declared.kind {
            DefKind::Struct(ast) => {
                let fields = self.fields(&ast.fields, scope, &env);
                self.types.add_struct(Origin::Def(def), args.clone(), Struct { name, fields, fraction: None })
            }
            DefKind::Enum(ast) => {
                let variants = self.variants(def, ast, &name, args, scope, &env);
                self.types.add_enum(Origin::Def(def), args.clone(), Enum { name, variants })
            }
            DefKind::Alias(ast) => self.ty(&ast.ty, scope, &env),
            _ => Ty::Never,
        };
        self.sized(ty, span)
    }

    fn variants(
        &mut self,
        def: DefId,
        ast: &'a ast::Enum,
        name: &str,
        args: &Rc<[Arg]>,
        scope: ScopeId,
        env: &EnvRef,
    ) -> Vec<(String, Ty)> {
        let mut variants: Vec<(String, Ty)> = Vec::new();
        for (tag, variant) in ast.variants.iter().enumerate() {
            if let Some(first) = ast.variants[..tag].iter().find(|other| other.name == variant.name) {
                self.report(super::items::duplicate(&variant.name, first.name.span));
            }
            let payload = match &variant.fields {
                ast::Fields::Unit => unit(),
                ast::Fields::Tuple(types) => Ty::Tuple(types.iter().map(|ty| self.ty(ty, scope, env)).collect()),
                ast::Fields::Named(_) => {
                    let fields = self.fields(&variant.fields, scope, env);
                    let name = format!("{name}::{}", variant.name);
                    self.types.add_struct(
                        Origin::Variant(def, tag as u32),
                        args.clone(),
                        Struct { name, fields, fraction: None },
                    )
                }
            };
            variants.push((variant.name.to_string(), payload));
        }
        variants
    }

    fn fields(&mut self, fields: &'a ast::Fields, scope: ScopeId, env: &EnvRef) -> Vec<(String, Ty)> {
        match fields {
            ast::Fields::Unit => Vec::new(),
            ast::Fields::Tuple(types) => {
                types.iter().enumerate().map(|(i, ty)| (i.to_string(), self.ty(ty, scope, env))).collect()
            }
            ast::Fields::Named(fields) => {
                for (i, field) in fields.iter().enumerate() {
                    if let Some(first) = fields[..i].iter().find(|other| other.name == field.name) {
                        self.report(super::items::duplicate(&field.name, first.name.span));
                    }
                }
                fields.iter().map(|field| (field.name.to_string(), self.ty(&field.ty, scope, env))).collect()
            }
        }
    }

    /// `Pair<u8, 3>`.
    pub(super) fn instance_name(&self, name: &str, args: &[Arg]) -> String {
        if args.is_empty() {
            return name.to_owned();
        }
        let mut args: Vec<String> = args.iter().map(|arg| self.arg_name(arg)).collect();
        if args.iter().map(String::len).sum::<usize>() > 300 {
            args = vec!["…".to_owned()];
        }
        format!("{name}<{}>", args.join(", "))
    }

    pub(super) fn arg_name(&self, arg: &Arg) -> String {
        match arg {
            Arg::Ty(ty) => self.types.name(ty),
            Arg::Int(n) => n.to_string(),
        }
    }

    /// The meaning of generic parameters.
    pub(super) fn env(&self, generics: Option<&ast::Generics>, args: &[Arg], self_ty: Option<Ty>) -> EnvRef {
        let params = generics.map_or(&[][..], |generics| &generics.params[..]);
        let args = params.iter().zip(args).map(|(param, arg)| (param.name.name.clone(), arg.clone())).collect();
        Rc::new(Env { args, self_ty })
    }
}

/// `Pair<T, N>`.
fn form(name: &ast::Ident, generics: &ast::Generics) -> String {
    if generics.params.is_empty() {
        return name.to_string();
    }
    let params: Vec<&str> = generics.params.iter().map(|param| &*param.name.name).collect();
    format!("{name}<{}>", params.join(", "))
}

fn generic_count(
    name: &str,
    wanted: usize,
    found: usize,
    span: Span,
    declared: Option<Span>,
    form: &str,
) -> Diagnostic {
    let wanted = super::call::counted(wanted, "generic argument");
    let mut error = Diagnostic::error(Code::GenericArguments, format!("`{name}` takes {wanted}, not {found}"))
        .at(span, if found == 0 { "none given".to_owned() } else { format!("{found} given") });
    if let Some(declared) = declared {
        error = error.because(declared, "declared here");
    }
    error.help(format!("write `{form}`"))
}

fn arg_span(arg: &ast::GenericArg) -> Span {
    match arg {
        ast::GenericArg::Type(ty) => ty.span,
        ast::GenericArg::Expr(expr) => expr.span,
    }
}
