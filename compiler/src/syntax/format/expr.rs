//! Expressions, statements and blocks.

use std::borrow::Cow;

use super::comments::Blanks;
use super::doc::{Doc, concat, fill, group, hardline, if_broken, line, nest, nil, softline, text};
use super::item::item_span;
use super::{BRACES, Formatter, PARENS, SQUARE, ident};
use crate::source::Span;
use crate::syntax::ast::{
    Arm, BinaryStep, Block, ClosureParam, Condition, Expr, ExprKind, FieldInit, GenericArgs, Ident, If, Let, Literal,
    Path, Stmt, StmtKind, Type,
};

impl<'a> Formatter<'a> {
    pub(super) fn expr(&mut self, expr: &Expr) -> Doc<'a> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Literal(_) | ExprKind::Error => text(self.source(span)),
            ExprKind::Path(path) => self.path(path, true),
            ExprKind::Struct { path, fields, base } => self.struct_literal(path, fields, base.as_deref(), span),
            ExprKind::Record(fields) => self.record(fields, span),
            ExprKind::Tuple(values) => self.tuple(values, span),
            ExprKind::Array(values) => self.array(values, span),
            ExprKind::Repeat { value, len } => {
                concat(vec![text("["), self.expr(value), text("; "), self.expr(len), text("]")])
            }
            ExprKind::Paren(inner) => self.paren(inner),
            ExprKind::Block(block) => self.block(block),
            ExprKind::If(branches) => self.if_expr(branches, false),
            ExprKind::Match { scrutinee, arms } => self.match_expr(scrutinee, arms, span),
            ExprKind::For { pattern, iterable, body } => {
                let head =
                    vec![text("for "), self.pattern_single(pattern), text(" in "), self.expr(iterable), text(" ")];
                concat(vec![concat(head), self.tall_block(body)])
            }
            ExprKind::Break => text("break"),
            ExprKind::Continue => text("continue"),
            ExprKind::Return(None) => text("return"),
            ExprKind::Return(Some(value)) => concat(vec![text("return "), self.expr(value)]),
            ExprKind::Assign { place, value } => concat(vec![self.expr(place), text(" ="), self.after_equals(value)]),
            ExprKind::CompoundAssign { place, op, value, .. } => {
                concat(vec![self.expr(place), text(format!(" {}=", op.symbol())), self.after_equals(value)])
            }
            ExprKind::Unary { op, operand, .. } => concat(vec![text(op.symbol()), self.expr(operand)]),
            ExprKind::Binary { first, steps } => self.chain(first, steps),
            ExprKind::Range { start, end, inclusive } => self.range(start.as_deref(), end.as_deref(), *inclusive),
            ExprKind::Index { .. }
            | ExprKind::Field { .. }
            | ExprKind::TupleField { .. }
            | ExprKind::MethodCall { .. }
            | ExprKind::Call { .. } => self.postfix(expr),
            ExprKind::Closure { params, output, body } => self.closure(params, output.as_ref(), body),
        }
    }

    /// A value after `=`: on the same line if it can be broken within itself.
    pub(super) fn after_equals(&mut self, value: &Expr) -> Doc<'a> {
        let own_breaks = !matches!(value.kind, ExprKind::Path(_) | ExprKind::Literal(_) | ExprKind::Unary { .. });
        let doc = self.expr(value);
        if own_breaks { concat(vec![text(" "), doc]) } else { group(nest(concat(vec![line(), doc]))) }
    }

    fn paren(&mut self, inner: &Expr) -> Doc<'a> {
        let doc = self.expr(inner);
        if hugs(inner) {
            return concat(vec![text("("), doc, text(")")]);
        }
        group(concat(vec![text("("), nest(concat(vec![softline(), doc])), softline(), text(")")]))
    }

    fn struct_literal(&mut self, path: &Path, fields: &[FieldInit], base: Option<&Expr>, span: Span) -> Doc<'a> {
        concat(vec![self.path(path, true), text(" "), self.field_inits(fields, base, span)])
    }

    /// A lone `{ x }` would be a block, so a record of one such field keeps its comma.
    fn record(&mut self, fields: &[FieldInit], span: Span) -> Doc<'a> {
        match fields {
            [FieldInit { name, value: None, .. }] => concat(vec![text("{ "), ident(name), text(", }")]),
            _ => self.field_inits(fields, None, span),
        }
    }

    fn field_inits(&mut self, fields: &[FieldInit], base: Option<&Expr>, span: Span) -> Doc<'a> {
        let mut elements: Vec<(Span, Option<&FieldInit>)> =
            fields.iter().map(|field| (field.span, Some(field))).collect();
        elements.extend(base.map(|base| (base.span, None)));
        self.list(
            BRACES,
            &elements,
            span.end - 1,
            |(span, _)| *span,
            |formatter, (_, field)| match (field, base) {
                (Some(field), _) => formatter.field_init(field),
                (None, Some(base)) => concat(vec![text(".."), formatter.expr(base)]),
                (None, None) => nil(),
            },
        )
    }

    fn field_init(&mut self, field: &FieldInit) -> Doc<'a> {
        match &field.value {
            None => ident(&field.name),
            Some(value) => concat(vec![ident(&field.name), text(":"), self.after_equals(value)]),
        }
    }

    fn tuple(&mut self, values: &[Expr], span: Span) -> Doc<'a> {
        match values {
            [only] => concat(vec![text("("), self.expr(only), text(",)")]),
            _ => self.list(PARENS, values, span.end - 1, |value| value.span, Self::expr),
        }
    }

    fn array(&mut self, values: &[Expr], span: Span) -> Doc<'a> {
        let plain = values.len() > 1 && values.iter().all(is_number) && !self.comments.any_before(span.end);
        if !plain {
            return self.list(SQUARE, values, span.end - 1, |value| value.span, Self::expr);
        }
        let words = values.iter().enumerate().map(|(i, value)| {
            let comma = if i + 1 < values.len() { "," } else { "" };
            Cow::Owned(format!("{}{comma}", self.source(value.span)))
        });
        let words = concat(vec![softline(), fill(words.collect()), if_broken(",")]);
        group(concat(vec![text("["), nest(words), softline(), text("]")]))
    }

    fn chain(&mut self, first: &Expr, steps: &[BinaryStep]) -> Doc<'a> {
        let head = self.expr(first);
        let mut end = first.span.end;
        let mut parts = Vec::new();
        for step in steps {
            let (inline, at_end) = self.comments.after_operand(end, step.op_span.start);
            parts.extend([inline, at_end, line()]);
            let operand = step.operand.span.start;
            let before = if self.comments.inline_before(operand) { step.op_span.start } else { operand };
            parts.push(self.comments.leading(before, Blanks::Never));
            parts.push(text(format!("{} ", step.op.symbol())));
            parts.push(self.comments.leading(operand, Blanks::Never));
            parts.push(self.expr(&step.operand));
            end = step.operand.span.end;
        }
        group(concat(vec![head, nest(concat(parts))]))
    }

    fn range(&mut self, start: Option<&Expr>, end: Option<&Expr>, inclusive: bool) -> Doc<'a> {
        let mut parts = Vec::new();
        parts.extend(start.map(|start| self.expr(start)));
        parts.push(text(if inclusive { "..=" } else { ".." }));
        parts.extend(end.map(|end| self.expr(end)));
        concat(parts)
    }

    /// Calls, fields and indices: a long chain of method calls has each on its own line.
    fn postfix(&mut self, expr: &Expr) -> Doc<'a> {
        let mut links = Vec::new();
        let mut base = expr;
        while let Some(inner) = base_of(base) {
            links.push(base);
            base = inner;
        }
        links.reverse();
        let n_calls = links.iter().filter(|link| matches!(link.kind, ExprKind::MethodCall { .. })).count();
        let head = self.expr(base);
        let mut parts = Vec::new();
        // `0.0` would be another number.
        let number = matches!(base.kind, ExprKind::Literal(Literal::Int(_)));
        let apart = number && links.first().is_some_and(|link| matches!(link.kind, ExprKind::TupleField { .. }));
        parts.push(text(if apart { " " } else { "" }));
        for link in links {
            let break_here = n_calls > 1 && matches!(link.kind, ExprKind::MethodCall { .. });
            parts.push(if break_here { softline() } else { nil() });
            parts.push(self.link(link));
        }
        let parts = concat(parts);
        if n_calls > 1 { group(concat(vec![head, nest(parts)])) } else { concat(vec![head, parts]) }
    }

    fn link(&mut self, link: &Expr) -> Doc<'a> {
        let end = link.span.end - 1;
        match &link.kind {
            ExprKind::Index { index, .. } => concat(vec![text("["), self.expr(index), text("]")]),
            ExprKind::Field { name, .. } => concat(vec![text("."), ident(name)]),
            ExprKind::TupleField { index, .. } => text(format!(".{index}")),
            ExprKind::MethodCall { method, generic_args, args, .. } => {
                self.method_call(method, generic_args.as_ref(), args, end)
            }
            ExprKind::Call { args, .. } => self.args(args, end),
            _ => nil(),
        }
    }

    fn method_call(&mut self, method: &Ident, generics: Option<&GenericArgs>, args: &[Expr], end: u32) -> Doc<'a> {
        let mut parts = vec![text("."), ident(method)];
        if let Some(generics) = generics {
            parts.extend([text("::"), self.generic_args(generics)]);
        }
        parts.push(self.args(args, end));
        concat(parts)
    }

    /// Arguments. A last one that has brackets of its own is not indented again.
    fn args(&mut self, args: &[Expr], end: u32) -> Doc<'a> {
        let hug = match args {
            [] => false,
            [only] => hugs(only),
            [.., last] => hugs_last(last),
        };
        if !hug || self.comments.any_before(end) {
            return self.list(PARENS, args, end, |arg| arg.span, Self::expr);
        }
        let mut parts = vec![text("(")];
        for (i, arg) in args.iter().enumerate() {
            parts.push(text(if i > 0 { ", " } else { "" }));
            parts.push(self.expr(arg));
        }
        parts.push(text(")"));
        concat(parts)
    }

    fn closure(&mut self, params: &[ClosureParam], output: Option<&Type>, body: &Expr) -> Doc<'a> {
        let mut parts = vec![text("|")];
        for (i, param) in params.iter().enumerate() {
            parts.push(text(if i > 0 { ", " } else { "" }));
            parts.push(self.pattern_single(&param.pattern));
            if let Some(ty) = &param.ty {
                parts.extend([text(": "), self.ty(ty)]);
            }
        }
        parts.push(text("| "));
        if let Some(output) = output {
            parts.extend([text("-> "), self.ty(output), text(" ")]);
        }
        parts.push(self.expr(body));
        concat(parts)
    }

    fn if_expr(&mut self, branches: &If, statement: bool) -> Doc<'a> {
        let wide = !statement && branches.otherwise.is_some() && {
            let blocks = branches.branches.iter().map(|branch| &branch.body).chain(&branches.otherwise);
            blocks.clone().all(|block| self.is_short(block))
        };
        let mut parts = Vec::new();
        for (i, branch) in branches.branches.iter().enumerate() {
            parts.push(text(if i > 0 { " else if " } else { "if " }));
            parts.push(self.conditions(&branch.conditions));
            parts.push(if wide { self.open_block(&branch.body) } else { self.tall_block(&branch.body) });
        }
        if let Some(block) = &branches.otherwise {
            parts.push(text(" else "));
            parts.push(if wide { self.open_block(block) } else { self.tall_block(block) });
        }
        group(concat(parts))
    }

    /// The conditions and the space before the block, which is a new line where they take several.
    fn conditions(&mut self, conditions: &[Condition]) -> Doc<'a> {
        let mut parts = Vec::new();
        for (i, condition) in conditions.iter().enumerate() {
            if i > 0 {
                parts.extend([line(), text("&& ")]);
            }
            parts.push(match condition {
                Condition::Expr(expr) => self.expr(expr),
                Condition::Let { pattern, value, .. } => {
                    concat(vec![text("let "), self.pattern(pattern), text(" = "), self.expr(value)])
                }
            });
        }
        let conditions_alone = conditions.len() == 1;
        let parts = concat(parts);
        group(concat(vec![if conditions_alone { parts } else { nest(parts) }, line()]))
    }

    fn match_expr(&mut self, scrutinee: &Expr, arms: &[Arm], span: Span) -> Doc<'a> {
        let head = concat(vec![text("match "), self.expr(scrutinee), text(" ")]);
        let body = self.body(
            arms,
            span.end - 1,
            |arm| arm.span,
            Self::arm,
            |arm| !matches!(arm.body.kind, ExprKind::Block(_)),
        );
        concat(vec![head, body])
    }

    fn arm(&mut self, arm: &Arm) -> Doc<'a> {
        let mut parts = vec![self.pattern(&arm.pattern)];
        if let Some(guard) = &arm.guard {
            parts.extend([text(" if "), self.expr(guard)]);
        }
        parts.push(text(" =>"));
        parts.push(match &arm.body.kind {
            ExprKind::Block(block) => concat(vec![text(" "), self.tall_block(block)]),
            _ => self.after_equals(&arm.body),
        });
        concat(parts)
    }

    // Blocks and statements.

    /// Whether a block is one value without comments, so that it may stand on one line.
    fn is_short(&self, block: &Block) -> bool {
        block.statements.is_empty() && block.value.is_some() && !self.comments.any_before(block.span.end)
    }

    /// A block, on one line if it is short and fits.
    fn block(&mut self, block: &Block) -> Doc<'a> {
        if self.is_short(block) { group(self.open_block(block)) } else { self.tall_block(block) }
    }

    /// A short block that is broken with the group that it stands in.
    fn open_block(&mut self, block: &Block) -> Doc<'a> {
        let value = block.value.as_ref().map_or_else(nil, |value| self.expr(value));
        concat(vec![text("{"), nest(concat(vec![line(), value])), line(), text("}")])
    }

    /// A block with its braces on lines of their own.
    pub(super) fn tall_block(&mut self, block: &Block) -> Doc<'a> {
        let mut parts = Vec::new();
        for stmt in &block.statements {
            parts.push(hardline());
            parts.push(self.comments.leading(stmt_span(stmt).start, Blanks::kept_after(parts.len() > 1)));
            parts.push(self.stmt(stmt));
            let (inline, at_end) = self.comments.trailing(stmt.span.end);
            parts.extend([inline, at_end]);
        }
        if let Some(value) = &block.value {
            parts.push(hardline());
            parts.push(self.comments.leading(value.span.start, Blanks::kept_after(!block.statements.is_empty())));
            parts.push(self.effect(value));
            let (inline, at_end) = self.comments.trailing(value.span.end);
            parts.extend([inline, at_end]);
        }
        if let Some(comments) = self.comments.own_lines_after(block.span.end - 1, !parts.is_empty()) {
            parts.extend([hardline(), comments]);
        }
        if parts.is_empty() {
            return text("{}");
        }
        concat(vec![text("{"), nest(concat(parts)), hardline(), text("}")])
    }

    fn stmt(&mut self, stmt: &Stmt) -> Doc<'a> {
        match &stmt.kind {
            StmtKind::Let(statement) => self.let_statement(statement),
            StmtKind::Expr { expr, semicolon } => {
                concat(vec![self.effect(expr), text(if *semicolon { ";" } else { "" })])
            }
            StmtKind::Item(item) => self.item(item),
        }
    }

    /// An expression in the place of a statement: blocks are tall there.
    fn effect(&mut self, expr: &Expr) -> Doc<'a> {
        match &expr.kind {
            ExprKind::Block(block) => self.tall_block(block),
            ExprKind::If(branches) => self.if_expr(branches, branches.otherwise.is_none()),
            _ => self.expr(expr),
        }
    }

    fn let_statement(&mut self, statement: &Let) -> Doc<'a> {
        let mut parts = vec![text("let "), self.pattern(&statement.pattern)];
        if let Some(ty) = &statement.ty {
            parts.extend([text(": "), self.ty(ty)]);
        }
        parts.extend([text(" ="), self.after_equals(&statement.value)]);
        if let Some(otherwise) = &statement.otherwise {
            parts.extend([text(" else "), self.block(otherwise)]);
        }
        parts.push(text(";"));
        concat(parts)
    }
}

/// A statement with its documentation.
fn stmt_span(stmt: &Stmt) -> Span {
    match &stmt.kind {
        StmtKind::Item(item) => item_span(item),
        _ => stmt.span,
    }
}

/// What a call, field or index is applied to.
fn base_of(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Index { base, .. } | ExprKind::Field { base, .. } | ExprKind::TupleField { base, .. } => Some(base),
        ExprKind::MethodCall { receiver, .. } => Some(receiver),
        ExprKind::Call { function, .. } => Some(function),
        _ => None,
    }
}

fn is_number(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(literal) => !matches!(literal, Literal::Str(_) | Literal::ByteStr(_)),
        ExprKind::Unary { operand, .. } => matches!(operand.kind, ExprKind::Literal(_)),
        _ => false,
    }
}

/// Whether an only argument stands close to its parentheses.
fn hugs(expr: &Expr) -> bool {
    matches!(
        expr.kind,
        ExprKind::Struct { .. }
            | ExprKind::Array(_)
            | ExprKind::Tuple(_)
            | ExprKind::Block(_)
            | ExprKind::Match { .. }
            | ExprKind::Closure { .. }
    )
}

/// Whether a last argument among others does.
fn hugs_last(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Closure { body, .. } => matches!(body.kind, ExprKind::Block(_) | ExprKind::Match { .. }),
        _ => false,
    }
}
