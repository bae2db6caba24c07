//! Expressions, by precedence climbing.

use super::{Braces, Parse, Parser, Reported};
use crate::diagnostic::{Code, Diagnostic, Edit};
use crate::source::Span;
use crate::syntax::ast::{
    Arm, BinaryOp, BinaryStep, Block, Branch, ClosureParam, Condition, Expr, ExprKind, FieldInit, If, Path,
    PathSegment, UnaryOp,
};
use crate::syntax::token::TokenKind;

impl Parser<'_> {
    /// Any expression but an assignment.
    pub(super) fn expr(&mut self) -> Parse<Expr> {
        self.with_braces(Braces::Literal, Self::expr_here)
    }

    /// An element of a list of expressions.
    pub(super) fn element(&mut self) -> Parse<Expr> {
        self.with_braces(Braces::Literal, |parser| {
            let expr = parser.expr_here()?;
            parser.assignment_here()?;
            Ok(expr)
        })
    }

    /// An expression before a block: `Name {` is no struct literal in it.
    fn head(&mut self) -> Parse<Expr> {
        self.with_braces(Braces::Block, Self::expr_here)
    }

    /// An end of the range of a type, or a generic argument: sums, products and what binds tighter.
    pub(super) fn bound(&mut self) -> Parse<Expr> {
        self.with_braces(Braces::Block, |parser| parser.nested(|parser| parser.binary(BinaryOp::Add.precedence())))
    }

    /// An expression or an assignment: a statement, the body of a `match` arm or of a closure.
    pub(super) fn effect(&mut self) -> Parse<Expr> {
        self.with_braces(Braces::Literal, |parser| {
            let place = parser.leading_expr()?;
            parser.assignment(place)
        })
    }

    pub(super) fn with_braces<T>(&mut self, braces: Braces, inner: impl FnOnce(&mut Self) -> Parse<T>) -> Parse<T> {
        let outer = std::mem::replace(&mut self.braces, braces);
        let result = inner(self);
        self.braces = outer;
        result
    }

    /// Whether the token here can begin an expression.
    pub(super) fn starts_operand(&self) -> bool {
        use TokenKind as T;
        match self.kind() {
            T::OpenBrace => self.braces == Braces::Literal,
            T::Ident | T::Int | T::Decimal | T::Str | T::ByteStr | T::Byte | T::True | T::False => true,
            T::OpenParen | T::OpenBracket | T::Minus | T::Not | T::Or | T::OrOr => true,
            T::If | T::Match | T::For | T::Break | T::Continue | T::Return => true,
            _ => false,
        }
    }

    pub(super) fn expr_here(&mut self) -> Parse<Expr> {
        self.nested(|parser| {
            let start = parser.span();
            let lower = if parser.at_range() { None } else { Some(parser.binary(0)?) };
            parser.range(start, lower)
        })
    }

    /// At the beginning of a statement, `if`, `match`, `for` and blocks end where their block ends.
    fn leading_expr(&mut self) -> Parse<Expr> {
        let start = self.span();
        if !matches!(self.kind(), TokenKind::If | TokenKind::Match | TokenKind::For | TokenKind::OpenBrace) {
            return self.expr_here();
        }
        self.subtree(|parser| {
            let expr = parser.primary()?;
            if parser.kind() != TokenKind::Dot {
                return Ok(expr);
            }
            let left = parser.postfix_chain(start, expr)?;
            let left = parser.binary_after(left, 0)?;
            parser.range(start, Some(left))
        })
    }

    fn assignment(&mut self, place: Expr) -> Parse<Expr> {
        let op_span = self.span();
        let op = match self.kind() {
            TokenKind::Eq => None,
            kind => match compound_op(kind) {
                Some(op) => Some(op),
                None => return Ok(place),
            },
        };
        self.bump();
        let value = Box::new(self.expr_here()?);
        let (span, place) = (place.span.to(value.span), Box::new(place));
        let kind = match op {
            None => ExprKind::Assign { place, value },
            Some(op) => ExprKind::CompoundAssign { place, op, op_span, value },
        };
        Ok(Expr { kind, span })
    }

    fn at_range(&self) -> bool {
        matches!(self.kind(), TokenKind::DotDot | TokenKind::DotDotEq | TokenKind::DotDotDot)
    }

    /// `lower..upper` after `lower`, if it is a range.
    #[inline(never)]
    fn range(&mut self, start: Span, lower: Option<Expr>) -> Parse<Expr> {
        if !self.at_range() {
            return lower.ok_or(Reported);
        }
        let operator = self.bump();
        if operator.kind == TokenKind::DotDotDot {
            self.report(three_dots(operator.span));
        }
        let inclusive = operator.kind != TokenKind::DotDot;
        let end = if self.starts_operand() { Some(Box::new(self.binary(0)?)) } else { None };
        if inclusive && end.is_none() {
            return self.unexpected("the last value of the range");
        }
        let kind = ExprKind::Range { start: lower.map(Box::new), end, inclusive };
        Ok(Expr { kind, span: self.span_since(start) })
    }

    /// Operands joined by operators that bind at least as tightly as `min`.
    fn binary(&mut self, min: u8) -> Parse<Expr> {
        self.subtree(|parser| {
            let left = parser.unary()?;
            parser.binary_after(left, min)
        })
    }

    fn binary_after(&mut self, mut left: Expr, min: u8) -> Parse<Expr> {
        loop {
            if self.kind() == TokenKind::As {
                left = self.as_cast(left)?;
                continue;
            }
            if self.increment(&left) {
                return Ok(Expr { kind: ExprKind::Error, span: self.span_since(left.span) });
            }
            if min == 0 && self.at_conditional() {
                return self.conditional_after(&left);
            }
            let Some(op) = self.binary_op().filter(|op| op.precedence() >= min) else { return Ok(left) };
            if op == BinaryOp::And && self.kind_ahead(1) == TokenKind::Let {
                return Ok(left);
            }
            if self.kind() == TokenKind::Ident {
                let error = self.word_operator(op.symbol());
                self.report(error);
            }
            let op_span = self.bump().span;
            let before = self.measure_apart();
            let operand = self.nested(|parser| parser.binary(op.precedence() + 1))?;
            left = self.join(left, before, BinaryStep { op, op_span, operand })?;
        }
    }

    /// `left op operand`, where `left` is `depth` deep, as one more step of a chain where `left` is one of the same precedence.
    #[inline(never)]
    fn join(&mut self, left: Expr, depth: usize, step: BinaryStep) -> Parse<Expr> {
        let span = left.span.to(step.operand.span);
        match left {
            Expr { kind: ExprKind::Binary { first, mut steps }, .. }
                if steps[0].op.precedence() == step.op.precedence() =>
            {
                if step.op.is_comparison() {
                    if !matches!(first.kind, ExprKind::Error) {
                        self.report(self.chained_comparison(&first, &steps[0], &step));
                    }
                    return Ok(Expr { kind: ExprKind::Error, span });
                }
                self.peak = self.peak.max(depth);
                steps.push(step);
                Ok(Expr { kind: ExprKind::Binary { first, steps }, span })
            }
            left => {
                self.sink(depth)?;
                Ok(Expr { kind: ExprKind::Binary { first: Box::new(left), steps: vec![step] }, span })
            }
        }
    }

    #[inline(never)]
    fn chained_comparison(&self, first: &Expr, one: &BinaryStep, two: &BinaryStep) -> Diagnostic {
        let error = Diagnostic::error(Code::ChainedComparison, "comparisons cannot stand in a row")
            .at(two.op_span, "the second comparison")
            .because(one.op_span, "the first comparison gives a `bool`");
        let text = |span| self.text_of(span);
        if one.op == BinaryOp::Lt && two.op == BinaryOp::Gt && text(two.operand.span).starts_with('(') {
            let edit = Edit { span: one.op_span.at_start(), replacement: "::".to_owned() };
            return error.fix("write `::<…>` for the types of a call", vec![edit]);
        }
        let (a, b, c) = (text(first.span), text(one.operand.span), text(two.operand.span));
        let both = format!("({a} {} {b} && {b} {} {c})", one.op.symbol(), two.op.symbol());
        error.replace("compare twice", first.span.to(two.operand.span), both)
    }

    /// The operator here, written as a symbol or as the word for it in other languages.
    fn binary_op(&self) -> Option<BinaryOp> {
        if self.kind() == TokenKind::Ident {
            let op = match self.text_of(self.span()) {
                "and" => BinaryOp::And,
                "or" => BinaryOp::Or,
                "xor" => BinaryOp::BitXor,
                "mod" => BinaryOp::Rem,
                _ => return None,
            };
            let operand =
                matches!(self.kind_ahead(1), TokenKind::Ident | TokenKind::Int | TokenKind::OpenParen | TokenKind::Not);
            return (operand && !self.at_line_start()).then_some(op);
        }
        binary_op(self.kind())
    }

    /// `x as T`: reports it and goes on with x.
    #[inline(never)]
    fn as_cast(&mut self, value: Expr) -> Parse<Expr> {
        let keyword = self.bump().span;
        let ty = self.ty()?;
        let whole = value.span.to(ty.span);
        if matches!(value.kind, ExprKind::Error) {
            return Ok(Expr { kind: ExprKind::Error, span: whole });
        }
        let (text, target) = (self.text_of(value.without_parens().span), self.text_of(ty.span));
        let error = Diagnostic::error(
            Code::AsCast,
            "Hush has no `as`: a conversion says what happens to values that do not fit",
        )
        .at(keyword, "not in the language")
        .note(
            "where every value fits, no conversion is needed: `let y: u64 = x;`, and sums of different types are exact; the \
             number of an enum's variant is `e.index()`",
        )
        .note("`wrap(x)` drops the upper bits, `saturate(x)` takes the nearest value, `try_into(x)` gives an `Option`");
        let has_width = target.strip_prefix(['u', 'i']).is_some_and(|width| width.parse::<u32>().is_ok());
        let error = match has_width {
            true => error.replace(
                "leave `as` out where every value fits; else convert by wrapping, as `as` does elsewhere",
                whole,
                format!("wrap::<{target}>({text})"),
            ),
            false => error.replace("leave it out", value.span.at_end().to(ty.span), ""),
        };
        self.report(error);
        Ok(Expr { kind: ExprKind::Error, span: whole })
    }

    /// `x++`, `x--`: reports and steps over it.
    #[inline(never)]
    fn increment(&mut self, place: &Expr) -> bool {
        let kind = self.kind();
        let twice = matches!(kind, TokenKind::Plus | TokenKind::Minus) && self.kind_ahead(1) == kind;
        let ends = matches!(self.kind_ahead(2), TokenKind::Semicolon | TokenKind::CloseBrace | TokenKind::CloseParen);
        if !twice || !ends {
            return false;
        }
        let span = self.bump().span.to(self.bump().span);
        let (symbol, instead) = if kind == TokenKind::Plus { ("++", " += 1") } else { ("--", " -= 1") };
        let error = Diagnostic::error(Code::ForeignOperator, format!("Hush has no operator `{symbol}`"))
            .at(span, "not an operator")
            .replace(format!("write `{}`", instead.trim()), Span { start: place.span.end, ..span }, instead);
        self.report(error);
        true
    }

    fn unary(&mut self) -> Parse<Expr> {
        let op_span = self.span();
        let op = match self.kind() {
            TokenKind::Minus => UnaryOp::Neg,
            TokenKind::Not => UnaryOp::Not,
            TokenKind::Or | TokenKind::OrOr => return self.closure(),
            _ => match self.foreign_prefix() {
                Some(len) => {
                    (0..len).for_each(|_| _ = self.bump());
                    return self.nested(Self::unary);
                }
                None => return self.postfix(),
            },
        };
        self.bump();
        let operand = Box::new(self.nested(Self::unary)?);
        let span = op_span.to(operand.span);
        Ok(Expr { kind: ExprKind::Unary { op, op_span, operand }, span })
    }

    /// `|a, b: T| body` or `|| body`.
    #[inline(never)]
    fn closure(&mut self) -> Parse<Expr> {
        let start = self.span();
        let mut params = Vec::new();
        if self.eat(TokenKind::OrOr).is_none() {
            self.bump();
            while self.kind() != TokenKind::Or {
                let pattern = self.pattern_single()?;
                let ty = if self.eat(TokenKind::Colon).is_some() { Some(self.ty()?) } else { None };
                params.push(ClosureParam { pattern, ty });
                if self.eat(TokenKind::Comma).is_none() {
                    break;
                }
            }
            self.expect(TokenKind::Or, "`,` or `|`")?;
        }
        let output = if self.eat(TokenKind::Arrow).is_some() { Some(self.ty()?) } else { None };
        let body = match output {
            Some(_) => {
                let block = self.block()?;
                Expr { span: block.span, kind: ExprKind::Block(block) }
            }
            None => {
                let place = self.expr_here()?;
                self.assignment(place)?
            }
        };
        Ok(Expr { kind: ExprKind::Closure { params, output, body: Box::new(body) }, span: self.span_since(start) })
    }

    fn postfix(&mut self) -> Parse<Expr> {
        self.subtree(|parser| {
            let start = parser.span();
            let expr = parser.primary()?;
            parser.postfix_chain(start, expr)
        })
    }

    /// Calls, indices and fields after `expr`.
    fn postfix_chain(&mut self, start: Span, mut expr: Expr) -> Parse<Expr> {
        loop {
            let before = self.measure_apart();
            let (next, found) = self.postfix_step(start, expr)?;
            if !found {
                self.peak = before;
                return Ok(next);
            }
            self.sink(before)?;
            expr = next;
        }
    }

    /// One call, index or field after `base`; whether there was one.
    fn postfix_step(&mut self, start: Span, base: Expr) -> Parse<(Expr, bool)> {
        let kind = match self.kind() {
            TokenKind::OpenParen => {
                let args = self.list(Self::element);
                ExprKind::Call { function: Box::new(base), args }
            }
            TokenKind::OpenBracket => ExprKind::Index { base: Box::new(base), index: Box::new(self.index()?) },
            TokenKind::Dot => self.member(base)?,
            _ => return Ok((base, false)),
        };
        Ok((Expr { kind, span: self.span_since(start) }, true))
    }

    /// `[index]`.
    #[inline(never)]
    fn index(&mut self) -> Parse<Expr> {
        let (open, empty) = (self.span(), self.at_empty_brackets());
        let mut indices = self.list(Self::element);
        match indices.len() {
            1 => Ok(indices.remove(0)),
            0 if !empty => Err(Reported),
            0 => self.fail(
                Diagnostic::error(Code::UnexpectedToken, "expected an index, found `]`")
                    .at(self.span_since(open), "expected an index"),
            ),
            _ => self.fail(
                Diagnostic::error(Code::UnexpectedToken, "an index is one value")
                    .at(self.span_since(open), "expected one value")
                    .help("write `a[i][j]` for an array of arrays"),
            ),
        }
    }

    /// `.name`, `.0` or `.method(…)`, at the dot.
    #[inline(never)]
    fn member(&mut self, base: Expr) -> Parse<ExprKind> {
        self.bump();
        let base = Box::new(base);
        let token = self.token();
        if token.kind == TokenKind::Int {
            self.bump();
            let Ok(index) = self.text_of(token.span).parse() else {
                let error = Diagnostic::error(Code::UnexpectedToken, "this is not the number of a field")
                    .at(token.span, "fields of tuples are `.0`, `.1`, …");
                return self.fail(error);
            };
            return Ok(ExprKind::TupleField { base, index, index_span: token.span });
        }
        let name = self.ident("the name of a field or method")?;
        let generic_args = match (self.kind(), self.kind_ahead(1)) {
            (TokenKind::PathSep, TokenKind::Lt) => {
                self.bump();
                Some(self.generic_args()?)
            }
            _ => None,
        };
        if self.kind() == TokenKind::OpenParen {
            let args = self.list(Self::element);
            return Ok(ExprKind::MethodCall { receiver: base, method: name, generic_args, args });
        }
        match generic_args {
            Some(_) => self.unexpected("`(`"),
            None => Ok(ExprKind::Field { base, name }),
        }
    }

    fn primary(&mut self) -> Parse<Expr> {
        let start = self.span();
        if let Some(literal) = self.literal()? {
            return Ok(Expr { kind: ExprKind::Literal(literal), span: start });
        }
        if self.foreign_statement().is_some() {
            return Err(Reported);
        }
        let kind = match self.kind() {
            TokenKind::Ident => self.path_or_struct()?,
            TokenKind::OpenParen if self.named_in_parens() => ExprKind::Record(self.list(Self::field_init)),
            TokenKind::OpenParen => self.tuple(),
            TokenKind::OpenBracket => self.array()?,
            TokenKind::OpenBrace if self.looks_like_record() => ExprKind::Record(self.list(Self::field_init)),
            TokenKind::OpenBrace => ExprKind::Block(self.block()?),
            TokenKind::If => ExprKind::If(self.if_expr()?),
            TokenKind::Match => self.match_expr()?,
            TokenKind::For => self.for_expr()?,
            TokenKind::Break => self.keyword(ExprKind::Break),
            TokenKind::Continue => self.keyword(ExprKind::Continue),
            TokenKind::Return => self.return_expr()?,
            _ => return self.unexpected("an expression"),
        };
        Ok(Expr { kind, span: self.span_since(start) })
    }

    fn keyword(&mut self, kind: ExprKind) -> ExprKind {
        self.bump();
        kind
    }

    fn return_expr(&mut self) -> Parse<ExprKind> {
        self.bump();
        let value = if self.starts_operand() { Some(Box::new(self.expr_here()?)) } else { None };
        Ok(ExprKind::Return(value))
    }

    fn tuple(&mut self) -> ExprKind {
        let empty = self.at_empty_brackets();
        let (mut values, comma) = self.list_with_comma(Self::element);
        match values.len() {
            1 if !comma => ExprKind::Paren(Box::new(values.remove(0))),
            // What stood here was malformed and has been reported.
            0 if !empty => ExprKind::Error,
            _ => ExprKind::Tuple(values),
        }
    }

    /// Whether nothing stands between the brackets that open here.
    fn at_empty_brackets(&self) -> bool {
        self.partner[self.position] as usize == self.position + 1
    }

    /// `[a, b]` or `[value; len]`.
    fn array(&mut self) -> Parse<ExprKind> {
        let (mut len, mut first) = (None, true);
        let mut values = self.list(|parser| {
            let value = parser.element()?;
            if len.is_some() {
                return parser.unexpected("`]` after the length");
            }
            if std::mem::replace(&mut first, false) && parser.eat(TokenKind::Semicolon).is_some() {
                len = Some(Box::new(parser.expr()?));
            }
            Ok(value)
        });
        match (len, values.len()) {
            (None, _) => Ok(ExprKind::Array(values)),
            (Some(len), 1) => Ok(ExprKind::Repeat { value: Box::new(values.remove(0)), len }),
            _ => Err(Reported),
        }
    }

    fn path_or_struct(&mut self) -> Parse<ExprKind> {
        let path = self.path()?;
        self.macro_mark(path.span)?;
        if self.kind() == TokenKind::OpenBrace {
            if self.braces == Braces::Literal {
                return self.struct_literal(path);
            }
            if self.looks_like_fields() {
                return self.ambiguous_struct(path);
            }
        }
        Ok(ExprKind::Path(path))
    }

    /// Names joined by `::`, with `::<…>` after any of them.
    fn path(&mut self) -> Parse<Path> {
        let start = self.span();
        let mut segments = Vec::new();
        loop {
            let name = self.ident("a name")?;
            let mut args = None;
            if self.kind() == TokenKind::PathSep && self.kind_ahead(1) == TokenKind::Lt {
                self.bump();
                args = Some(self.generic_args()?);
            }
            segments.push(PathSegment { name, args });
            if self.eat(TokenKind::PathSep).is_none() {
                return Ok(Path { segments, span: self.span_since(start) });
            }
        }
    }

    /// Whether `{ name:` follows, which no block begins with.
    fn looks_like_fields(&self) -> bool {
        matches!((self.kind_ahead(1), self.kind_ahead(2)), (TokenKind::Ident, TokenKind::Colon))
    }

    /// Whether `{ name:` or `{ name,` follows, which no block begins with.
    fn looks_like_record(&self) -> bool {
        let separator = matches!(self.kind_ahead(2), TokenKind::Colon | TokenKind::Comma);
        self.kind_ahead(1) == TokenKind::Ident && separator
    }

    #[inline(never)]
    fn ambiguous_struct(&mut self, path: Path) -> Parse<ExprKind> {
        let start = path.span;
        let literal = self.struct_literal(path);
        let span = self.span_since(start);
        let edits = vec![
            Edit { span: span.at_start(), replacement: "(".to_owned() },
            Edit { span: span.at_end(), replacement: ")".to_owned() },
        ];
        let error = Diagnostic::error(Code::AmbiguousStructLiteral, "a `{` here begins the block, not a struct")
            .at(span, "a struct where a block is expected")
            .fix("put it in parentheses", edits);
        self.report(error);
        literal
    }

    #[inline(never)]
    fn struct_literal(&mut self, path: Path) -> Parse<ExprKind> {
        let mut base = None;
        let elements = self.list(|parser| {
            if parser.eat(TokenKind::DotDot).is_some() {
                base = Some(Box::new(parser.expr()?));
                return Ok(None);
            }
            if base.is_some() {
                return parser.unexpected("`}` after the base");
            }
            parser.field_init().map(Some)
        });
        Ok(ExprKind::Struct { path, fields: elements.into_iter().flatten().collect(), base })
    }

    #[inline(never)]
    fn field_init(&mut self) -> Parse<FieldInit> {
        let start = self.span();
        let name = self.ident("the name of a field")?;
        if self.kind() == TokenKind::Eq {
            let error = Diagnostic::error(Code::UnexpectedToken, "expected `:` after the field's name, found `=`")
                .at(self.span(), "expected `:`")
                .replace("write `:`", self.previous_span().at_end().to(self.span()), ":");
            self.report(error);
            self.bump();
            self.expr()?;
            return Err(Reported);
        }
        let value = if self.eat(TokenKind::Colon).is_some() { Some(self.expr()?) } else { None };
        Ok(FieldInit { name, value, span: self.span_since(start) })
    }

    fn if_expr(&mut self) -> Parse<If> {
        let mut branches = Vec::new();
        loop {
            self.bump();
            let conditions = self.conditions()?;
            let body = self.block()?;
            branches.push(Branch { conditions, body });
            if self.foreign_else() {
                continue;
            }
            if self.eat(TokenKind::Else).is_none() {
                return Ok(If { branches, otherwise: None });
            }
            if self.kind() != TokenKind::If {
                return Ok(If { branches, otherwise: Some(self.block()?) });
            }
        }
    }

    /// `elif`: reports it; the loop takes it for `else if`.
    fn foreign_else(&mut self) -> bool {
        let word = matches!(self.word_ahead(0), Some("elif" | "elsif" | "elseif"));
        word && self.foreign_statement().is_some()
    }

    /// One condition, or several joined by `&&` where a `let` is among them.
    fn conditions(&mut self) -> Parse<Vec<Condition>> {
        let mut conditions = Vec::new();
        loop {
            conditions.push(self.condition()?);
            self.with_braces(Braces::Block, Self::assignment_here)?;
            if self.eat(TokenKind::AndAnd).is_none() {
                return Ok(conditions);
            }
        }
    }

    #[inline(never)]
    fn condition(&mut self) -> Parse<Condition> {
        let start = self.span();
        if self.eat(TokenKind::Let).is_none() {
            return Ok(Condition::Expr(self.head()?));
        }
        let pattern = self.pattern()?;
        self.expect(TokenKind::Eq, "`=` and the value to match")?;
        let tighter = BinaryOp::And.precedence() + 1;
        let value = self.with_braces(Braces::Block, |parser| parser.nested(|parser| parser.binary(tighter)))?;
        Ok(Condition::Let { pattern, value, span: self.span_since(start) })
    }

    #[inline(never)]
    fn match_expr(&mut self) -> Parse<ExprKind> {
        self.bump();
        let scrutinee = Box::new(self.head()?);
        if self.kind() != TokenKind::OpenBrace {
            return self.unexpected("`{` and the arms of the `match`");
        }
        let arms = self.nested(|parser| Ok(parser.arms()))?;
        Ok(ExprKind::Match { scrutinee, arms })
    }

    fn arms(&mut self) -> Vec<Arm> {
        let end = self.partner[self.position] as usize;
        self.bump();
        let mut arms = Vec::new();
        while self.position < end {
            match self.arm(end) {
                Ok(arm) => arms.push(arm),
                Err(Reported) => self.skip_to(end, |kind| kind == TokenKind::Comma),
            }
            self.eat(TokenKind::Comma);
        }
        self.position = end + 1;
        arms
    }

    #[inline(never)]
    fn arm(&mut self, end: usize) -> Parse<Arm> {
        let start = self.span();
        let pattern = self.pattern()?;
        let guard = if self.eat(TokenKind::If).is_some() { Some(self.expr()?) } else { None };
        let wrong = [TokenKind::Colon, TokenKind::Arrow, TokenKind::Eq];
        self.expect_or(TokenKind::FatArrow, "`=>` and what this arm gives", &wrong)?;
        let body = self.effect()?;
        if self.position < end && self.kind() != TokenKind::Comma && !body.is_block_like() {
            if self.at_line_start() {
                self.missing_arm_comma();
            } else {
                self.missing_comma(end);
                return Err(Reported);
            }
        }
        Ok(Arm { pattern, guard, body, span: self.span_since(start) })
    }

    fn missing_arm_comma(&mut self) {
        let end = self.previous_span().at_end();
        let error = Diagnostic::error(Code::UnexpectedToken, "expected `,` after this arm")
            .at(end, "expected `,`")
            .replace("add the comma", end, ",");
        self.report(error);
    }

    #[inline(never)]
    fn for_expr(&mut self) -> Parse<ExprKind> {
        self.bump();
        if self.foreign_for() {
            self.block()?;
            return Ok(ExprKind::Error);
        }
        let pattern = Box::new(self.pattern_single()?);
        self.expect(TokenKind::In, "`in` and what the loop goes over")?;
        let iterable = Box::new(self.head()?);
        let body = self.block()?;
        Ok(ExprKind::For { pattern, iterable, body })
    }

    pub(super) fn block(&mut self) -> Parse<Block> {
        if self.kind() != TokenKind::OpenBrace {
            return self.block_without_braces(true);
        }
        self.with_braces(Braces::Literal, |parser| parser.nested(|parser| Ok(parser.block_here())))
    }
}

pub(super) fn three_dots(span: Span) -> Diagnostic {
    Diagnostic::error(Code::ForeignOperator, "Hush has no operator `...`").at(span, "not an operator").replace(
        "write `..=` to include the last value, `..` to leave it out",
        span,
        "..=",
    )
}

fn binary_op(kind: TokenKind) -> Option<BinaryOp> {
    use TokenKind as T;
    Some(match kind {
        T::Plus => BinaryOp::Add,
        T::Minus => BinaryOp::Sub,
        T::Star => BinaryOp::Mul,
        T::Slash => BinaryOp::Div,
        T::Percent => BinaryOp::Rem,
        T::AddWrap => BinaryOp::AddWrap,
        T::SubWrap => BinaryOp::SubWrap,
        T::MulWrap => BinaryOp::MulWrap,
        T::AddSat => BinaryOp::AddSat,
        T::SubSat => BinaryOp::SubSat,
        T::MulSat => BinaryOp::MulSat,
        T::Shl => BinaryOp::Shl,
        T::ShlWrap => BinaryOp::ShlWrap,
        T::Shr => BinaryOp::Shr,
        T::And => BinaryOp::BitAnd,
        T::Caret => BinaryOp::BitXor,
        T::Or => BinaryOp::BitOr,
        T::EqEq => BinaryOp::Eq,
        T::NotEq => BinaryOp::Ne,
        T::Lt => BinaryOp::Lt,
        T::LtEq => BinaryOp::Le,
        T::Gt => BinaryOp::Gt,
        T::GtEq => BinaryOp::Ge,
        T::AndAnd => BinaryOp::And,
        T::OrOr => BinaryOp::Or,
        _ => return None,
    })
}

fn compound_op(kind: TokenKind) -> Option<BinaryOp> {
    use TokenKind as T;
    Some(match kind {
        T::PlusEq => BinaryOp::Add,
        T::MinusEq => BinaryOp::Sub,
        T::StarEq => BinaryOp::Mul,
        T::SlashEq => BinaryOp::Div,
        T::PercentEq => BinaryOp::Rem,
        T::AddWrapEq => BinaryOp::AddWrap,
        T::SubWrapEq => BinaryOp::SubWrap,
        T::MulWrapEq => BinaryOp::MulWrap,
        T::AddSatEq => BinaryOp::AddSat,
        T::SubSatEq => BinaryOp::SubSat,
        T::MulSatEq => BinaryOp::MulSat,
        T::ShlEq => BinaryOp::Shl,
        T::ShlWrapEq => BinaryOp::ShlWrap,
        T::ShrEq => BinaryOp::Shr,
        T::AndEq => BinaryOp::BitAnd,
        T::CaretEq => BinaryOp::BitXor,
        T::OrEq => BinaryOp::BitOr,
        _ => return None,
    })
}
