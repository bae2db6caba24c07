//! `pub`: what other files may use. Fields, methods and everything else that a file declares are its own unless it says otherwise.
//!
//! Elements of tuple structs and payloads of variants are as visible as their type.

use super::Checker;
use super::body::Body;
use super::call::Names;
use super::items::{DefId, DefKind};
use super::types::Origin;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::Ty;
use crate::source::Span;
use crate::syntax::ast::{self, Fields};

impl<'a> Checker<'a> {
    /// Whether the file of `place` may use a declaration.
    fn sees(&self, def: DefId, place: Span) -> bool {
        self.public_defs.contains(&def) || self.def(def).name.span.file == place.file
    }

    /// Whether `name` may stand for a function or constant of an `impl`; reported if not.
    pub(super) fn may_use(&mut self, def: DefId, name: &ast::Ident) -> bool {
        let seen = self.sees(def, name.span);
        if !seen {
            self.private_def(name, def);
        }
        seen
    }

    /// Whether the standard library declares it.
    pub(super) fn in_library(&self, def: DefId) -> bool {
        self.library_scopes.contains(&self.def(def).scope)
    }

    /// What the `impl`s of a type declare that the file of `place` may use.
    pub(super) fn visible_items(&mut self, origin: Origin, place: Span) -> Names {
        let items = self.impl_items(origin);
        items.into_iter().filter(|(_, def)| self.sees(*def, place)).collect()
    }

    /// Reports the use of a declaration that is private to its file.
    pub(super) fn private_def(&mut self, name: &ast::Ident, def: DefId) {
        let (declared, start) = (self.def(def).name.span, self.def(def).start);
        let library = self.in_library(def);
        self.private(name, declared, start, library);
    }

    fn private(&mut self, name: &ast::Ident, declared: Span, start: Span, library: bool) {
        let error = Diagnostic::error(Code::PrivateName, format!("`{name}` is private to its file"))
            .at(name.span, "not `pub`")
            .because(declared, "declared here");
        self.report(if library {
            error.help("use something that is `pub`")
        } else {
            error.replace("let other files use it", start, "pub ")
        });
    }

    /// The declared fields of a struct, and whether it belongs to the standard library.
    fn declared_fields(&self, ty: &Ty) -> Option<(&'a [ast::Field], bool)> {
        let Ty::Struct(id) = ty else { return None };
        let Origin::Def(def) = self.types.struct_origin(*id).0 else { return None };
        match self.def(def).kind {
            DefKind::Struct(ast::Struct { fields: Fields::Named(fields), .. }) => Some((fields, self.in_library(def))),
            _ => None,
        }
    }

    /// Whether `name` may stand for this field; reported if not.
    pub(super) fn may_use_field(&mut self, field: &ast::Field, name: &ast::Ident, library: bool) -> bool {
        let seen = seen(field, name.span);
        if !seen {
            self.private(name, field.name.span, field.span.at_start(), library);
        }
        seen
    }
}

impl<'a> Body<'_, 'a> {
    /// Whether `name` may stand for field `i` of a struct; reported if not.
    pub(super) fn may_use_field(&mut self, ty: &Ty, i: usize, name: &ast::Ident) -> bool {
        let found = self.checker.declared_fields(ty).and_then(|(fields, library)| Some((fields.get(i)?, library)));
        found.is_none_or(|(field, library)| self.checker.may_use_field(field, name, library))
    }

    /// The names of a struct's fields that the file of `place` may use.
    pub(super) fn usable_fields(&self, ty: &Ty, declared: &[(String, Ty)], place: Span) -> Vec<String> {
        let fields = self.checker.declared_fields(ty).map(|(fields, _)| fields).unwrap_or_default();
        let usable = |name: &String| fields.iter().all(|field| *field.name.name != **name || seen(field, place));
        declared.iter().map(|(name, _)| name.clone()).filter(usable).collect()
    }

    /// Whether a literal of this struct may stand at `place`; reported if a field that it does not give is private.
    pub(super) fn may_make(&mut self, declared: &'a [ast::Field], missing: &[usize], name: &str, place: Span) -> bool {
        let Some(field) = missing.iter().map(|i| &declared[*i]).find(|field| !seen(field, place)) else { return true };
        let message = format!("only its own file makes a `{name}`: the field `{}` is private", field.name);
        let error = Diagnostic::error(Code::PrivateName, message)
            .at(place, format!("`{}` is missing", field.name))
            .because(field.name.span, "declared here, without `pub`");
        self.report(error.help("call a function of that file that makes one"));
        false
    }
}

fn seen(field: &ast::Field, place: Span) -> bool {
    field.public.is_some() || field.span.file == place.file
}
