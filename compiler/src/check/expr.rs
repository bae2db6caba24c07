//! Expressions: what each is worth and of which type.

use std::rc::Rc;

use num_bigint::BigInt;

use super::body::{Body, Why, unit_value};
use super::items::{DefId, DefKind, ScopeId, similar};
use super::types::{Arg, Origin, int_type_name, is_int, unit, unsigned};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Expr, ExprKind, Stmt, Ty, UnaryOp};
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind as Ast, Literal};

/// Scalars in a constant that is written out wherever it is used.
const SMALL_CONSTANT: u64 = 16;

/// What a path names, other than a variable.
#[derive(Clone, Debug)]
pub(super) enum Named {
    /// A constant, and the generic arguments of the `impl` that it stands in.
    Const(DefId, Rc<[Arg]>),
    Variant(Origin, u32),
    Struct(DefId),
    /// A function, and the type before `::` for one of an `impl`.
    Function(DefId, Option<Ty>),
    /// `u8::MAX` and the like.
    Int(BigInt),
}

impl<'a> Body<'_, 'a> {
    /// The value of an expression. `want` is the type that it will be fitted to, if there is one: literals of arrays, structs
    /// and variants, and functions such as `wrap`, take their type from it.
    pub(super) fn expr(&mut self, ast: &'a ast::Expr, want: Option<&Ty>) -> Expr {
        let want = want.filter(|ty| **ty != Ty::Never);
        self.checker.n_exprs += 1;
        if self.checker.n_exprs > super::EXPRS_MAX {
            self.checker.too_many_exprs(ast.span);
            return self.error(ast.span);
        }
        let value = self.deeper(ast.span, |body| body.expr_inner(ast, want));
        let leaves = matches!(
            value.kind,
            ExprKind::Return(_)
                | ExprKind::Scope(_)
                | ExprKind::Break
                | ExprKind::Continue
                | ExprKind::If(..)
                | ExprKind::Match(..)
                | ExprKind::Block(..)
        );
        if value.ty == Ty::Never && !leaves {
            // Something that was reported elsewhere.
            self.checker.failures += 1;
        }
        value
    }

    fn expr_inner(&mut self, ast: &'a ast::Expr, want: Option<&Ty>) -> Expr {
        let span = ast.span;
        match &ast.kind {
            Ast::Literal(literal) => self.literal(literal, want, span),
            Ast::Path(path) => self.path(path, want),
            Ast::Struct { path, fields, base } => self.struct_literal(path, fields, base.as_deref(), want, span),
            Ast::Record(fields) => self.record(fields, want, span),
            Ast::Tuple(items) => self.tuple(items, want, span),
            Ast::Array(items) => self.array(items, want, span),
            Ast::Repeat { value, len } => self.repeat(value, len, want, span),
            Ast::Paren(inner) => self.expr(inner, want),
            Ast::Block(block) => self.block(block, want),
            Ast::If(ast) => self.if_(ast, want, span),
            Ast::Match { scrutinee, arms } => self.match_(scrutinee, arms, want, span),
            Ast::For { pattern, iterable, body } => self.for_(pattern, iterable, body, span),
            Ast::Break => self.leave_loop(ExprKind::Break, "break", span),
            Ast::Continue => self.leave_loop(ExprKind::Continue, "continue", span),
            Ast::Return(value) => self.return_(value.as_deref(), span),
            Ast::Assign { place, value } => self.assign(place, value, span),
            Ast::CompoundAssign { place, op, op_span, value } => {
                self.compound_assign(place, *op, *op_span, value, span)
            }
            Ast::Unary { op, op_span, operand } => self.unary(*op, *op_span, operand, want, span),
            Ast::Binary { first, steps } => self.binary_chain(first, steps, want, span),
            Ast::Range { .. } => self.misplaced_range(span),
            Ast::Index { base, index } => self.index(base, index, span),
            Ast::Field { base, name } => self.field(base, name, span),
            Ast::TupleField { base, index, index_span } => self.tuple_field(base, *index, *index_span, span),
            Ast::MethodCall { receiver, method, generic_args, args } => {
                self.method_call(receiver, method, generic_args.as_ref(), args, want, span)
            }
            Ast::Call { function, args } => self.call(function, args, want, span),
            Ast::Closure { .. } => self.misplaced_closure(span),
            Ast::Error => self.error(span),
        }
    }

    fn literal(&mut self, literal: &Literal, want: Option<&Ty>, span: Span) -> Expr {
        match literal {
            Literal::Int(n) => int(n.clone(), span),
            Literal::Bool(bit) => Expr { kind: ExprKind::Bool(*bit), ty: Ty::Bool, span },
            Literal::Byte(byte) => Expr { ty: unsigned(8), ..int(BigInt::from(*byte), span) },
            Literal::ByteStr(bytes) => byte_array(bytes, bytes.len() as u64, span),
            Literal::Decimal { digits, scale } => self.decimal(digits, *scale, want, span),
            Literal::Str(text) => self.text(text, want, span),
        }
    }

    /// A text as a value of the expected `str<N>`, filled up with zeros; without one, of its own length.
    fn text(&mut self, text: &str, want: Option<&Ty>, span: Span) -> Expr {
        let n_bytes = text.len() as u64;
        let n = want.and_then(|ty| self.checker.types.text_len(ty)).unwrap_or(n_bytes);
        if n_bytes > n {
            let error =
                Diagnostic::error(Code::BadLength, format!("this text has {n_bytes} bytes, but `str<{n}>` holds {n}"));
            return self
                .fail(span, error.at(span, format!("{n_bytes} bytes")).help("use a shorter text, or a longer type"));
        }
        let ty = self.checker.types.text(n);
        Expr { kind: ExprKind::Aggregate(vec![byte_array(text.as_bytes(), n, span)]), ty, span }
    }

    fn tuple(&mut self, items: &'a [ast::Expr], want: Option<&Ty>, span: Span) -> Expr {
        let wanted = match want {
            Some(Ty::Tuple(tys)) if tys.len() == items.len() => Some(tys.clone()),
            _ => None,
        };
        let mut checked = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            checked.push(match &wanted {
                Some(tys) => self.value(item, &tys[i], &Why::plain()),
                None => self.expr(item, None),
            });
        }
        let ty = wanted.map_or_else(|| Ty::Tuple(checked.iter().map(|item| item.ty.clone()).collect()), Ty::Tuple);
        self.aggregate(checked, ty, span)
    }

    /// A value made of parts; no value if a part has none.
    pub(super) fn aggregate(&mut self, items: Vec<Expr>, ty: Ty, span: Span) -> Expr {
        if ty == Ty::Never || items.iter().any(|item| item.ty == Ty::Never) {
            return self.no_value(items, span);
        }
        let ty = self.checker.sized(ty, span);
        Expr { kind: ExprKind::Aggregate(items), ty, span }
    }

    /// What an expression is worth whose operand has no value: nothing. Reported unless an error explains it.
    pub(super) fn no_value(&mut self, operands: Vec<Expr>, span: Span) -> Expr {
        if self.failed() {
            return self.error(span);
        }
        let at = operands.iter().find(|operand| operand.ty == Ty::Never).map_or(span, |operand| operand.span);
        let error = Diagnostic::error(Code::NoValue, "a value is needed here, but this never gives one")
            .at(at, "leaves instead");
        self.fail(span, error.help("leave in a statement of its own"))
    }

    fn array(&mut self, items: &'a [ast::Expr], want: Option<&Ty>, span: Span) -> Expr {
        let element = match want {
            Some(Ty::Array(element, _)) => Some((**element).clone()),
            _ => None,
        };
        let mut checked = Vec::with_capacity(items.len());
        let mut joined = element.clone().unwrap_or(Ty::Never);
        for item in items {
            let value = match &element {
                Some(ty) => self.value(item, ty, &Why::plain()),
                None => self.expr(item, None),
            };
            joined = self.join_element(joined, &value, element.is_some(), checked.first());
            checked.push(value);
        }
        if element.is_none() {
            checked = checked.into_iter().map(|item| self.fit(item, &joined, &Why::plain())).collect();
        }
        let ty = Ty::Array(Rc::new(joined), checked.len() as u64);
        self.aggregate(checked, ty, span)
    }

    fn join_element(&mut self, joined: Ty, value: &Expr, fixed: bool, first: Option<&Expr>) -> Ty {
        if fixed {
            return joined;
        }
        if let Some(ty) = self.join(&joined, &value.ty) {
            return ty;
        }
        let (found, wanted) = (self.type_name(&value.ty), self.type_name(&joined));
        let mut error = Diagnostic::error(
            Code::TypeMismatch,
            format!("the elements of an array have one type: expected `{wanted}`, found `{found}`"),
        )
        .at(value.span, format!("this is `{found}`"));
        if let Some(first) = first {
            error = error.because(first.span, format!("this is `{wanted}`"));
        }
        self.report(error.help("make all elements of one type, or use a tuple"));
        joined
    }

    fn repeat(&mut self, value: &'a ast::Expr, len: &'a ast::Expr, want: Option<&Ty>, span: Span) -> Expr {
        let element = match want {
            Some(Ty::Array(element, _)) => Some((**element).clone()),
            _ => None,
        };
        let value = match &element {
            Some(ty) => self.value(value, ty, &Why::plain()),
            None => self.expr(value, None),
        };
        let Some(n) = self.repeat_len(len, want) else { return self.error(span) };
        if value.ty == Ty::Never {
            return self.no_value(vec![value], span);
        }
        let element = element.unwrap_or_else(|| value.ty.clone());
        let ty = self.checker.sized(Ty::Array(Rc::new(element), n), span);
        Expr { kind: ExprKind::Repeat(Box::new(value)), ty, span }
    }

    /// The value that a path names.
    pub(super) fn path_value(&mut self, path: &'a ast::Path) -> Expr {
        self.path(path, None)
    }

    fn path(&mut self, path: &'a ast::Path, want: Option<&Ty>) -> Expr {
        let span = path.span;
        if let Some(name) = path.as_ident() {
            if let Some(local) = self.find(&name.name) {
                if self.fn_args.contains_key(&local) {
                    return self.misplaced_closure(span);
                }
                return self.read(local, span);
            }
            match self.env.get(&name.name) {
                Some(Arg::Int(n)) => return int(n.clone(), span),
                Some(Arg::Ty(_)) => return self.not_a_value(span, &format!("`{name}` is a type")),
                None => {}
            }
        }
        match self.named(path, want) {
            Some(Named::Const(def, args)) => self.constant(def, args, span),
            Some(Named::Int(n)) => int(n, span),
            Some(named @ (Named::Variant(..) | Named::Struct(_))) => {
                let said = self.said_type(path, &named);
                self.construct_unit(&named, said.as_ref().or(want), span)
            }
            Some(Named::Function(..)) => {
                let error = Diagnostic::error(Code::WrongKind, format!("`{path}` is a function, not a value"))
                    .at(span, "not called");
                self.fail(span, error.replace("call it", span.at_end(), "()"))
            }
            None => self.error(span),
        }
    }

    /// The type that the path of a struct or variant says in full: with arguments, by `Self`, or by an alias.
    pub(super) fn said_type(&mut self, path: &'a ast::Path, named: &Named) -> Option<Ty> {
        let (inside, segments) = self.checker.enter_modules(self.scope, &path.segments);
        let owner = match (named, segments) {
            (Named::Struct(_), [own]) | (Named::Variant(..), [own, _]) => own,
            _ => return None,
        };
        let env = self.env.clone();
        let said = match self.checker.lookup(inside, &owner.name.name) {
            _ if &*owner.name.name == "Self" => env.self_ty.clone()?,
            None if owner.args.is_some() => self.open_segment(owner),
            Some(_) if owner.args.is_some() && inside == self.scope => self.open_segment(owner),
            Some(def) if owner.args.is_some() || self.checker.is_plain_alias(def) => {
                self.checker.def_ty(def, &owner.name, owner.args.as_ref(), self.scope, &env)
            }
            _ => return None,
        };
        Some(said).filter(|ty| *ty != Ty::Never)
    }

    pub(super) fn not_a_value(&mut self, span: Span, what: &str) -> Expr {
        let error =
            Diagnostic::error(Code::WrongKind, format!("{what}, but a value is expected here")).at(span, "not a value");
        self.fail(span, error.help("use a variable, a constant or a call"))
    }

    /// The value of a constant. A large one is kept in a variable from the beginning of the body on.
    pub(super) fn constant(&mut self, def: DefId, args: Rc<[Arg]>, span: Span) -> Expr {
        let key = (def, args);
        if let Some(local) = self.constants.get(&key) {
            return self.read(*local, span);
        }
        let Some((value, ty)) = self.checker.const_value(def, &key.1, span) else { return self.error(span) };
        let n_scalars = self.checker.types.size(&ty).scalars;
        if n_scalars <= SMALL_CONSTANT {
            return super::consts::to_expr(&self.checker.types, &value, &ty, span);
        }
        self.checker.n_exprs += n_scalars / 8;
        if self.checker.n_exprs > super::EXPRS_MAX {
            self.checker.too_many_exprs(span);
            return self.error(span);
        }
        let declared = self.checker.def(def).name;
        let value = super::consts::to_expr(&self.checker.types, &value, &ty, declared.span);
        let local = self.local(&declared.name, ty, false, declared.span);
        self.prologue.push(Stmt::Let(local, value));
        self.constants.insert(key, local);
        self.read(local, span)
    }

    /// What `path` names; reported if nothing.
    pub(super) fn named(&mut self, path: &'a ast::Path, want: Option<&Ty>) -> Option<Named> {
        let (inside, segments) = self.checker.enter_modules(self.scope, &path.segments);
        if inside != self.scope {
            return self.named_inside(inside, segments, want);
        }
        match segments {
            [name] => self.named_alone(&name.name),
            [owner, name] => self.named_in(owner, &name.name, want),
            _ => {
                let error = Diagnostic::error(Code::UnknownName, format!("nothing is called `{path}`"))
                    .at(path.span, "not declared");
                self.report(error.help("bring its module in: `use std::MODULE;` or `use self::FILE;`"));
                None
            }
        }
    }

    /// What the rest of a path names inside a module.
    fn named_inside(&mut self, inside: ScopeId, segments: &'a [ast::PathSegment], want: Option<&Ty>) -> Option<Named> {
        let first = &segments.first()?.name;
        let def = self.checker.public_in(inside, first)?;
        match segments {
            [_] => self.named_def(def, first),
            [owner, name] => {
                let outer = std::mem::replace(&mut self.scope, inside);
                let named = self.named_in(owner, &name.name, want);
                self.scope = outer;
                named
            }
            _ => {
                let last = &segments.last()?.name;
                let error = Diagnostic::error(Code::UnknownName, format!("nothing is called `{last}` there"))
                    .at(last.span, "not declared");
                self.report(
                    error.help("a path names a module, something in it, and perhaps a variant or function of that"),
                );
                None
            }
        }
    }

    fn named_alone(&mut self, name: &'a ast::Ident) -> Option<Named> {
        if let Some(def) = self.checker.lookup(self.scope, &name.name) {
            return self.named_def(def, name);
        }
        match &*name.name {
            "None" => Some(Named::Variant(Origin::Option, 0)),
            "Some" => Some(Named::Variant(Origin::Option, 1)),
            "Self" => {
                let ty = self.env.self_ty.clone();
                match ty.as_ref().map(|ty| self.origin(ty)) {
                    Some(Some(Origin::Def(def))) => Some(Named::Struct(def)),
                    _ => self.unknown_value(name),
                }
            }
            _ => self.unknown_value(name),
        }
    }

    fn named_def(&mut self, def: DefId, name: &'a ast::Ident) -> Option<Named> {
        match self.checker.def(def).kind {
            DefKind::Const(_) => Some(Named::Const(def, Rc::default())),
            DefKind::Struct(_) => Some(Named::Struct(def)),
            DefKind::Function(..) => Some(Named::Function(def, None)),
            DefKind::Alias(ast) if !ast.generics.params.is_empty() => self.generic_alias(ast, name),
            DefKind::Alias(_) => match self.checker.instance_ty(def, Rc::new([]), name.span) {
                Ty::Struct(id) => match self.checker.types.struct_origin(id).0 {
                    Origin::Def(def) => Some(Named::Struct(def)),
                    _ => None,
                },
                ty => self.named_type(name, &ty),
            },
            DefKind::Party(_) | DefKind::Enum(_) | DefKind::Module(_) => {
                let (what, declared) = (self.checker.def(def).what(), self.checker.def(def).name.span);
                let error =
                    Diagnostic::error(Code::WrongKind, format!("`{name}` is {what}, but a value is expected here"));
                self.report(
                    error
                        .at(name.span, "not a value")
                        .because(declared, "declared here")
                        .help("use a variable, a constant or a call"),
                );
                None
            }
        }
    }

    fn named_type(&mut self, name: &ast::Ident, ty: &Ty) -> Option<Named> {
        if *ty != Ty::Never {
            self.not_a_value(name.span, &format!("`{name}` is a type"));
        }
        None
    }

    /// The struct that a generic alias stands for, whatever its arguments.
    fn generic_alias(&mut self, alias: &'a ast::TypeAlias, name: &ast::Ident) -> Option<Named> {
        let head = match &alias.ty.kind {
            ast::TypeKind::Path(path) => path.segments.last(),
            _ => None,
        };
        match head.and_then(|head| self.checker.lookup(self.scope, &head.name.name)) {
            Some(def) if matches!(self.checker.def(def).kind, DefKind::Struct(_)) => Some(Named::Struct(def)),
            _ => {
                self.not_a_value(name.span, &format!("`{name}` is a type"));
                None
            }
        }
    }

    fn unknown_value(&mut self, name: &ast::Ident) -> Option<Named> {
        if self.checker.should_be_imported(self.scope, &name.name) {
            return None;
        }
        if let Some(declared) = self.checker.outer_variable(&name.name) {
            let error = Diagnostic::error(
                Code::NotConstant,
                format!("`{name}` is a variable, but this must be known at build time"),
            );
            self.report(
                error
                    .at(name.span, "not a constant")
                    .because(declared, "declared here")
                    .help(format!("use a constant, or a generic size: `fn f<{}: int>(…)`", name.name.to_uppercase())),
            );
            return None;
        }
        let error = Diagnostic::error(Code::UnknownName, format!("nothing called `{name}` is declared here"))
            .at(name.span, "not declared");
        if let Some(owner) = self.checker.enum_with(self.scope, &name.name) {
            self.report(error.replace("say whose variant it is", name.span, format!("{owner}::{name}")));
            return None;
        }
        if let Some(own) = super::library::foreign_value(&name.name) {
            self.report(error.replace(format!("write `{own}`"), name.span, own));
            return None;
        }
        if let Some(error) = self.checker.in_library_module(name, &error) {
            self.report(error);
            return None;
        }
        let visible = self.checker.visible(self.scope);
        let known = self.names.iter().rev().map(|(name, _)| &**name).chain(visible.iter().map(|name| &**name));
        let known =
            known.chain(self.env.args.iter().map(|(name, _)| &**name)).chain(super::builtin::FUNCTIONS.iter().copied());
        let error = match similar(&name.name, known) {
            Some(known) => error.replace(format!("did you mean `{known}`?"), name.span, known),
            None => error.help(format!("declare it, for example with `let {name} = …;`")),
        };
        self.report(error);
        None
    }

    pub(super) fn origin(&self, ty: &Ty) -> Option<Origin> {
        match ty {
            Ty::Struct(id) => Some(self.checker.types.struct_origin(*id).0),
            Ty::Enum(id) => Some(self.checker.types.enum_origin(*id).0),
            _ => None,
        }
    }

    /// `owner::name`: a variant, something of an `impl`, or a bound of an integer type.
    fn named_in(&mut self, owner: &'a ast::PathSegment, name: &'a ast::Ident, want: Option<&Ty>) -> Option<Named> {
        let own = &owner.name;
        let generic = self.checker.lookup(self.scope, &own.name);
        let is_generic =
            |def: &DefId| self.checker.def(*def).generics().is_some_and(|generics| !generics.params.is_empty());
        if owner.args.is_none() && self.env.get(&own.name).is_none() {
            if &*own.name == "Option" && generic.is_none() {
                return self.member(Origin::Option, None, own, name);
            }
            if let Some(def) = generic.filter(is_generic) {
                let concrete = want.filter(|ty| self.origin(ty) == Some(Origin::Def(def))).cloned();
                return self.member(Origin::Def(def), concrete, own, name);
            }
        }
        let ty = self.owner_type(owner)?;
        if let Some(origin) = self.origin(&ty) {
            return self.member(origin, Some(ty), own, name);
        }
        self.int_member(&ty, own, name)
    }

    fn owner_type(&mut self, owner: &'a ast::PathSegment) -> Option<Ty> {
        let known = self.env.get(&owner.name.name).is_some()
            || self.checker.lookup(self.scope, &owner.name.name).is_some()
            || int_type_name(&owner.name.name).is_some()
            || super::resolve::TYPE_NAMES.contains(&&*owner.name.name)
            || &*owner.name.name == "Self";
        if !known {
            self.unknown_value(&owner.name);
            return None;
        }
        Some(self.open_segment(owner)).filter(|ty| *ty != Ty::Never)
    }

    fn int_member(&mut self, ty: &Ty, own: &ast::Ident, name: &ast::Ident) -> Option<Named> {
        if let Ty::Int(int) = ty {
            match &*name.name {
                "MIN" => return Some(Named::Int(int.lo.clone())),
                "MAX" => return Some(Named::Int(int.hi.clone())),
                "BITS" => return Some(Named::Int(BigInt::from(int.width))),
                _ => {}
            }
        }
        self.report(
            Diagnostic::error(Code::UnknownName, format!("`{own}` has no `{name}`"))
                .at(name.span, "not declared")
                .help("integer types have `MIN`, `MAX` and `BITS`; enums have their variants; structs what their `impl` declares"),
        );
        None
    }

    /// A variant, or something of an `impl`.
    fn member(&mut self, origin: Origin, ty: Option<Ty>, own: &ast::Ident, name: &ast::Ident) -> Option<Named> {
        let variants = self.checker.variant_names(origin);
        if let Some(tag) = variants.iter().position(|variant| *variant == name.name) {
            return Some(Named::Variant(origin, tag as u32));
        }
        let items = self.checker.impl_items(origin);
        if let Some(def) = items.iter().find(|(item, _)| **item == *name.name).map(|(_, def)| *def) {
            if !self.checker.may_use(def, name) {
                return None;
            }
            return match self.checker.def(def).kind {
                DefKind::Const(_) => self.const_member(def, ty.as_ref(), own, name),
                _ => Some(Named::Function(def, ty.filter(|ty| !self.is_open(ty)))),
            };
        }
        let error =
            Diagnostic::error(Code::UnknownVariant, format!("`{own}` has no `{name}`")).at(name.span, "not declared");
        let items = self.checker.visible_items(origin, name.span);
        let known = || variants.iter().map(|name| &**name).chain(items.iter().map(|(name, _)| &**name));
        let error = match similar(&name.name, known()) {
            Some(known) => error.replace(format!("did you mean `{known}`?"), name.span, known),
            None if known().next().is_none() => error.help("it has no variants and no functions"),
            None => error.help(format!("it has: {}", known().collect::<Vec<_>>().join(", "))),
        };
        self.report(error);
        None
    }

    /// A constant of an `impl`, for the generic arguments with which it is used.
    fn const_member(&mut self, def: DefId, ty: Option<&Ty>, own: &ast::Ident, name: &ast::Ident) -> Option<Named> {
        let mut bindings = self.checker.function_bindings(def, None);
        if let Some(ty) = ty {
            self.checker.bind_self(&mut bindings, def, ty);
        }
        match bindings.finish() {
            Ok(args) => Some(Named::Const(def, args)),
            Err(unknown) => {
                let message = format!("nothing says what `{unknown}` of `{own}` is here");
                let error = Diagnostic::error(Code::CannotInfer, message);
                let error = error.at(Span::to(own.span, name.span), format!("`{unknown}` is not known"));
                self.report(error.help(format!("say it: `{own}::<…>::{name}`")));
                None
            }
        }
    }

    fn index(&mut self, base: &'a ast::Expr, index: &'a ast::Expr, span: Span) -> Expr {
        let array = self.expr(base, None);
        if let Ast::Range { start, end, inclusive } = &index.without_parens().kind {
            return self.slice(array, start.as_deref(), end.as_deref(), *inclusive, span);
        }
        let index = self.index_value(index);
        match array.ty.clone() {
            Ty::Array(element, _) if index.ty != Ty::Never => {
                Expr { kind: ExprKind::Index(Box::new(array), Box::new(index)), ty: (*element).clone(), span }
            }
            Ty::Array(..) => self.error(span),
            Ty::Never => self.no_value(vec![array], span),
            ty => self.not_an_array(base.span, &ty, "indexed"),
        }
    }

    pub(super) fn index_value(&mut self, index: &'a ast::Expr) -> Expr {
        let value = self.expr(index, None);
        if is_int(&value.ty) || value.ty == Ty::Never {
            return value;
        }
        let found = self.type_name(&value.ty);
        let error = Diagnostic::error(Code::TypeMismatch, format!("an index is an integer, found `{found}`"))
            .at(index.span, format!("this is `{found}`"));
        let error = self.needs_integer(error, &value);
        self.fail(index.span, error)
    }

    pub(super) fn not_an_array(&mut self, span: Span, ty: &Ty, what: &str) -> Expr {
        if *ty == Ty::Never {
            return self.error(span);
        }
        let found = self.type_name(ty);
        let error = Diagnostic::error(Code::OperandType, format!("only an array can be {what}, not `{found}`"))
            .at(span, format!("this is `{found}`"));
        let help = match ty {
            Ty::Tuple(_) => "fields of a tuple are `.0`, `.1` and so on",
            Ty::Struct(_) => "fields of a struct are `.name`",
            Ty::Int(_) => "the bits of an integer are an array: `.bits()`",
            _ => "use an array",
        };
        self.fail(span, error.help(help))
    }

    /// `array[start..end]`.
    fn slice(
        &mut self,
        array: Expr,
        start: Option<&'a ast::Expr>,
        end: Option<&'a ast::Expr>,
        inclusive: bool,
        span: Span,
    ) -> Expr {
        let (element, n) = match &array.ty {
            Ty::Array(element, n) => (element.clone(), *n),
            ty => {
                let ty = ty.clone();
                return self.not_an_array(array.span, &ty, "sliced");
            }
        };
        let start_value = start.map(|start| self.index_value(start)).unwrap_or_else(|| int(BigInt::ZERO, span));
        let end_value = end.map(|end| self.index_value(end)).unwrap_or_else(|| int(BigInt::from(n), span));
        if start_value.ty == Ty::Never || end_value.ty == Ty::Never {
            return self.error(span);
        }
        let Some(len) = self.slice_len(&start_value, &end_value) else {
            let error = Diagnostic::error(Code::NotConstant, "the length of a slice must be known at build time")
                .at(span, "how long is this?")
                .note("a length may depend on constants and sizes, and `start..start + LEN` has the length LEN whatever `start` is");
            return self.fail(span, error.help("write it as `start..start + LEN`"));
        };
        let len = if inclusive { len + 1 } else { len };
        match u64::try_from(&len).ok().filter(|len| *len <= n) {
            Some(len) => {
                let ty = Ty::Array(element, len);
                Expr { kind: ExprKind::Slice(Box::new(array), Box::new(start_value)), ty, span }
            }
            None => {
                let error = Diagnostic::error(
                    Code::BadLength,
                    format!("a slice of {len} elements does not lie inside an array of {n}"),
                );
                self.fail(span, error.at(span, format!("{len} elements")).help(format!("use a range inside 0..{n}")))
            }
        }
    }

    /// `end - start`, where both are constant or differ by a constant.
    fn slice_len(&mut self, start: &Expr, end: &Expr) -> Option<BigInt> {
        if let (Some(start), Some(end)) = (self.evaluate_quietly(start), self.evaluate_quietly(end)) {
            return Some(end - start);
        }
        if let ExprKind::Binary(crate::hir::BinaryOp::Add, a, b) = &end.kind {
            if same_variable(a, start) {
                return self.evaluate_quietly(b);
            }
            if same_variable(b, start) {
                return self.evaluate_quietly(a);
            }
        }
        None
    }

    fn field(&mut self, base: &'a ast::Expr, name: &'a ast::Ident, span: Span) -> Expr {
        let whole = self.expr(base, None);
        match &whole.ty {
            Ty::Struct(id) => {
                let fields = self.checker.types.struct_(*id).fields.clone();
                match fields.iter().position(|(field, _)| **field == *name.name) {
                    Some(i) if !self.may_use_field(&whole.ty, i, name) => self.error(span),
                    Some(i) => Expr { kind: ExprKind::Field(Box::new(whole), i as u32), ty: fields[i].1.clone(), span },
                    None => {
                        self.unknown_field(name, &whole.ty, &fields);
                        self.error(span)
                    }
                }
            }
            Ty::Never => self.no_value(vec![whole], span),
            ty => {
                let ty = ty.clone();
                self.unknown_field(name, &ty, &[]);
                self.error(span)
            }
        }
    }

    fn tuple_field(&mut self, base: &'a ast::Expr, index: u32, index_span: Span, span: Span) -> Expr {
        let whole = self.expr(base, None);
        let ty = match &whole.ty {
            Ty::Never => return self.no_value(vec![whole], span),
            Ty::Tuple(items) => items.get(index as usize).cloned(),
            Ty::Struct(id) => {
                let field = self.checker.types.struct_(*id).fields.get(index as usize);
                field.filter(|(name, _)| *name == index.to_string()).map(|(_, ty)| ty.clone())
            }
            _ => None,
        };
        if let Some(ty) = ty {
            return Expr { kind: ExprKind::Field(Box::new(whole), index), ty, span };
        }
        let name = self.type_name(&whole.ty);
        let error = Diagnostic::error(Code::UnknownField, format!("`{name}` has no field `{index}`"))
            .at(index_span, "no such field");
        let help = match &whole.ty {
            Ty::Tuple(items) if !items.is_empty() => format!("its fields are 0 to {}", items.len() - 1),
            Ty::Array(..) => format!("elements of an array are `[{index}]`"),
            _ => "only tuples have numbered fields".to_owned(),
        };
        self.fail(span, error.help(help))
    }

    fn unary(
        &mut self,
        op: ast::UnaryOp,
        op_span: Span,
        operand: &'a ast::Expr,
        want: Option<&Ty>,
        span: Span,
    ) -> Expr {
        let value = self.expr(operand, want.filter(|_| adapts(operand)));
        if let (ast::UnaryOp::Neg, Some((fraction, _))) = (op, self.checker.types.fixed_of(&value.ty)) {
            return self.fixed_neg(value, fraction, span);
        }
        match (op, &value.ty) {
            (_, Ty::Never) => self.no_value(vec![value], span),
            (ast::UnaryOp::Neg, Ty::Int(_) | Ty::Exact) => match value.kind {
                ExprKind::Int(n) => int(-n, span),
                _ => Expr { kind: ExprKind::Unary(UnaryOp::Neg, Box::new(value)), ty: Ty::Exact, span },
            },
            (ast::UnaryOp::Not, Ty::Bool) => {
                Expr { kind: ExprKind::Unary(UnaryOp::Not, Box::new(value)), ty: Ty::Bool, span }
            }
            (ast::UnaryOp::Not, Ty::Int(int)) => {
                let ty = Ty::Int(Rc::new(super::types::base(int)));
                Expr { kind: ExprKind::Unary(UnaryOp::Not, Box::new(value)), ty, span }
            }
            (ast::UnaryOp::Not, Ty::Exact) => {
                let error = Diagnostic::error(
                    Code::DeclaredTypeNeeded,
                    "`!` flips the bits of a declared type, but how many bits does this have?",
                )
                .at(operand.span, "an exact integer, of no declared width")
                .because(op_span, "needs a width");
                self.fail(span, error.help("name the type first: `let x: u32 = …;`, or `wrap::<u32>(…)`"))
            }
            (_, ty) => {
                let (found, symbol) = (self.type_name(ty), op.symbol());
                let wanted = if op == ast::UnaryOp::Neg { "an integer" } else { "a bool or an integer" };
                let error = Diagnostic::error(Code::OperandType, format!("`{symbol}` needs {wanted}, found `{found}`"));
                self.fail(span, error.at(operand.span, format!("this is `{found}`")).help(format!("use {wanted}")))
            }
        }
    }

    fn leave_loop(&mut self, kind: ExprKind, word: &str, span: Span) -> Expr {
        if self.loops == 0 {
            let error = Diagnostic::error(Code::OutsideLoop, format!("`{word}` stands outside of a loop"))
                .at(span, "no loop around it");
            return self.fail(span, error.help("use `return` to leave the function, or move it into a `for`"));
        }
        Expr { kind, ty: Ty::Never, span }
    }

    fn return_(&mut self, value: Option<&'a ast::Expr>, span: Span) -> Expr {
        if let Some(inlined) = self.inlined.last_mut() {
            inlined.returns = true;
            let declared = inlined.declared.clone();
            return self.return_inlined(value, declared, span);
        }
        if self.ret.is_none() {
            let error =
                Diagnostic::error(Code::OutsideLoop, "`return` cannot stand in a constant").at(span, "leaves what?");
            return self.fail(span, error.help("let the last expression be the value"));
        }
        let Some((ty, why)) = self.ret.clone() else { return self.error(span) };
        let why = Why::at(why, "expected because of this return type");
        let value = match value {
            Some(value) => self.value(value, &ty, &why),
            None => self.fit(unit_value(span, unit()), &ty, &why),
        };
        Expr { kind: ExprKind::Return(Box::new(value)), ty: Ty::Never, span }
    }

    /// `return` from a closure, or from a function that takes closures.
    fn return_inlined(&mut self, value: Option<&'a ast::Expr>, declared: Option<(Ty, Span)>, span: Span) -> Expr {
        let hint = self.inlined.last().and_then(|inlined| inlined.hint.clone());
        let value = match (value, &declared) {
            (Some(value), Some((ty, why))) => {
                self.value(value, ty, &Why::at(*why, "expected because of this return type"))
            }
            (None, Some((ty, why))) => {
                self.fit(unit_value(span, unit()), ty, &Why::at(*why, "expected because of this return type"))
            }
            (Some(value), None) => self.expr(value, hint.as_ref()),
            (None, None) => unit_value(span, unit()),
        };
        if declared.is_none() {
            self.join_returned(&value);
        }
        Expr { kind: ExprKind::Return(Box::new(value)), ty: Ty::Never, span }
    }

    /// Takes a value that a closure gives into its type.
    fn join_returned(&mut self, value: &Expr) {
        let Some(joined) = self.inlined.last().map(|inlined| inlined.joined.clone()) else { return };
        let ty = self.join(&joined, &value.ty);
        if let (Some(ty), Some(inlined)) = (&ty, self.inlined.last_mut()) {
            inlined.joined = ty.clone();
            return;
        }
        let (wanted, found) = (self.type_name(&joined), self.type_name(&value.ty));
        let error = Diagnostic::error(
            Code::TypeMismatch,
            format!("the values that this closure gives differ: expected `{wanted}`, found `{found}`"),
        );
        let at = super::control::tail_span(value);
        self.report(error.at(at, format!("this is `{found}`")).help("give values of one type"));
    }

    /// A body in place of a call; what `return` in it gives becomes its value.
    pub(super) fn inlined(
        &mut self,
        declared: Option<(Ty, Span)>,
        hint: Option<&Ty>,
        body: impl FnOnce(&mut Self) -> Expr,
    ) -> Expr {
        let (hint, joined) = (hint.cloned(), Ty::Never);
        self.inlined.push(super::body::Inlined { declared, hint, joined, returns: false });
        let mut value = body(self);
        let returns = self.inlined.last().is_some_and(|inlined| inlined.returns);
        if returns && self.inlined.last().is_some_and(|inlined| inlined.declared.is_none()) {
            self.join_returned(&value);
        }
        let Some(inlined) = self.inlined.pop() else { return value };
        if !returns {
            return value;
        }
        let ty = inlined.declared.map_or(inlined.joined, |(ty, _)| ty);
        if value.ty != Ty::Never {
            value = self.fit(value, &ty, &Why::plain());
        }
        self.fit_returned(&mut value, &ty);
        Expr { span: value.span, kind: ExprKind::Scope(Box::new(value)), ty }
    }

    /// Fits what is returned to the type that all of it has together.
    fn fit_returned(&mut self, expr: &mut Expr, ty: &Ty) {
        match &mut expr.kind {
            ExprKind::Scope(_) => {}
            ExprKind::Return(value) => {
                let old = std::mem::replace(&mut **value, unit_value(expr.span, unit()));
                **value = self.fit(old, ty, &Why::plain());
            }
            _ => expr.for_each_child_mut(&mut |child| self.fit_returned(child, ty)),
        }
    }

    fn misplaced_range(&mut self, span: Span) -> Expr {
        let error = Diagnostic::error(Code::MisplacedRange, "a range is not a value").at(span, "cannot stand here");
        self.fail(
            span,
            error
                .help("ranges stand in `for i in 0..n`, in `(0..n).map(|i| …)` and between the brackets of `xs[1..3]`"),
        )
    }

    fn misplaced_closure(&mut self, span: Span) -> Expr {
        let error = Diagnostic::error(Code::MisplacedClosure, "a closure is not a value").at(span, "cannot stand here");
        self.fail(
            span,
            error.help("closures are arguments of methods such as `map` and `fold`; elsewhere declare a function"),
        )
    }
}

/// `n` bytes, of which those that are not given are 0.
fn byte_array(bytes: &[u8], n: u64, span: Span) -> Expr {
    let filled = bytes.iter().copied().chain(std::iter::repeat(0)).take(n as usize);
    let items = filled.map(|byte| Expr { ty: unsigned(8), ..int(BigInt::from(byte), span) }).collect();
    Expr { kind: ExprKind::Aggregate(items), ty: Ty::Array(Rc::new(unsigned(8)), n), span }
}

/// Whether the type of a literal depends on what is expected of it.
pub(super) fn adapts(ast: &ast::Expr) -> bool {
    match &ast.kind {
        Ast::Literal(Literal::Decimal { .. } | Literal::Str(_)) => true,
        Ast::Unary { operand, .. } => adapts(operand),
        Ast::Paren(inner) => adapts(inner),
        _ => false,
    }
}

/// A whole number.
pub(super) fn int(n: BigInt, span: Span) -> Expr {
    Expr { kind: ExprKind::Int(n), ty: Ty::Exact, span }
}

/// Whether both read the same variable or constant.
fn same_variable(a: &Expr, b: &Expr) -> bool {
    match (&a.kind, &b.kind) {
        (ExprKind::Local(a), ExprKind::Local(b)) => a == b,
        (ExprKind::Int(a), ExprKind::Int(b)) => a == b,
        (ExprKind::Binary(op, a, b), ExprKind::Binary(other, c, d)) => {
            op == other && same_variable(a, c) && same_variable(b, d)
        }
        _ => false,
    }
}
