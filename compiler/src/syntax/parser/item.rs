//! Items: functions, types, constants, parties, imports.

use super::{Parse, Parser, Reported};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{
    Attribute, AttributeArg, Const, ConstValue, DocLine, Enum, Field, Fields, Function, Ident, Impl, InputSource,
    InputSourceKind, Item, ItemKind, Output, OutputField, Param, Party, PartyRef, Receiver, Recipients, RecipientsKind,
    Struct, TypeAlias, UseEnd, UseTree, Variant,
};
use crate::syntax::token::TokenKind;

/// What a list of parameters consists of.
enum Parameter {
    Receiver(Receiver),
    Param(Box<Param>),
}

impl Parser<'_> {
    /// The items before the token at `end`. What is malformed is reported and left out.
    pub(super) fn items(&mut self, end: usize) -> Vec<Item> {
        let mut items = Vec::new();
        while self.position < end {
            let start = self.position;
            if let Some(span) = self.eat(TokenKind::Semicolon) {
                self.stray_semicolon(span);
                continue;
            }
            match self.item() {
                Ok(item) => items.push(item),
                Err(Reported) => self.skip_item(start, end),
            }
        }
        items
    }

    fn stray_semicolon(&mut self, span: Span) {
        let error = Diagnostic::error(Code::UnexpectedToken, "expected a declaration, found `;`")
            .at(span, "nothing ends here")
            .replace("leave it out", span, "");
        self.report(error);
    }

    /// Goes to the next item after an error in the one that began at `start`.
    fn skip_item(&mut self, start: usize, end: usize) {
        if self.position == start {
            self.position = self.partner[start] as usize + 1;
        }
        while self.position < end && !(self.at_line_start() && self.at_item()) {
            self.position = self.partner[self.position] as usize + 1;
        }
        self.position = self.position.min(end);
    }

    /// Whether an item begins here.
    pub(super) fn at_item(&self) -> bool {
        use TokenKind as T;
        match self.kind() {
            T::Fn | T::Const | T::Struct | T::Enum | T::Type | T::Use | T::Impl | T::Pub | T::Hash | T::DocOuter => {
                true
            }
            T::Ident => self.at_foreign_item() || (self.at_word("party") && self.kind_ahead(1) == T::Ident),
            _ => false,
        }
    }

    pub(super) fn item(&mut self) -> Parse<Item> {
        let docs = self.doc_lines(TokenKind::DocOuter);
        if self.kind() == TokenKind::DocInner {
            self.misplaced_docs("`//!` documents the whole file and stands at its beginning");
            return self.item_after_docs(docs);
        }
        self.item_after_docs(docs)
    }

    fn item_after_docs(&mut self, docs: Vec<DocLine>) -> Parse<Item> {
        let attributes = self.attributes()?;
        let start = self.span();
        let public = self.eat(TokenKind::Pub);
        if let (Some(doc), true) = (docs.first(), !self.at_item()) {
            let error = Diagnostic::error(Code::MisplacedDocs, "this documents nothing")
                .at(doc.span, "no declaration follows")
                .replace("make it a comment", Span { end: doc.span.start + 3, ..doc.span }, "//");
            self.report(error);
            if self.kind() == TokenKind::End || self.kind().is_closer() {
                return Err(Reported);
            }
        }
        let kind = self.item_kind()?;
        Ok(Item { docs, attributes, public, kind, span: self.span_since(start) })
    }

    fn item_kind(&mut self) -> Parse<ItemKind> {
        match self.kind() {
            TokenKind::Use => self.use_item(),
            TokenKind::Const if self.kind_ahead(1) == TokenKind::Fn => self.function(),
            TokenKind::Const => self.constant(),
            TokenKind::Struct => self.structure(),
            TokenKind::Enum => self.enumeration(),
            TokenKind::Type => self.type_alias(),
            TokenKind::Fn => self.function(),
            TokenKind::Impl => self.implementation(),
            TokenKind::Ident if self.at_word("party") && self.kind_ahead(1) == TokenKind::Ident => self.parties(),
            TokenKind::Let => {
                let error = Diagnostic::error(Code::ForeignConstruct, "a value outside functions is a `const`")
                    .at(self.span(), "`let` stands inside functions")
                    .help("write `const NAME: TYPE = VALUE;`");
                self.fail(error)
            }
            _ if self.at_foreign_item() => {
                self.foreign_item().unwrap_or(Err(Reported))?;
                self.nested(Self::item_kind)
            }
            _ => self.unexpected("a declaration: `fn`, `struct`, `enum`, `const`, `party`, `type`, `impl` or `use`"),
        }
    }

    // Documentation and attributes.

    pub(super) fn doc_lines(&mut self, kind: TokenKind) -> Vec<DocLine> {
        let mut lines = Vec::new();
        while self.kind() == kind {
            let span = self.bump().span;
            let text = &self.text_of(span)[3..];
            let text = self.name(text.strip_prefix(' ').unwrap_or(text).trim_end());
            lines.push(DocLine { text, span });
        }
        lines
    }

    /// Whether an item follows the documentation here.
    pub(super) fn docs_before_item(&self) -> bool {
        let after = self.tokens[self.position..].iter().take_while(|token| token.kind == TokenKind::DocOuter).count();
        matches!(
            self.kind_ahead(after),
            TokenKind::Fn
                | TokenKind::Const
                | TokenKind::Struct
                | TokenKind::Enum
                | TokenKind::Type
                | TokenKind::Use
                | TokenKind::Impl
                | TokenKind::Pub
                | TokenKind::Hash
        )
    }

    /// Reports documentation that stands where it means nothing, and steps over it.
    pub(super) fn misplaced_docs(&mut self, message: &str) {
        let first = self.span();
        while matches!(self.kind(), TokenKind::DocOuter | TokenKind::DocInner) {
            let span = self.bump().span;
            if span == first {
                let error = Diagnostic::error(Code::MisplacedDocs, message).at(span, "documents nothing here").replace(
                    "make it a comment",
                    Span { end: span.start + 3, ..span },
                    "//",
                );
                self.report(error);
            }
        }
    }

    fn attributes(&mut self) -> Parse<Vec<Attribute>> {
        let mut attributes = Vec::new();
        while self.kind() == TokenKind::Hash {
            let start = self.bump().span;
            if self.kind() != TokenKind::OpenBracket {
                return self.unexpected("`[` and an attribute, such as `#[test]`");
            }
            let mut inner = self.list(Self::attribute);
            let span = self.span_since(start);
            attributes.extend(inner.drain(..).map(|attribute| Attribute { span, ..attribute }));
        }
        Ok(attributes)
    }

    fn attribute(&mut self) -> Parse<Attribute> {
        let name = self.ident("an attribute, such as `test`")?;
        let args = if self.kind() == TokenKind::OpenParen { self.list(Self::attribute_arg) } else { Vec::new() };
        Ok(Attribute { span: name.span, name, args })
    }

    /// `value`, or `name = value`.
    fn attribute_arg(&mut self) -> Parse<AttributeArg> {
        let start = self.span();
        let named = self.kind() == TokenKind::Ident && self.kind_ahead(1) == TokenKind::Eq;
        let name = if named { Some(self.ident("the name of an argument")?) } else { None };
        if named {
            self.bump();
        }
        let value = self.element()?;
        Ok(AttributeArg { name, value, span: self.span_since(start) })
    }

    // The kinds of item.

    fn use_item(&mut self) -> Parse<ItemKind> {
        self.bump();
        let tree = self.use_tree()?;
        self.end_of_item()?;
        Ok(ItemKind::Use(tree))
    }

    fn use_tree(&mut self) -> Parse<UseTree> {
        self.nested(|parser| {
            let start = parser.span();
            let mut path = Vec::new();
            let end = parser.use_end(&mut path)?;
            Ok(UseTree { path, end, span: parser.span_since(start) })
        })
    }

    fn use_end(&mut self, path: &mut Vec<Ident>) -> Parse<UseEnd> {
        loop {
            match self.kind() {
                TokenKind::Star => {
                    self.bump();
                    self.foreign.declare_all();
                    return Ok(UseEnd::Glob);
                }
                TokenKind::OpenBrace => return Ok(UseEnd::Group(self.list(Self::use_tree))),
                _ => path.push(self.ident("a name, `{` or `*`")?),
            }
            if self.kind() == TokenKind::PathSep || self.kind() == TokenKind::Dot {
                self.expect_or(TokenKind::PathSep, "`::`", &[TokenKind::Dot])?;
                continue;
            }
            let alias = if self.eat(TokenKind::As).is_some() { Some(self.ident("the new name")?) } else { None };
            if let Some(name) = alias.as_ref().or(path.last()) {
                self.foreign.declare(name);
            }
            return Ok(UseEnd::Name { alias });
        }
    }

    fn end_of_item(&mut self) -> Parse<()> {
        if self.eat(TokenKind::Semicolon).is_some() {
            return Ok(());
        }
        if !self.at_line_start() && self.kind() != TokenKind::End && !self.kind().is_closer() {
            return self.unexpected("`;`");
        }
        let end = self.previous_span().at_end();
        let error = Diagnostic::error(Code::MissingSemicolon, "this declaration does not end with `;`")
            .at(end, "expected `;`")
            .replace("add the semicolon", end, ";");
        self.report(error);
        Ok(())
    }

    fn parties(&mut self) -> Parse<ItemKind> {
        self.bump();
        let mut parties = Vec::new();
        loop {
            let start = self.span();
            let name = self.ident("the name of a party")?;
            let count = if self.kind() == TokenKind::OpenBracket { Some(self.bracketed()?) } else { None };
            parties.push(Party { name, count, span: self.span_since(start) });
            if !self.comma_between_parties() || self.kind() == TokenKind::Semicolon {
                break;
            }
        }
        self.end_of_item()?;
        Ok(ItemKind::Party(parties))
    }

    /// `[expression]`.
    fn bracketed(&mut self) -> Parse<crate::syntax::ast::Expr> {
        let open = self.span();
        let mut values = self.list(Self::element);
        match values.len() {
            1 => Ok(values.remove(0)),
            _ => self.fail(
                Diagnostic::error(Code::UnexpectedToken, "expected one number in the brackets")
                    .at(self.span_since(open), "expected one number"),
            ),
        }
    }

    fn constant(&mut self) -> Parse<ItemKind> {
        let start = self.bump().span;
        let name = self.ident("the name of a constant")?;
        if self.eat(TokenKind::Colon).is_none() {
            let place = self.previous_span().at_end();
            let error = self.unexpected_error("`:` and the type of the constant");
            return self.fail(error.replace("give its type", place, ": int"));
        }
        let ty = self.ty()?;
        if self.kind() == TokenKind::Semicolon {
            return self.missing_value(self.span_since(start));
        }
        self.expect_or(TokenKind::Eq, "`=` and a value", &[TokenKind::EqEq])?;
        let value = self.const_value()?;
        self.end_of_item()?;
        Ok(ItemKind::Const(Const { name, ty, value }))
    }

    fn const_value(&mut self) -> Parse<ConstValue> {
        let start = self.span();
        let param = self.at_word("param") && matches!(self.kind_ahead(1), TokenKind::Semicolon | TokenKind::OpenParen);
        if !param {
            return Ok(ConstValue::Expr(self.expr()?));
        }
        self.bump();
        if self.kind() == TokenKind::Semicolon {
            return Ok(ConstValue::Param { default: None, span: start });
        }
        let mut defaults = self.list(Self::element);
        let span = self.span_since(start);
        match defaults.len() {
            1 => Ok(ConstValue::Param { default: Some(Box::new(defaults.remove(0))), span }),
            _ => self.fail(
                Diagnostic::error(Code::UnexpectedToken, "a parameter has one default value")
                    .at(span, "expected `param` or `param(VALUE)`"),
            ),
        }
    }

    fn structure(&mut self) -> Parse<ItemKind> {
        self.bump();
        let name = self.ident("the name of a struct")?;
        self.foreign.declare(&name);
        let generics = self.generics()?;
        let fields = self.fields()?;
        if !matches!(fields, Fields::Named(_)) {
            self.end_of_item()?;
        }
        Ok(ItemKind::Struct(Struct { name, generics, fields }))
    }

    /// The fields of a struct or variant, if there are any.
    fn fields(&mut self) -> Parse<Fields> {
        Ok(match self.kind() {
            TokenKind::OpenBrace => Fields::Named(self.list(Self::field)),
            TokenKind::OpenParen => Fields::Tuple(self.list(Self::ty)),
            _ => Fields::Unit,
        })
    }

    fn field(&mut self) -> Parse<Field> {
        let docs = self.docs_of_element()?;
        let start = self.span();
        let public = self.eat(TokenKind::Pub);
        let name = self.ident("the name of a field")?;
        let (name, ty) = self.field_type(name, "`:` and the type of the field")?;
        let span = self.span_since(start);
        self.semicolon_for_comma("fields");
        Ok(Field { docs, public, name, ty, span })
    }

    /// The documentation of an element of a list. Something must follow it.
    fn docs_of_element(&mut self) -> Parse<Vec<DocLine>> {
        let docs = self.doc_lines(TokenKind::DocOuter);
        match docs.last() {
            Some(doc) if self.kind().is_closer() => {
                let error = Diagnostic::error(Code::MisplacedDocs, "this documents nothing")
                    .at(doc.span, "nothing follows")
                    .replace("make it a comment", Span { end: doc.span.start + 3, ..doc.span }, "//");
                self.fail(error)
            }
            _ => Ok(docs),
        }
    }

    fn enumeration(&mut self) -> Parse<ItemKind> {
        self.bump();
        let name = self.ident("the name of an enum")?;
        self.foreign.declare(&name);
        let generics = self.generics()?;
        if self.kind() != TokenKind::OpenBrace {
            return self.unexpected("`{` and the variants of the enum");
        }
        let variants = self.list(Self::variant);
        Ok(ItemKind::Enum(Enum { name, generics, variants }))
    }

    fn variant(&mut self) -> Parse<Variant> {
        let docs = self.docs_of_element()?;
        let start = self.span();
        let name = self.ident("the name of a variant")?;
        let fields = self.fields()?;
        self.variant_number()?;
        let span = self.span_since(start);
        self.semicolon_for_comma("variants");
        Ok(Variant { docs, name, fields, span })
    }

    /// `= 3` after a variant: reports it and steps over it.
    fn variant_number(&mut self) -> Parse<()> {
        let before = self.previous_span().at_end();
        if self.eat(TokenKind::Eq).is_none() {
            return Ok(());
        }
        self.expr()?;
        let whole = self.span_since(before);
        let error = Diagnostic::error(Code::ForeignConstruct, "variants have no numbers of their own")
            .at(whole, "not in the language")
            .replace("leave it out", whole, "");
        self.report(error);
        Ok(())
    }

    fn type_alias(&mut self) -> Parse<ItemKind> {
        self.bump();
        let name = self.ident("the name of a type")?;
        self.foreign.declare(&name);
        let generics = self.generics()?;
        self.expect(TokenKind::Eq, "`=` and a type")?;
        let ty = self.ty()?;
        self.end_of_item()?;
        Ok(ItemKind::TypeAlias(TypeAlias { name, generics, ty }))
    }

    fn implementation(&mut self) -> Parse<ItemKind> {
        self.bump();
        let generics = self.generics()?;
        let ty = self.ty()?;
        if self.kind() == TokenKind::For {
            let error = Diagnostic::error(
                Code::ForeignConstruct,
                "Hush has no traits of your own, so nothing is implemented `for` a type",
            )
            .at(self.span(), "not in the language")
            .help("write the methods in `impl Type { … }`");
            return self.fail(error);
        }
        if self.kind() != TokenKind::OpenBrace {
            return self.unexpected("`{` and the methods");
        }
        let end = self.partner[self.position] as usize;
        self.bump();
        let outer = std::mem::replace(&mut self.in_impl, true);
        let items = self.nested(|parser| Ok(parser.items(end)));
        self.in_impl = outer;
        self.position = end + 1;
        Ok(ItemKind::Impl(Impl { generics, ty, items: items? }))
    }

    // Functions.

    fn function(&mut self) -> Parse<ItemKind> {
        let start = self.span();
        let method = std::mem::replace(&mut self.in_impl, false);
        let function = self.function_from(start, method);
        self.in_impl = method;
        Ok(ItemKind::Function(Box::new(function?)))
    }

    fn function_from(&mut self, start: Span, method: bool) -> Parse<Function> {
        let constant = self.eat(TokenKind::Const);
        self.bump();
        let name = self.ident("the name of a function")?;
        let generics = self.generics()?;
        if self.kind() != TokenKind::OpenParen {
            return self.unexpected("`(` and the parameters");
        }
        let (receiver, params) = self.params(method);
        let output = self.output()?;
        let requires = self.requires()?;
        let signature = self.span_since(start);
        self.where_clause();
        let body = self.block()?;
        Ok(Function { constant, name, generics, receiver, params, output, requires, body, signature })
    }

    fn params(&mut self, method: bool) -> (Option<Receiver>, Vec<Param>) {
        let mut first = true;
        let elements = self.list(|parser| {
            let may_be_self = method && std::mem::replace(&mut first, false);
            parser.parameter(may_be_self)
        });
        let mut receiver = None;
        let mut params = Vec::new();
        for element in elements {
            match element {
                Parameter::Receiver(found) => receiver = Some(found),
                Parameter::Param(param) => params.push(*param),
            }
        }
        (receiver, params)
    }

    fn parameter(&mut self, may_be_self: bool) -> Parse<Parameter> {
        let start = self.span();
        if self.kind() == TokenKind::And {
            let len = self.foreign_prefix().unwrap_or(1);
            (0..len).for_each(|_| _ = self.bump());
        }
        let ahead = usize::from(self.kind() == TokenKind::Mut);
        if self.word_ahead(ahead) == Some("self") {
            let mutable = self.eat(TokenKind::Mut);
            self.bump();
            return self.receiver(mutable, start, may_be_self);
        }
        let pattern = self.pattern_single()?;
        let (pattern, ty) = self.colon_and_type(pattern)?;
        let source = self.input_source()?;
        Ok(Parameter::Param(Box::new(Param { pattern, ty, source, span: self.span_since(start) })))
    }

    fn receiver(&mut self, mutable: Option<Span>, start: Span, may_be_self: bool) -> Parse<Parameter> {
        let span = self.span_since(start);
        let error = Diagnostic::error(
            Code::MisplacedSelf,
            "`self` is the first parameter of a method in `impl`, without a type",
        );
        if !may_be_self {
            return self.fail(error.at(span, "cannot stand here").help("give the parameter another name"));
        }
        if self.eat(TokenKind::Colon).is_some() {
            let ty = self.ty()?;
            let typed = Span { start: span.end, ..ty.span };
            self.report(error.at(typed, "its type is that of the `impl`").replace("leave the type out", typed, ""));
        }
        Ok(Parameter::Receiver(Receiver { mutable, span }))
    }

    /// `from PARTY`, `from each FAMILY`, `public`, or nothing.
    fn input_source(&mut self) -> Parse<Option<InputSource>> {
        let start = self.span();
        if self.eat_word("public").is_some() {
            return Ok(Some(InputSource { kind: InputSourceKind::Public, span: start }));
        }
        if self.at_name_on_line() && !self.at_word("from") {
            self.missing_from();
        } else if self.eat_word("from").is_none() {
            return Ok(None);
        }
        let each = self.at_word("each") && self.kind_ahead(1) == TokenKind::Ident;
        let kind = if each {
            self.bump();
            InputSourceKind::Each(self.ident("the name of a family of parties")?)
        } else {
            InputSourceKind::Party(self.party_ref("from", start)?)
        };
        self.second_source();
        Ok(Some(InputSource { kind, span: self.span_since(start) }))
    }

    /// `x: u32 alice` or `x: u32 to alice`: reports it.
    fn missing_from(&mut self) {
        if !self.at_word("to") {
            return self.insert_here("who gives an input stands after `from`", "write `from`", "from ");
        }
        let error = Diagnostic::error(Code::UnexpectedToken, "an input comes `from` a party; outputs go `to` one")
            .at(self.span(), "expected `from`")
            .replace("write `from`", self.span(), "from");
        self.report(error);
        self.bump();
    }

    fn party_ref(&mut self, word: &str, place: Span) -> Parse<PartyRef> {
        let start = self.span();
        if self.kind() != TokenKind::Ident {
            let found = self.describe(self.token());
            let error =
                Diagnostic::error(Code::MissingRecipient, format!("expected a party after `{word}`, found {found}"))
                    .at(place, format!("`{word}` whom?"))
                    .help(format!("name a party that `party …;` declares: `{word} alice`"));
            return self.fail(error);
        }
        let name = self.ident("the name of a party")?;
        let index = if self.kind() == TokenKind::OpenBracket { Some(Box::new(self.bracketed()?)) } else { None };
        Ok(PartyRef { name, index, span: self.span_since(start) })
    }

    fn output(&mut self) -> Parse<Output> {
        let wrong = [TokenKind::Colon, TokenKind::FatArrow];
        if self.kind() == TokenKind::Arrow || wrong.contains(&self.kind()) {
            self.expect_or(TokenKind::Arrow, "`->` and what the function returns", &wrong)?;
        } else if self.at_name_on_line() && !self.at_word("where") && !self.at_word("to") && !self.at_requires() {
            self.insert_here("what a function returns stands after `->`", "write `->`", "-> ");
        } else {
            return Ok(Output::Unit);
        }
        if self.kind() == TokenKind::OpenBrace || self.named_in_parens() {
            let start = self.span();
            let fields = self.list(Self::output_field);
            return Ok(Output::Record { fields, span: self.span_since(start) });
        }
        let ty = self.ty()?;
        Ok(Output::Type { ty, to: self.recipients()? })
    }

    /// Whether the clause `requires to …` begins here; elsewhere `requires` is a name like any other.
    fn at_requires(&self) -> bool {
        self.at_word("requires") && !matches!(self.kind_ahead(1), TokenKind::Colon | TokenKind::Comma)
    }

    /// `requires to all`, `requires to a, b`, or nothing.
    fn requires(&mut self) -> Parse<Option<Recipients>> {
        if !self.at_requires() {
            return Ok(None);
        }
        let start = self.bump().span;
        let Some(recipients) = self.recipients()? else {
            let error =
                Diagnostic::error(Code::MissingRecipient, "`requires` says who learns whether all requirements hold")
                    .at(start, "`to` whom?")
                    .replace("name everybody", start.at_end(), " to all");
            self.report(error);
            return Ok(Some(Recipients { kind: RecipientsKind::All, span: start }));
        };
        Ok(Some(Recipients { span: self.span_since(start), ..recipients }))
    }

    fn output_field(&mut self) -> Parse<OutputField> {
        let docs = self.docs_of_element()?;
        let start = self.span();
        let name = self.ident("the name of an output")?;
        let (name, ty) = self.field_type(name, "`:` and the type of the output")?;
        let to = self.recipients()?;
        Ok(OutputField { docs, name, ty, to, span: self.span_since(start) })
    }

    /// `to all`, `to each FAMILY`, `to a, b`, or nothing.
    fn recipients(&mut self) -> Parse<Option<Recipients>> {
        let start = self.span();
        if self.at_name_on_line() && self.at_word("from") {
            let error = Diagnostic::error(Code::UnexpectedToken, "an output goes `to` a party; inputs come `from` one")
                .at(start, "expected `to`")
                .replace("write `to`", start, "to");
            self.report(error);
            self.bump();
        } else if self.eat_word("to").is_none() {
            return Ok(None);
        }
        let kind = if self.at_word("all") {
            self.bump();
            RecipientsKind::All
        } else if self.at_word("each") && self.kind_ahead(1) == TokenKind::Ident {
            self.bump();
            RecipientsKind::Each(self.ident("the name of a family of parties")?)
        } else {
            RecipientsKind::Parties(self.recipient_parties(start)?)
        };
        Ok(Some(Recipients { kind, span: self.span_since(start) }))
    }

    fn recipient_parties(&mut self, place: Span) -> Parse<Vec<PartyRef>> {
        let mut parties = vec![self.party_ref("to", place)?];
        // In a record, a name with a colon after the comma is the next output.
        while self.next_recipient() {
            self.comma_between_parties();
            parties.push(self.party_ref("to", place)?);
        }
        Ok(parties)
    }

    fn next_recipient(&self) -> bool {
        let name = usize::from(self.kind() == TokenKind::Comma);
        let named = self.kind_ahead(name) == TokenKind::Ident && self.kind_ahead(name + 1) != TokenKind::Colon;
        named && (name == 1 || self.at_name_on_line() && !self.at_requires())
    }
}
