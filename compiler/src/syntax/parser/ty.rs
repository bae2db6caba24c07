//! Types, paths and generic arguments.

use super::{Parse, Parser};
use crate::diagnostic::{Code, Diagnostic, Edit};
use crate::source::Span;
use crate::syntax::ast::{GenericArg, GenericArgs, GenericParam, Generics, Path, PathSegment, Type, TypeKind};
use crate::syntax::token::TokenKind;

impl Parser<'_> {
    pub(super) fn ty(&mut self) -> Parse<Type> {
        self.nested(|parser| {
            let base = parser.unranged_type()?;
            if parser.kind() == TokenKind::In { parser.ranged_type(base) } else { Ok(base) }
        })
    }

    fn unranged_type(&mut self) -> Parse<Type> {
        let start = self.span();
        let kind = match self.kind() {
            TokenKind::OpenBracket => self.array_type()?,
            TokenKind::OpenParen => return self.tuple_type(),
            TokenKind::Fn => self.function_type()?,
            TokenKind::Ident if self.at_word("_") => {
                self.bump();
                TypeKind::Infer
            }
            TokenKind::Ident => {
                let path = self.type_path()?;
                if let [segment] = &path.segments[..] {
                    self.foreign.using(&segment.name);
                }
                TypeKind::Path(path)
            }
            TokenKind::And | TokenKind::AndAnd => {
                if let Some(len) = self.foreign_prefix() {
                    (0..len).for_each(|_| _ = self.bump());
                }
                return self.nested(Self::unranged_type);
            }
            _ => return self.unexpected("a type"),
        };
        Ok(Type { kind, span: self.span_since(start) })
    }

    /// `[T; n]` or `[T]`.
    fn array_type(&mut self) -> Parse<TypeKind> {
        let end = self.partner[self.position] as usize;
        self.bump();
        let kind = self.array_type_inside(end);
        self.position = end + 1;
        kind
    }

    fn array_type_inside(&mut self, end: usize) -> Parse<TypeKind> {
        let element = Box::new(self.ty()?);
        if self.position == end {
            return Ok(TypeKind::Slice(element));
        }
        self.expect(TokenKind::Semicolon, "`;` and a length, or `]`")?;
        let len = Box::new(self.expr()?);
        if self.position < end {
            return self.unexpected("`]`");
        }
        Ok(TypeKind::Array { element, len })
    }

    fn tuple_type(&mut self) -> Parse<Type> {
        let start = self.span();
        let (mut types, comma) = self.list_with_comma(Self::ty);
        let span = self.span_since(start);
        if types.len() == 1 && !comma {
            return Ok(Type { span, ..types.remove(0) });
        }
        Ok(Type { kind: TypeKind::Tuple(types), span })
    }

    fn function_type(&mut self) -> Parse<TypeKind> {
        self.bump();
        if self.kind() != TokenKind::OpenParen {
            return self.unexpected("`(` and the types of the parameters");
        }
        let params = self.list(Self::ty);
        let output = if self.eat(TokenKind::Arrow).is_some() { Some(Box::new(self.ty()?)) } else { None };
        Ok(TypeKind::Function { params, output })
    }

    /// `base in lo..=hi`, at `in`.
    fn ranged_type(&mut self, base: Type) -> Parse<Type> {
        let start = base.span;
        self.bump();
        let lo = match self.kind() {
            TokenKind::DotDot | TokenKind::DotDotEq | TokenKind::DotDotDot => None,
            _ => Some(self.bound()?),
        };
        let operator = self.span();
        let inclusive = self.kind() == TokenKind::DotDotEq;
        if !matches!(self.kind(), TokenKind::DotDot | TokenKind::DotDotEq | TokenKind::DotDotDot) {
            return self.unexpected("`..=` and the greatest value");
        }
        self.bump();
        let hi = if self.starts_operand() { Some(self.bound()?) } else { None };
        let span = self.span_since(start);
        match (lo, hi) {
            (Some(lo), Some(hi)) if inclusive => {
                Ok(Type { kind: TypeKind::Ranged { base: Box::new(base), lo: Box::new(lo), hi: Box::new(hi) }, span })
            }
            (lo, hi) => {
                self.half_type_range(operator, lo.map(|lo| lo.span), hi.map(|hi| hi.span));
                Ok(Type { kind: TypeKind::Error, span })
            }
        }
    }

    fn half_type_range(&mut self, operator: Span, lo: Option<Span>, hi: Option<Span>) {
        let error =
            Diagnostic::error(Code::ExclusiveTypeRange, "the range of a type names its least and its greatest value");
        let insert = |span, replacement: String| Edit { span, replacement };
        let error = match (lo, hi) {
            (Some(_), Some(hi)) => {
                let last = format!("{} - 1", self.text_of(hi));
                let edits = vec![insert(operator, "..=".to_owned()), insert(hi, last)];
                error.at(operator, "expected `..=`").fix("include the greatest value", edits)
            }
            (None, Some(_)) => {
                error.at(operator, "no least value").fix("begin at 0", vec![insert(operator, "0..=".to_owned())])
            }
            _ => error.at(operator, "no greatest value").help("write `LO..=HI`"),
        };
        self.report(error);
    }

    /// Names joined by `::`, with `<…>` after any of them.
    pub(super) fn type_path(&mut self) -> Parse<Path> {
        let start = self.span();
        let mut segments = Vec::new();
        loop {
            let name = self.ident("a type")?;
            let turbofish = self.kind() == TokenKind::PathSep && self.kind_ahead(1) == TokenKind::Lt;
            if turbofish {
                self.bump();
            }
            let args = if self.kind() == TokenKind::Lt { Some(self.generic_args()?) } else { None };
            segments.push(PathSegment { name, args });
            if self.eat(TokenKind::PathSep).is_none() {
                return Ok(Path { segments, span: self.span_since(start) });
            }
        }
    }

    /// `<A, 8, N + 1>`, at `<`.
    pub(super) fn generic_args(&mut self) -> Parse<GenericArgs> {
        let start = self.span();
        let args = self.angle_list(Self::generic_arg)?;
        Ok(GenericArgs { args, span: self.span_since(start) })
    }

    /// `<…>` at `<`.
    fn angle_list<T>(&mut self, mut element: impl FnMut(&mut Self) -> Parse<T>) -> Parse<Vec<T>> {
        self.bump();
        let mut elements = Vec::new();
        while !self.at_closing_angle() {
            elements.push(element(self)?);
            if self.eat(TokenKind::Comma).is_none() {
                break;
            }
        }
        self.expect_closing_angle()?;
        Ok(elements)
    }

    fn generic_arg(&mut self) -> Parse<GenericArg> {
        let lone_name = self.kind() == TokenKind::Ident
            && matches!(
                self.kind_ahead(1),
                TokenKind::Plus
                    | TokenKind::Minus
                    | TokenKind::Star
                    | TokenKind::Slash
                    | TokenKind::Percent
                    | TokenKind::OpenParen
                    | TokenKind::Dot
            );
        match self.kind() {
            TokenKind::Int | TokenKind::Minus | TokenKind::OpenBrace | TokenKind::True | TokenKind::False => {
                Ok(GenericArg::Expr(self.bound()?))
            }
            _ if lone_name => Ok(GenericArg::Expr(self.bound()?)),
            _ => Ok(GenericArg::Type(self.ty()?)),
        }
    }

    /// `<T: Ord, N: int>` if it is there.
    pub(super) fn generics(&mut self) -> Parse<Generics> {
        if self.kind() != TokenKind::Lt {
            return Ok(Generics::default());
        }
        Ok(Generics { params: self.angle_list(Self::generic_param)? })
    }

    fn generic_param(&mut self) -> Parse<GenericParam> {
        let start = self.span();
        if let Some(span) = self.eat(TokenKind::Const) {
            let error =
                Diagnostic::error(Code::ForeignConstruct, "a size is a parameter of type `int`, without `const`")
                    .at(span, "not needed")
                    .replace("leave it out", span.to(self.span().at_start()), "");
            self.report(error);
        }
        let name = self.ident("the name of a type or size")?;
        self.foreign.declare(&name);
        let mut bounds = Vec::new();
        if self.eat(TokenKind::Colon).is_some() {
            loop {
                bounds.push(self.nested(Self::type_path)?);
                if self.eat(TokenKind::Plus).is_none() {
                    break;
                }
            }
        }
        Ok(GenericParam { name, bounds, span: self.span_since(start) })
    }
}
