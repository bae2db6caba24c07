//! Patterns: what they may match, what they bind, and `let` with more than a name.

use std::rc::Rc;

use num_bigint::BigInt;

use super::body::{Body, unit_value};
use super::exhaustive;
use super::expr::Named;
use super::items::similar;
use super::types::{Fits, Origin, is_int, unit};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Arm, Expr, ExprKind, Local, LocalId, Pattern, Stmt, Ty};
use crate::source::Span;
use crate::syntax::ast::{self, PatternKind};

/// Variables that earlier alternatives of an or-pattern have bound: the later ones bind the same.
type Shared = Vec<(std::sync::Arc<str>, LocalId)>;

impl<'a> Body<'_, 'a> {
    /// `let pattern = value;` for a pattern that takes every value.
    pub(super) fn bind_all(&mut self, pattern: &'a ast::Pattern, value: Expr, stmts: &mut Vec<Stmt>) {
        if let PatternKind::Binding { name, mutable, pattern: None } = &pattern.kind
            && self.constant_pattern(name).is_none()
        {
            let local = self.local(&name.name, value.ty.clone(), mutable.is_some(), name.span);
            self.name(name, local);
            stmts.push(Stmt::Let(local, value));
            return;
        }
        let n_names = self.names.len();
        let checked = self.pattern(pattern, &value.ty);
        if !self.irrefutable(&checked, &value.ty, pattern.span) {
            return;
        }
        if opens(&checked) {
            let local = self.keep(value, stmts);
            let whole = self.read(local, pattern.span);
            self.open(checked, &whole, stmts);
            let rests = self.rest_lets();
            stmts.extend(rests);
        } else {
            self.bind_by_match(checked, value, None, n_names, stmts);
        }
    }

    fn irrefutable(&mut self, checked: &Pattern, ty: &Ty, span: Span) -> bool {
        if *ty == Ty::Never || self.failed() {
            return true;
        }
        let Ok(cases) = exhaustive::missing(&self.checker.types, &[checked], ty) else {
            self.too_complex(span);
            return false;
        };
        let Some(case) = cases.first() else { return true };
        self.report(
            Diagnostic::error(
                Code::RefutablePattern,
                format!("this pattern does not take every value: `{case}` is left over"),
            )
            .at(span, format!("`{case}` does not match"))
            .help("use `let … else { … }`, `if let` or `match` to say what happens then"),
        );
        false
    }

    pub(super) fn too_complex(&mut self, span: Span) {
        self.report(
            Diagnostic::error(
                Code::MatchTooComplex,
                "it would take too long to find out whether these patterns take every value",
            )
            .at(span, "too many combinations")
            .help("match on fewer things at once, or nest one `match` in another"),
        );
    }

    /// Binds the parts of `whole`, which is a variable or a part of one.
    fn open(&mut self, pattern: Pattern, whole: &Expr, stmts: &mut Vec<Stmt>) {
        match pattern {
            Pattern::Bind(local, inner) => {
                stmts.push(Stmt::Let(local, whole.clone()));
                if let Some(inner) = inner {
                    let whole = self.read(local, whole.span);
                    self.open(*inner, &whole, stmts);
                }
            }
            Pattern::Aggregate(items) => {
                let tys = self.parts(&whole.ty, items.len());
                for (i, (item, ty)) in items.into_iter().zip(tys).enumerate() {
                    let part = part(whole, i, ty);
                    self.open(item, &part, stmts);
                }
            }
            _ => {}
        }
    }

    /// Binds by one `match` that gives all variables at once.
    fn bind_by_match(
        &mut self,
        pattern: Pattern,
        value: Expr,
        otherwise: Option<Expr>,
        n_names: usize,
        stmts: &mut Vec<Stmt>,
    ) {
        let span = value.span;
        let inner: Vec<_> = self.names.split_off(n_names);
        let reads: Vec<Expr> = inner.iter().map(|(_, local)| self.read(*local, span)).collect();
        let ty = Ty::Tuple(reads.iter().map(|read| read.ty.clone()).collect());
        let body = Expr { kind: ExprKind::Aggregate(reads), ty: ty.clone(), span };
        let body = super::builtin::block(self.rest_lets(), body);
        let mut arms = vec![Arm { pattern, guard: None, body }];
        arms.extend(otherwise.map(|body| Arm { pattern: Pattern::Any, guard: None, body }));
        let all = Expr { kind: ExprKind::Match(Box::new(value), arms), ty, span };
        let all = self.keep(all, stmts);
        let whole = self.read(all, span);
        for (i, (name, local)) in inner.into_iter().enumerate() {
            let local = self.locals[local.0 as usize].clone();
            let value = part(&whole, i, local.ty.clone());
            let outer = self.local(&local.name, local.ty, local.mutable, local.span);
            self.names.push((name, outer));
            stmts.push(Stmt::Let(outer, value));
        }
    }

    /// `let pattern = value else { … };`
    pub(super) fn let_else(&mut self, ast: &'a ast::Let, stmts: &mut Vec<Stmt>) {
        let value = self.let_value(ast);
        let Some(block) = &ast.otherwise else { return };
        let otherwise = self.block(block, None);
        if otherwise.ty != Ty::Never && !self.failed() {
            self.report(
                Diagnostic::error(Code::ElseGoesOn, "the `else` of a `let` must leave: nothing is bound after it")
                    .at(block.span, "goes on after its end")
                    .help("end it with `return`, `break` or `continue`"),
            );
        }
        let n_names = self.names.len();
        let pattern = self.pattern(&ast.pattern, &value.ty);
        self.bind_by_match(pattern, value, Some(otherwise), n_names, stmts);
    }

    /// Checks a pattern against the type of what it matches; its names are bound from here on.
    pub(super) fn pattern(&mut self, pattern: &'a ast::Pattern, ty: &Ty) -> Pattern {
        self.alternatives(pattern, ty, None)
    }

    fn alternatives(&mut self, pattern: &'a ast::Pattern, ty: &Ty, shared: Option<&Shared>) -> Pattern {
        let span = pattern.span;
        match &pattern.kind {
            PatternKind::Wildcard | PatternKind::Error => Pattern::Any,
            PatternKind::Rest => self.bad_pattern(span, ty, "`..` stands only inside a tuple or array pattern"),
            PatternKind::Binding { name, mutable, pattern: inner } => {
                if inner.is_none()
                    && mutable.is_none()
                    && let Some(constant) = self.constant_pattern(name)
                {
                    return self.named_pattern(constant, ty, span);
                }
                if inner.is_none() && mutable.is_none() && self.bare_variant(name, ty) {
                    return Pattern::Any;
                }
                let local = self.bind(name, mutable.is_some(), ty, shared);
                let inner = inner.as_ref().map(|inner| Box::new(self.alternatives(inner, ty, shared)));
                Pattern::Bind(local, inner)
            }
            PatternKind::Literal(literal) => self.literal_pattern(literal, ty, span),
            PatternKind::Range { lo, hi, inclusive } => {
                self.range_pattern(lo.as_deref(), hi.as_deref(), *inclusive, ty, span)
            }
            PatternKind::Tuple(items) => match ty {
                Ty::Tuple(tys) => {
                    let tys = tys.to_vec();
                    self.items_pattern(items, &tys, ty, span, shared)
                }
                _ => {
                    self.bind_anyway(items, shared);
                    self.wrong_pattern(span, "a tuple", ty)
                }
            },
            PatternKind::Array(items) => match ty {
                Ty::Array(element, n) if *n <= 1 << 16 => {
                    let tys = vec![(**element).clone(); *n as usize];
                    self.items_pattern(items, &tys, ty, span, shared)
                }
                Ty::Array(..) => self.bad_pattern(span, ty, "an array this long cannot be taken apart by a pattern"),
                _ => {
                    self.bind_anyway(items, shared);
                    self.wrong_pattern(span, "an array", ty)
                }
            },
            PatternKind::Path(path) => match self.named(path, Some(ty)) {
                Some(named) => self.named_pattern(named, ty, span),
                None => Pattern::Any,
            },
            PatternKind::TupleStruct { path, fields } => self.tuple_struct_pattern(path, fields, ty, span, shared),
            PatternKind::Struct { path, fields, rest } => {
                self.struct_pattern(path, fields, rest.is_some(), ty, span, shared)
            }
            PatternKind::Or(patterns) => self.or_pattern(patterns, ty, shared),
        }
    }

    fn bind(&mut self, name: &'a ast::Ident, mutable: bool, ty: &Ty, shared: Option<&Shared>) -> LocalId {
        if let Some((_, local)) = shared.and_then(|shared| shared.iter().find(|(own, _)| *own == name.name)) {
            let first = self.locals[local.0 as usize].clone();
            match self.join(&first.ty, ty) {
                Some(ty) => self.locals[local.0 as usize].ty = ty,
                None => self.different_alternatives(name.span, &name.name, first.span),
            }
            self.name(name, *local);
            return *local;
        }
        let local = self.local(&name.name, ty.clone(), mutable, name.span);
        self.name(name, local);
        local
    }

    fn or_pattern(&mut self, patterns: &'a [ast::Pattern], ty: &Ty, shared: Option<&Shared>) -> Pattern {
        let n_names = self.names.len();
        let mut checked = Vec::with_capacity(patterns.len());
        let mut first: Option<Shared> = None;
        for pattern in patterns {
            let one = self.alternatives(pattern, ty, first.as_ref().or(shared));
            checked.push(one);
            let names = self.names.split_off(n_names);
            match &first {
                None => first = Some(names),
                Some(first) => {
                    let odd = names
                        .iter()
                        .find(|name| !first.contains(name))
                        .or(first.iter().find(|name| !names.contains(name)));
                    if let Some((name, local)) = odd {
                        let (name, span) = (name.clone(), self.locals[local.0 as usize].span);
                        self.different_alternatives(pattern.span, &name, span);
                    }
                }
            }
        }
        self.names.extend(first.unwrap_or_default());
        Pattern::Or(checked)
    }

    fn different_alternatives(&mut self, span: Span, name: &str, first: Span) {
        self.report(
            Diagnostic::error(
                Code::AlternativesDiffer,
                format!("`{name}` is not bound in the same way by all alternatives"),
            )
            .at(span, "this alternative binds something else")
            .because(first, "bound here")
            .help(format!("bind `{name}` in each alternative, with the same type, or in none")),
        );
    }

    fn literal_pattern(&mut self, literal: &'a ast::Expr, ty: &Ty, span: Span) -> Pattern {
        let value = self.expr(literal, Some(ty));
        if *ty == Ty::Never || value.ty == Ty::Never {
            return Pattern::Any;
        }
        self.value_pattern(&value, ty, span)
    }

    /// The pattern that takes just this constant value.
    fn value_pattern(&mut self, value: &Expr, ty: &Ty, span: Span) -> Pattern {
        match (&value.kind, ty) {
            (ExprKind::Bool(bit), Ty::Bool) => Pattern::Bool(*bit),
            (ExprKind::Int(n), _) if is_int(ty) => self.int_pattern(n.clone(), n.clone(), ty, span),
            (ExprKind::Aggregate(items), Ty::Array(..) | Ty::Tuple(_) | Ty::Struct(_))
                if self.checker.types.fits(&value.ty, ty) != Fits::Never =>
            {
                let tys = self.parts(ty, items.len());
                Pattern::Aggregate(
                    items.iter().zip(tys).map(|(item, ty)| self.value_pattern(item, &ty, span)).collect(),
                )
            }
            (ExprKind::Variant(tag, payload), Ty::Enum(id))
                if self.checker.types.fits(&value.ty, ty) != Fits::Never =>
            {
                let ty = self.checker.types.enum_(*id).variants[*tag as usize].1.clone();
                Pattern::Variant(*tag, Box::new(self.value_pattern(payload, &ty, span)))
            }
            _ => {
                let found = self.type_name(&value.ty);
                self.wrong_pattern(span, &format!("`{found}`"), ty)
            }
        }
    }

    /// A range of integers; one that takes nothing is reported.
    fn int_pattern(&mut self, lo: BigInt, hi: BigInt, ty: &Ty, span: Span) -> Pattern {
        if let Ty::Int(int) = ty
            && (hi < int.lo || lo > int.hi)
        {
            let (name, bounds) = (self.type_name(ty), format!("{}..={}", int.lo, int.hi));
            return self.bad_pattern(span, ty, &format!("no value of type `{name}` matches this: it holds {bounds}"));
        }
        Pattern::Range(lo, hi)
    }

    fn range_pattern(
        &mut self,
        lo: Option<&'a ast::Expr>,
        hi: Option<&'a ast::Expr>,
        inclusive: bool,
        ty: &Ty,
        span: Span,
    ) -> Pattern {
        if *ty == Ty::Never {
            return Pattern::Any;
        }
        if !is_int(ty) {
            return self.wrong_pattern(span, "a range of integers", ty);
        }
        let end = |body: &mut Self, end: Option<&'a ast::Expr>| end.map(|end| body.const_int(end));
        let (lo, hi) = (end(self, lo), end(self, hi));
        if matches!(lo, Some(None)) || matches!(hi, Some(None)) {
            return Pattern::Any;
        }
        let (least, greatest) = match ty {
            Ty::Int(int) => (Some(int.lo.clone()), Some(int.hi.clone())),
            _ => (None, None),
        };
        let (Some(lo), Some(hi)) =
            (lo.flatten().or(least), hi.flatten().map(|hi| if inclusive { hi } else { hi - 1 }).or(greatest))
        else {
            return self.bad_pattern(span, ty, "a range without an end needs a declared type, whose own end it takes");
        };
        if lo > hi {
            return self.bad_pattern(span, ty, "this range is empty");
        }
        self.int_pattern(lo, hi, ty, span)
    }

    fn items_pattern(
        &mut self,
        items: &'a [ast::Pattern],
        tys: &[Ty],
        ty: &Ty,
        span: Span,
        shared: Option<&Shared>,
    ) -> Pattern {
        let rest = items.iter().position(is_rest);
        let n_written = items.len() - usize::from(rest.is_some());
        if n_written > tys.len() || (rest.is_none() && n_written < tys.len()) {
            let name = self.type_name(ty);
            self.bind_anyway(items, shared);
            return self.bad_pattern(
                span,
                ty,
                &format!("the pattern has {n_written} parts, but `{name}` has {}", tys.len()),
            );
        }
        let mut checked = Vec::with_capacity(tys.len());
        for (i, item) in items.iter().enumerate() {
            if Some(i) == rest {
                let skipped = tys.len() - n_written;
                let tys = &tys[checked.len()..checked.len() + skipped];
                checked.extend(self.rest(item, tys, ty, shared.is_some()));
            } else {
                let ty = tys[checked.len()].clone();
                checked.push(self.alternatives(item, &ty, shared));
            }
        }
        Pattern::Aggregate(checked)
    }

    /// `..` or `name @ ..`: the parts that no other pattern takes.
    fn rest(&mut self, item: &'a ast::Pattern, tys: &[Ty], ty: &Ty, shared: bool) -> Vec<Pattern> {
        let PatternKind::Binding { name, mutable, .. } = &item.kind else { return vec![Pattern::Any; tys.len()] };
        let whole = match ty {
            Ty::Array(element, _) => Ty::Array(element.clone(), tys.len() as u64),
            _ => Ty::Tuple(tys.into()),
        };
        if shared {
            self.checker.unsupported(
                item.span,
                "`name @ ..` in alternatives",
                "match the alternatives in arms of their own",
            );
        }
        let elements: Vec<LocalId> = tys.iter().map(|ty| self.local("_", ty.clone(), false, name.span)).collect();
        let local = self.local(&name.name, whole, mutable.is_some(), name.span);
        self.name(name, local);
        let patterns = elements.iter().map(|element| Pattern::Bind(*element, None)).collect();
        self.rests.push((local, elements));
        patterns
    }

    /// What `name @ ..` of the patterns checked since the last call hold.
    pub(super) fn rest_lets(&mut self) -> Vec<Stmt> {
        let rests = std::mem::take(&mut self.rests);
        let one = |(local, elements): (LocalId, Vec<LocalId>)| {
            let Local { ty, span, .. } = self.locals[local.0 as usize].clone();
            let items = elements.into_iter().map(|element| self.read(element, span)).collect();
            Stmt::Let(local, Expr { kind: ExprKind::Aggregate(items), ty, span })
        };
        rests.into_iter().map(one).collect()
    }

    /// What a lone name in a pattern means, if it is a constant or a unit variant rather than a new variable.
    fn constant_pattern(&mut self, name: &'a ast::Ident) -> Option<Named> {
        if &*name.name == "None" && self.checker.lookup(self.scope, "None").is_none() {
            return Some(Named::Variant(Origin::Option, 0));
        }
        let def = self.checker.lookup(self.scope, &name.name)?;
        match self.checker.def(def).kind {
            super::items::DefKind::Const(_) => Some(Named::Const(def, Rc::default())),
            super::items::DefKind::Struct(ast) if matches!(ast.fields, ast::Fields::Unit) => Some(Named::Struct(def)),
            _ => None,
        }
    }

    /// A constant, unit variant or unit struct as a pattern.
    fn named_pattern(&mut self, named: Named, ty: &Ty, span: Span) -> Pattern {
        match named {
            _ if *ty == Ty::Never => Pattern::Any,
            Named::Const(def, args) => {
                let Some((value, own)) = self.checker.const_value(def, &args, span) else { return Pattern::Any };
                let value = super::consts::to_expr(&self.checker.types, &value, &own, span);
                self.value_pattern(&value, ty, span)
            }
            Named::Variant(..) | Named::Struct(_) => match self.payload(&named, ty, span) {
                Some((tag, payload)) if payload == unit() || self.parts_of(&payload).is_empty() => {
                    wrap(tag, Pattern::Aggregate(Vec::new()))
                }
                Some((tag, payload)) => {
                    let n = self.parts_of(&payload).len();
                    let dots = if matches!(payload, Ty::Struct(_)) { " { .. }" } else { "(..)" };
                    self.report(
                        Diagnostic::error(
                            Code::PatternMismatch,
                            format!("this has {n} fields, which the pattern must mention"),
                        )
                        .at(span, "without its fields")
                        .replace("leave the fields open", span.at_end(), dots),
                    );
                    wrap(tag, Pattern::Any)
                }
                None => Pattern::Any,
            },
            _ => self.bad_pattern(span, ty, "this name is not a variant, struct or constant"),
        }
    }

    fn parts_of(&self, ty: &Ty) -> Vec<Ty> {
        self.parts(ty, 0)
    }

    /// The tag (for a variant) and the payload of what a pattern names, if it is of type `ty`.
    fn payload(&mut self, named: &Named, ty: &Ty, span: Span) -> Option<(Option<u32>, Ty)> {
        let types = &self.checker.types;
        match (named, ty) {
            (_, Ty::Never) => None,
            (Named::Variant(origin, tag), Ty::Enum(id)) if types.enum_origin(*id).0 == *origin => {
                Some((Some(*tag), types.enum_(*id).variants[*tag as usize].1.clone()))
            }
            (Named::Struct(def), Ty::Struct(id)) if types.struct_origin(*id).0 == Origin::Def(*def) => {
                Some((None, ty.clone()))
            }
            _ => {
                let text = self.checker.named_text(named);
                self.wrong_pattern(span, &format!("`{text}`"), ty);
                None
            }
        }
    }

    fn tuple_struct_pattern(
        &mut self,
        path: &'a ast::Path,
        fields: &'a [ast::Pattern],
        ty: &Ty,
        span: Span,
        shared: Option<&Shared>,
    ) -> Pattern {
        if path.as_ident().is_some_and(|name| self.bare_variant(name, ty)) {
            self.bind_anyway(fields, shared);
            return Pattern::Any;
        }
        let payload = self.named(path, Some(ty)).and_then(|named| self.payload(&named, ty, path.span));
        let Some((tag, payload)) = payload else {
            self.bind_anyway(fields, shared);
            return Pattern::Any;
        };
        let tys = self.parts_of(&payload);
        wrap(tag, self.items_pattern(fields, &tys, &payload, span, shared))
    }

    /// Whether `name`, which stands for nothing else, is a variant of the matched type without the type's name; reported if so.
    fn bare_variant(&mut self, name: &ast::Ident, ty: &Ty) -> bool {
        let Ty::Enum(id) = ty else { return false };
        let variants = &self.checker.types.enum_(*id).variants;
        let Some(Origin::Def(def)) = self.origin(ty) else { return false };
        let owner = self.checker.def(def).name.name.clone();
        if self.checker.lookup(self.scope, &name.name).is_some() || !variants.iter().any(|(own, _)| **own == *name.name)
        {
            return false;
        }
        let error = Diagnostic::error(Code::UnknownName, format!("nothing called `{name}` is declared here"))
            .at(name.span, format!("a variant of `{owner}`"));
        let whole = format!("{owner}::{name}");
        let error = match self.checker.lookup(self.scope, &owner) == Some(def) {
            true => error.replace("say whose variant it is", name.span, whole),
            false => error.help(format!("write `{whole}`")),
        };
        self.report(error);
        true
    }

    fn struct_pattern(
        &mut self,
        path: &'a ast::Path,
        fields: &'a [ast::FieldPattern],
        rest: bool,
        ty: &Ty,
        span: Span,
        shared: Option<&Shared>,
    ) -> Pattern {
        let payload = self.named(path, Some(ty)).and_then(|named| self.payload(&named, ty, path.span));
        let Some((tag, payload)) = payload else {
            for field in fields {
                self.field_pattern(field, &Ty::Never, shared);
            }
            return Pattern::Any;
        };
        let declared: Vec<(String, Ty)> = match &payload {
            Ty::Struct(id) => self.checker.types.struct_(*id).fields.clone(),
            _ => Vec::new(),
        };
        let mut checked = vec![None; declared.len()];
        for field in fields {
            let found = declared.iter().position(|(name, _)| **name == *field.name.name);
            let ty = found.map_or(Ty::Never, |i| declared[i].1.clone());
            if let Some(i) = found {
                self.may_use_field(&payload, i, &field.name);
            }
            let pattern = self.field_pattern(field, &ty, shared);
            match found {
                Some(i) if checked[i].is_none() => checked[i] = Some(pattern),
                Some(_) => self.report(
                    Diagnostic::error(Code::DuplicateField, format!("the field `{}` is matched twice", field.name))
                        .at(field.span, "again")
                        .help("remove one of them"),
                ),
                None => self.unknown_field(&field.name, &payload, &declared),
            }
        }
        let missing: Vec<&str> = declared
            .iter()
            .zip(&checked)
            .filter(|(_, pattern)| pattern.is_none())
            .map(|((name, _), _)| &**name)
            .collect();
        if !missing.is_empty() && !rest {
            let names = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let comma = if fields.is_empty() { " " } else { ", " };
            let end = Span { start: span.end.saturating_sub(1), ..span };
            let at = fields.last().map_or(end.at_start(), |field| field.span.at_end());
            self.report(
                Diagnostic::error(Code::MissingField, format!("the pattern does not mention {names}"))
                    .at(span, format!("{names} missing"))
                    .replace("leave the other fields open", at, format!("{comma}..")),
            );
        }
        wrap(tag, Pattern::Aggregate(checked.into_iter().map(|pattern| pattern.unwrap_or(Pattern::Any)).collect()))
    }

    pub(super) fn unknown_field(&mut self, name: &ast::Ident, ty: &Ty, declared: &[(String, Ty)]) {
        let type_name = self.type_name(ty);
        let error = Diagnostic::error(Code::UnknownField, format!("`{type_name}` has no field `{name}`"))
            .at(name.span, "unknown field");
        let usable = self.usable_fields(ty, declared, name.span);
        let names = || usable.iter().map(|name| &**name);
        let error = match similar(&name.name, names()) {
            Some(known) => error.replace(format!("did you mean `{known}`?"), name.span, known),
            None if usable.is_empty() => error.help("it has no fields at all"),
            None => error.help(format!("its fields are: {}", names().collect::<Vec<_>>().join(", "))),
        };
        self.report(error);
    }

    fn field_pattern(&mut self, field: &'a ast::FieldPattern, ty: &Ty, shared: Option<&Shared>) -> Pattern {
        match &field.pattern {
            Some(pattern) => self.alternatives(pattern, ty, shared),
            None => Pattern::Bind(self.bind(&field.name, false, ty, shared), None),
        }
    }

    /// Binds the names of patterns whose types are not known, so that their uses are not errors too.
    fn bind_anyway(&mut self, patterns: &'a [ast::Pattern], shared: Option<&Shared>) {
        for pattern in patterns {
            if !matches!(pattern.kind, PatternKind::Rest) {
                self.alternatives(pattern, &Ty::Never, shared);
            }
        }
    }

    fn wrong_pattern(&mut self, span: Span, what: &str, ty: &Ty) -> Pattern {
        if *ty == Ty::Never {
            return Pattern::Any;
        }
        let name = self.type_name(ty);
        self.bad_pattern(span, ty, &format!("this pattern matches {what}, but the value is `{name}`"))
    }

    fn bad_pattern(&mut self, span: Span, ty: &Ty, message: &str) -> Pattern {
        if *ty != Ty::Never {
            let name = self.type_name(ty);
            self.report(
                Diagnostic::error(Code::PatternMismatch, message)
                    .at(span, "cannot match")
                    .help(format!("use a pattern for `{name}`, or `_`")),
            );
        }
        Pattern::Any
    }
}

fn is_rest(pattern: &ast::Pattern) -> bool {
    match &pattern.kind {
        PatternKind::Rest => true,
        PatternKind::Binding { pattern: Some(inner), .. } => matches!(inner.kind, PatternKind::Rest),
        _ => false,
    }
}

/// Whether the pattern only takes tuples, structs and arrays apart.
fn opens(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Any | Pattern::Bind(_, None) => true,
        Pattern::Bind(_, Some(inner)) => opens(inner),
        Pattern::Aggregate(items) => items.iter().all(opens),
        _ => false,
    }
}

fn wrap(tag: Option<u32>, pattern: Pattern) -> Pattern {
    match tag {
        Some(tag) => Pattern::Variant(tag, Box::new(pattern)),
        None => pattern,
    }
}

/// Part `i` of a tuple, struct or array.
pub(super) fn part(whole: &Expr, i: usize, ty: Ty) -> Expr {
    let span = whole.span;
    let kind = match &whole.ty {
        Ty::Array(..) => {
            let index = Expr { kind: ExprKind::Int(BigInt::from(i)), ty: Ty::Exact, span };
            ExprKind::Index(Box::new(whole.clone()), Box::new(index))
        }
        _ => ExprKind::Field(Box::new(whole.clone()), i as u32),
    };
    Expr { kind, ty, span }
}

/// The unit value, as an argument of a match that looks at nothing.
pub(super) fn nothing(span: Span) -> Expr {
    unit_value(span, unit())
}
