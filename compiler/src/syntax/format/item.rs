//! Files and items.

use super::comments::Blanks;
use super::doc::{Doc, concat, group, hardline, line, nest, nil, text};
use super::{BRACES, Formatter, PARENS, ident, with_docs};
use crate::source::Span;
use crate::syntax::ast::{
    Attribute, AttributeArg, Const, ConstValue, Enum, Expr, Field, Fields, File, Function, Impl, InputSource,
    InputSourceKind, Item, ItemKind, Output, OutputField, Param, Party, PartyRef, Recipients, RecipientsKind, UseEnd,
    UseTree, Variant,
};

impl<'a> Formatter<'a> {
    pub(super) fn file(&mut self, file: &File) -> Doc<'a> {
        let mut parts = Vec::new();
        if let Some(first) = file.docs.first() {
            parts.push(self.comments.leading(first.span.start, Blanks::KeptAfterComments));
            parts.push(self.docs(&file.docs, "//!", 0));
        }
        parts.push(self.items(&file.items, !file.docs.is_empty()));
        let after = !file.docs.is_empty() || !file.items.is_empty();
        if let Some(comments) = self.comments.own_lines_after(file.span.end + 1, after) {
            parts.push(if file.items.is_empty() { nil() } else { hardline() });
            parts.push(comments);
        }
        concat(parts)
    }

    /// Items with blank lines between them; one-line items of a kind may stand together.
    fn items(&mut self, items: &[Item], after: bool) -> Doc<'a> {
        let mut parts = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let start = item_span(item).start;
            let together = i > 0 && stand_together(&items[i - 1], item);
            if i > 0 {
                parts.push(hardline());
            }
            let blanks = match together {
                true => Blanks::Kept,
                false if i == 0 && !after => Blanks::KeptAfterComments,
                false => Blanks::Forced,
            };
            parts.push(self.comments.leading(start, blanks));
            parts.push(self.item(item));
            let (inline, at_end) = self.comments.trailing(item.span.end);
            parts.extend([inline, at_end]);
        }
        concat(parts)
    }

    pub(super) fn item(&mut self, item: &Item) -> Doc<'a> {
        let mut parts = vec![self.docs(&item.docs, "///", 0)];
        for attribute in &item.attributes {
            parts.push(self.comments.leading(attribute.span.start, Blanks::Never));
            parts.push(self.attribute(attribute));
        }
        parts.push(self.comments.leading(item.span.start, Blanks::Never));
        parts.push(text(if item.public.is_some() { "pub " } else { "" }));
        parts.push(self.item_kind(item));
        concat(parts)
    }

    fn attribute(&mut self, attribute: &Attribute) -> Doc<'a> {
        let mut parts = vec![text("#["), ident(&attribute.name)];
        if !attribute.args.is_empty() {
            parts.push(self.list(PARENS, &attribute.args, attribute.span.end - 1, |arg| arg.span, Self::attribute_arg));
        }
        parts.extend([text("]"), hardline()]);
        concat(parts)
    }

    fn attribute_arg(&mut self, arg: &AttributeArg) -> Doc<'a> {
        let value = self.expr(&arg.value);
        match &arg.name {
            Some(name) => concat(vec![ident(name), text(" = "), value]),
            None => value,
        }
    }

    fn item_kind(&mut self, item: &Item) -> Doc<'a> {
        let end = item.span.end - 1;
        match &item.kind {
            ItemKind::Use(tree) => concat(vec![text("use "), self.use_tree(tree), text(";")]),
            ItemKind::Party(parties) => self.parties(parties),
            ItemKind::Const(constant) => self.constant(constant),
            ItemKind::Struct(item) => {
                let head = vec![text("struct "), ident(&item.name), self.generics(&item.generics)];
                let semicolon = if matches!(item.fields, Fields::Named(_)) { "" } else { ";" };
                concat(vec![concat(head), self.fields(&item.fields, end, true), text(semicolon)])
            }
            ItemKind::Enum(item) => {
                let head = vec![text("enum "), ident(&item.name), self.generics(&item.generics), text(" ")];
                let span = |variant: &Variant| with_docs(&variant.docs, variant.span);
                let variants = match self.is_written_short(item, end) {
                    true => self.list(BRACES, &item.variants, end, span, Self::variant),
                    false => self.body(&item.variants, end, span, Self::variant, |_| true),
                };
                concat(vec![concat(head), variants])
            }
            ItemKind::TypeAlias(alias) => {
                let generics = self.generics(&alias.generics);
                let ty = self.ty(&alias.ty);
                concat(vec![text("type "), ident(&alias.name), generics, text(" = "), ty, text(";")])
            }
            ItemKind::Function(function) => self.function(function),
            ItemKind::Impl(item) => self.implementation(item, end),
        }
    }

    fn use_tree(&mut self, tree: &UseTree) -> Doc<'a> {
        let mut parts = Vec::new();
        for (i, name) in tree.path.iter().enumerate() {
            parts.push(text(if i > 0 { "::" } else { "" }));
            parts.push(ident(name));
        }
        let separator = text(if tree.path.is_empty() { "" } else { "::" });
        match &tree.end {
            UseEnd::Name { alias: None } => {}
            UseEnd::Name { alias: Some(alias) } => parts.extend([text(" as "), ident(alias)]),
            UseEnd::Glob => parts.extend([separator, text("*")]),
            UseEnd::Group(trees) => {
                let brackets = super::Brackets { spaced: false, ..BRACES };
                let group = self.list(brackets, trees, tree.span.end - 1, |tree| tree.span, Self::use_tree);
                parts.extend([separator, group]);
            }
        }
        concat(parts)
    }

    fn parties(&mut self, parties: &[Party]) -> Doc<'a> {
        let mut parts = vec![text("party ")];
        for (i, party) in parties.iter().enumerate() {
            if i > 0 {
                parts.extend([text(","), line()]);
            }
            parts.push(ident(&party.name));
            parts.push(self.in_square(party.count.as_ref()));
        }
        parts.push(text(";"));
        group(nest(concat(parts)))
    }

    fn in_square(&mut self, expr: Option<&Expr>) -> Doc<'a> {
        match expr {
            Some(expr) => concat(vec![text("["), self.expr(expr), text("]")]),
            None => nil(),
        }
    }

    fn constant(&mut self, constant: &Const) -> Doc<'a> {
        let head = vec![text("const "), ident(&constant.name), text(": "), self.ty(&constant.ty), text(" =")];
        let value = match &constant.value {
            ConstValue::Expr(value) => self.after_equals(value),
            ConstValue::Param { default: None, .. } => text(" param"),
            ConstValue::Param { default: Some(default), .. } => {
                concat(vec![text(" param("), self.expr(default), text(")")])
            }
        };
        concat(vec![concat(head), value, text(";")])
    }

    /// Fields; named ones on lines of their own where `tall`.
    fn fields(&mut self, fields: &Fields, end: u32, tall: bool) -> Doc<'a> {
        let span = |field: &Field| with_docs(&field.docs, field.span);
        match fields {
            Fields::Unit => nil(),
            Fields::Tuple(types) => self.list(PARENS, types, end, |ty| ty.span, Self::ty),
            Fields::Named(fields) if tall => {
                concat(vec![text(" "), self.body(fields, end, span, Self::field, |_| true)])
            }
            Fields::Named(fields) => concat(vec![text(" "), self.list(BRACES, fields, end, span, Self::field)]),
        }
    }

    fn field(&mut self, field: &Field) -> Doc<'a> {
        let docs = self.docs(&field.docs, "///", field.span.start);
        let public = text(if field.public.is_some() { "pub " } else { "" });
        concat(vec![docs, public, ident(&field.name), text(": "), self.ty(&field.ty)])
    }

    /// Whether an enum is a list of names that its author has written on one line.
    fn is_written_short(&self, item: &Enum, end: u32) -> bool {
        let written = self.source(Span { end, ..item.name.span });
        let is_name = |variant: &Variant| matches!(variant.fields, Fields::Unit) && variant.docs.is_empty();
        !item.variants.is_empty()
            && item.variants.iter().all(is_name)
            && !written.contains('\n')
            && !self.comments.any_before(end)
    }

    fn variant(&mut self, variant: &Variant) -> Doc<'a> {
        let docs = self.docs(&variant.docs, "///", variant.span.start);
        concat(vec![docs, ident(&variant.name), self.fields(&variant.fields, variant.span.end - 1, false)])
    }

    fn implementation(&mut self, item: &Impl, end: u32) -> Doc<'a> {
        let generics = self.generics(&item.generics);
        let head = concat(vec![text("impl"), generics, text(" "), self.ty(&item.ty), text(" ")]);
        if item.items.is_empty() {
            return concat(vec![head, self.body(&item.items, end, item_span, Self::item, |_| false)]);
        }
        let mut parts = vec![hardline(), self.items(&item.items, false)];
        if let Some(comments) = self.comments.own_lines_after(end, true) {
            parts.extend([hardline(), comments]);
        }
        concat(vec![head, text("{"), nest(concat(parts)), hardline(), text("}")])
    }

    fn function(&mut self, function: &Function) -> Doc<'a> {
        let head = concat(vec![
            text(if function.constant.is_some() { "const fn " } else { "fn " }),
            ident(&function.name),
            self.generics(&function.generics),
        ]);
        let params = self.params(function);
        let output = self.output(&function.output);
        let requires = match &function.requires {
            Some(audience) => concat(vec![text(" requires"), self.recipients(Some(audience))]),
            None => nil(),
        };
        let body = self.tall_block(&function.body);
        // A long signature is broken at its parameters, a long record of outputs at its fields.
        let signature = match function.output {
            Output::Record { .. } => concat(vec![group(params), output, requires]),
            _ => group(concat(vec![params, output, requires])),
        };
        concat(vec![head, signature, text(" "), body])
    }

    fn params(&mut self, function: &Function) -> Doc<'a> {
        let receiver = function.receiver.as_ref().map(|receiver| (receiver.span, None));
        let params: Vec<(Span, Option<&Param>)> =
            receiver.into_iter().chain(function.params.iter().map(|param| (param.span, Some(param)))).collect();
        let mutable = function.receiver.as_ref().is_some_and(|receiver| receiver.mutable.is_some());
        let end = match &function.output {
            Output::Unit => function.requires.as_ref().map_or(function.signature.end - 1, |to| to.span.start),
            Output::Type { ty, .. } => ty.span.start,
            Output::Record { span, .. } => span.start,
        };
        self.list(
            PARENS,
            &params,
            end,
            |(span, _)| *span,
            |formatter, (_, param)| match param {
                Some(param) => formatter.param(param),
                None => text(if mutable { "mut self" } else { "self" }),
            },
        )
    }

    fn param(&mut self, param: &Param) -> Doc<'a> {
        let pattern = self.pattern_single(&param.pattern);
        let mut parts = vec![pattern, text(": "), self.ty(&param.ty)];
        if let Some(source) = &param.source {
            parts.push(self.input_source(source));
        }
        concat(parts)
    }

    fn input_source(&mut self, source: &InputSource) -> Doc<'a> {
        match &source.kind {
            InputSourceKind::Party(party) => concat(vec![text(" from "), self.party_ref(party)]),
            InputSourceKind::Each(family) => concat(vec![text(" from each "), ident(family)]),
            InputSourceKind::Public => text(" public"),
        }
    }

    fn party_ref(&mut self, party: &PartyRef) -> Doc<'a> {
        concat(vec![ident(&party.name), self.in_square(party.index.as_deref())])
    }

    fn output(&mut self, output: &Output) -> Doc<'a> {
        match output {
            Output::Unit => nil(),
            Output::Type { ty, to } => concat(vec![text(" -> "), self.ty(ty), self.recipients(to.as_ref())]),
            Output::Record { fields, span } => {
                let place = |field: &OutputField| with_docs(&field.docs, field.span);
                let list = self.list(BRACES, fields, span.end - 1, place, Self::output_field);
                concat(vec![text(" -> "), list])
            }
        }
    }

    fn output_field(&mut self, field: &OutputField) -> Doc<'a> {
        let docs = self.docs(&field.docs, "///", field.span.start);
        let ty = self.ty(&field.ty);
        concat(vec![docs, ident(&field.name), text(": "), ty, self.recipients(field.to.as_ref())])
    }

    fn recipients(&mut self, recipients: Option<&Recipients>) -> Doc<'a> {
        let Some(recipients) = recipients else { return nil() };
        match &recipients.kind {
            RecipientsKind::All => text(" to all"),
            RecipientsKind::Each(family) => concat(vec![text(" to each "), ident(family)]),
            RecipientsKind::Parties(parties) => {
                let mut parts = vec![text(" to ")];
                for (i, party) in parties.iter().enumerate() {
                    parts.push(text(if i > 0 { ", " } else { "" }));
                    parts.push(self.party_ref(party));
                }
                concat(parts)
            }
        }
    }
}

/// An item with its documentation and attributes.
pub(super) fn item_span(item: &Item) -> Span {
    let docs = item.docs.first().map(|doc| doc.span);
    let attribute = item.attributes.first().map(|attribute| attribute.span);
    let first = [docs, attribute].into_iter().flatten().min_by_key(|span| span.start);
    first.map_or(item.span, |first| first.to(item.span))
}

/// Whether two items may stand without a blank line between them.
fn stand_together(one: &Item, two: &Item) -> bool {
    use ItemKind as Kind;
    let one_line = |item: &Item| item.docs.is_empty() && item.attributes.is_empty();
    one_line(two)
        && matches!(
            (&one.kind, &two.kind),
            (Kind::Use(_), Kind::Use(_))
                | (Kind::Const(_), Kind::Const(_))
                | (Kind::Party(_), Kind::Party(_))
                | (Kind::TypeAlias(_), Kind::TypeAlias(_))
        )
}
