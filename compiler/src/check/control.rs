//! `if`, `match` and `for`.

use num_bigint::BigInt;

use super::body::{Body, Why};
use super::builtin::block;
use super::exhaustive;
use super::expr::int;
use super::missing::Open;
use super::operator::{no_branch, node};
use super::pattern::nothing;
use super::types::{Fits, is_int, unit};
use crate::diagnostic::{Code, Diagnostic, Edit};
use crate::hir::{Arm, BinaryOp, Expr, ExprKind, For, LocalId, Over, Pattern, Stmt, Ty};
use crate::source::Span;
use crate::syntax::ast::{self, Condition, ExprKind as Ast};

/// `else if` in a row before they become arms of one `match`, so that the tree stays shallow.
const ELSE_IFS_MAX: usize = 64;

/// The values of several branches, and the type that they join to.
struct Branches<'t> {
    want: Option<&'t Ty>,
    joined: Ty,
    first: Option<Span>,
    /// What they are branches of: `if`, `match`.
    what: &'static str,
}

impl<'a> Body<'_, 'a> {
    pub(super) fn if_(&mut self, ast: &'a ast::If, want: Option<&Ty>, span: Span) -> Expr {
        let unit_ty = unit();
        let (given, outer) = (ast.otherwise.is_some(), want);
        let want = if given { want } else { Some(&unit_ty) };
        let mut lacks_else = false;
        let mut branches = Branches { want, joined: Ty::Never, first: None, what: "if" };
        let mut checked: Vec<(Vec<Part>, Expr)> = Vec::with_capacity(ast.branches.len());
        for branch in &ast.branches {
            let n_names = self.names.len();
            let mut parts = Vec::with_capacity(branch.conditions.len());
            let mut rests = Vec::new();
            for condition in &branch.conditions {
                let part = self.part(condition, &rests);
                rests.extend(self.rest_lets());
                parts.push(part);
            }
            let body = match given {
                true => self.block(&branch.body, want),
                false => self.one_armed(&branch.body, outer, span).unwrap_or_else(|| {
                    lacks_else = true;
                    self.error(span)
                }),
            };
            self.names.truncate(n_names);
            let body = self.branch(&mut branches, body, branch.body.span);
            checked.push((parts, block(rests, body)));
        }
        let otherwise = match &ast.otherwise {
            Some(block) => {
                let value = self.block(block, want);
                self.branch(&mut branches, value, block.span)
            }
            None => {
                let value = no_branch(span);
                self.branch(&mut branches, value, span)
            }
        };
        if lacks_else {
            return self.error(span);
        }
        let ty = branches.joined;
        let mut fit = |body: Expr| self.fit(body, &ty, &Why::plain());
        let checked: Vec<_> = checked.into_iter().map(|(parts, body)| (parts, fit(body))).collect();
        let otherwise = fit(otherwise);
        if checked.len() > ELSE_IFS_MAX && checked.iter().all(|(parts, _)| plain(parts)) {
            return flat_if(checked, otherwise, ty, span);
        }
        let build = |otherwise, (parts, body)| self.conditional(parts, body, otherwise, &ty, span);
        checked.into_iter().rev().fold(otherwise, build)
    }

    /// The body of an `if` without `else`, which gives nothing; reported if it gives something. `want` is what the `if` is to give.
    fn one_armed(&mut self, block: &'a ast::Block, want: Option<&Ty>, whole: Span) -> Option<Expr> {
        let value = self.block(block, Some(&unit()));
        if value.ty == Ty::Never || value.ty == unit() {
            return Some(value);
        }
        let found = self.type_name(&value.ty);
        let at = block.value.as_ref().map_or(block.span, |value| value.span);
        let error =
            Diagnostic::error(Code::MissingElse, format!("an `if` without `else` gives nothing, found `{found}`"))
                .at(at, format!("this is `{found}`"));
        let other = want.filter(|ty| **ty != unit()).and_then(|ty| self.sample(ty));
        let returned = self.ret.as_ref().filter(|_| self.inlined.is_empty()).map(|(ty, _)| ty);
        let returned = returned.is_some_and(|ty| self.checker.types.fits(&value.ty, ty) != Fits::Never);
        self.report(match other {
            Some(value) => {
                error.replace("add an `else`, with a value of your own", whole.at_end(), format!(" else {{ {value} }}"))
            }
            None if want.is_some_and(|ty| *ty != unit()) => {
                error.help("add an `else` with the value for when the condition does not hold")
            }
            None if returned => error.fix(
                "return it, or add an `else` with another value",
                vec![
                    Edit { span: at.at_start(), replacement: "return ".to_owned() },
                    Edit { span: at.at_end(), replacement: ";".to_owned() },
                ],
            ),
            None => error.replace("drop the value, or add an `else` with another", at.at_end(), ";"),
        });
        None
    }

    /// Takes a branch's value into the common type.
    fn branch(&mut self, branches: &mut Branches<'_>, value: Expr, span: Span) -> Expr {
        if let Some(want) = branches.want {
            let value = self.fit(value, want, &Why::plain());
            if value.ty != Ty::Never {
                branches.joined = want.clone();
            }
            return value;
        }
        if let Some(ty) = self.join(&branches.joined, &value.ty) {
            branches.joined = ty;
            if value.ty != Ty::Never {
                branches.first = branches.first.or(Some(tail_span(&value)));
            }
            return value;
        }
        let (found, wanted) = (self.type_name(&value.ty), self.type_name(&branches.joined));
        let mut error = Diagnostic::error(
            Code::TypeMismatch,
            format!("the branches of this `{}` differ: expected `{wanted}`, found `{found}`", branches.what),
        );
        error = error.at(tail_span(&value), format!("this is `{found}`"));
        if let Some(first) = branches.first {
            error = error.because(first, format!("this is `{wanted}`"));
        }
        self.fail(span, error.help("make all branches give the same type"))
    }

    /// One condition; `rests` are variables that those before it bind.
    fn part(&mut self, condition: &'a Condition, rests: &[Stmt]) -> Part {
        match condition {
            Condition::Expr(expr) => {
                let value = self.expr(expr, None);
                Part::Holds(block(rests.to_vec(), self.condition_value(value, "if")))
            }
            Condition::Let { pattern, value, .. } => {
                let value = self.expr(value, None);
                let pattern = self.pattern(pattern, &value.ty);
                Part::Matches(pattern, block(rests.to_vec(), value))
            }
        }
    }

    /// `if parts { then } else { otherwise }`; `otherwise` occurs once.
    fn conditional(&mut self, mut parts: Vec<Part>, then: Expr, otherwise: Expr, ty: &Ty, span: Span) -> Expr {
        let lets = parts.iter().filter(|part| matches!(part, Part::Matches(..))).count();
        let first_is_let = matches!(parts.first(), Some(Part::Matches(..)));
        let kind = match lets {
            0 => ExprKind::If(Box::new(all(parts, span)), Box::new(then), Box::new(otherwise)),
            1 if first_is_let => {
                let Part::Matches(pattern, value) = parts.remove(0) else { return then };
                let guard = (!parts.is_empty()).then(|| all(parts, span));
                let arms = vec![
                    Arm { pattern, guard, body: then },
                    Arm { pattern: Pattern::Any, guard: None, body: otherwise },
                ];
                ExprKind::Match(Box::new(value), arms)
            }
            _ => return self.several_lets(parts, then, otherwise, ty, span),
        };
        Expr { kind, ty: ty.clone(), span }
    }

    /// First an `Option` of what the patterns bind, then one `match` on it.
    fn several_lets(&mut self, parts: Vec<Part>, then: Expr, otherwise: Expr, ty: &Ty, span: Span) -> Expr {
        let mut locals = Vec::new();
        parts.iter().for_each(|part| {
            if let Part::Matches(pattern, _) = part {
                bound(pattern, &mut locals)
            }
        });
        let reads: Vec<Expr> = locals.iter().map(|local| self.read(*local, span)).collect();
        let payload = Ty::Tuple(reads.iter().map(|read| read.ty.clone()).collect());
        let option = self.checker.types.option(&payload);
        let tuple = |kind, ty: Ty| Expr { kind, ty, span };
        let some =
            |value: Expr| Box::new(tuple(ExprKind::Aggregate(vec![value.clone()]), Ty::Tuple([value.ty].into())));
        let none = || Expr { kind: ExprKind::Variant(0, Box::new(nothing(span))), ty: option.clone(), span };
        let bindings = tuple(ExprKind::Aggregate(reads), payload.clone());
        let mut found = Expr { kind: ExprKind::Variant(1, some(bindings)), ty: option.clone(), span };
        for part in parts.into_iter().rev() {
            let kind = match part {
                Part::Holds(condition) => ExprKind::If(Box::new(condition), Box::new(found), Box::new(none())),
                Part::Matches(pattern, value) => {
                    let arms = vec![
                        Arm { pattern, guard: None, body: found },
                        Arm { pattern: Pattern::Any, guard: None, body: none() },
                    ];
                    ExprKind::Match(Box::new(value), arms)
                }
            };
            found = Expr { kind, ty: option.clone(), span };
        }
        // The same variables are bound again by the second match: a variable may be bound in several places.
        let again = Pattern::Aggregate(locals.into_iter().map(|local| Pattern::Bind(local, None)).collect());
        let pattern = Pattern::Variant(1, Box::new(Pattern::Aggregate(vec![again])));
        let arms =
            vec![Arm { pattern, guard: None, body: then }, Arm { pattern: Pattern::Any, guard: None, body: otherwise }];
        Expr { kind: ExprKind::Match(Box::new(found), arms), ty: ty.clone(), span }
    }

    pub(super) fn match_(
        &mut self,
        scrutinee: &'a ast::Expr,
        arms: &'a [ast::Arm],
        want: Option<&Ty>,
        span: Span,
    ) -> Expr {
        let mut failures = self.checker.failures;
        let value = self.expr(scrutinee, None);
        let mut good = self.checker.failures == failures;
        let mut branches = Branches { want, joined: Ty::Never, first: None, what: "match" };
        let mut checked = Vec::with_capacity(arms.len());
        for arm in arms {
            let n_names = self.names.len();
            failures = self.checker.failures;
            let pattern = self.pattern(&arm.pattern, &value.ty);
            good &= self.checker.failures == failures;
            let rests = self.rest_lets();
            let guard = arm.guard.as_ref().map(|guard| {
                let guard = self.expr(guard, None);
                self.condition_value(guard, "if")
            });
            let body = self.expr(&arm.body, want);
            let body = self.branch(&mut branches, body, arm.body.span);
            self.names.truncate(n_names);
            let guard = guard.map(|guard| block(rests.clone(), guard));
            checked.push(Arm { pattern, guard, body: block(rests, body) });
        }
        if value.ty == Ty::Never {
            return self.no_value(vec![value], span);
        }
        let ty = branches.joined;
        if good {
            self.exhaustive(&checked, arms, &value.ty, scrutinee.span, &ty);
        }
        let fitted =
            checked.into_iter().map(|arm| Arm { body: self.fit(arm.body, &ty, &Why::plain()), ..arm }).collect();
        Expr { kind: ExprKind::Match(Box::new(value), fitted), ty, span }
    }

    fn exhaustive(&mut self, checked: &[Arm], arms: &[ast::Arm], ty: &Ty, scrutinee: Span, result: &Ty) {
        let types = &self.checker.types;
        let rows: Vec<&Pattern> = checked.iter().filter(|arm| arm.guard.is_none()).map(|arm| &arm.pattern).collect();
        let guarded: Vec<(&Pattern, bool)> = checked.iter().map(|arm| (&arm.pattern, arm.guard.is_some())).collect();
        let dead = exhaustive::unreachable(types, &guarded, ty).unwrap_or_default();
        let Ok(missing) = exhaustive::missing(types, &rows, ty) else { return self.too_complex(scrutinee) };
        for i in dead {
            self.report(
                Diagnostic::warning(Code::UnreachableArm, "this arm is never taken")
                    .at(arms[i].pattern.span, "the arms above take everything that it matches")
                    .help("remove it, or move it up"),
            );
        }
        if missing.is_empty() {
            return;
        }
        let cases = &missing;
        self.missing_cases(&Open { cases, arms, ty, scrutinee, result });
    }

    pub(super) fn for_(
        &mut self,
        pattern: &'a ast::Pattern,
        iterable: &'a ast::Expr,
        body: &'a ast::Block,
        span: Span,
    ) -> Expr {
        let Some(iter) = self.iterable(iterable) else {
            return self.for_body_anyway(pattern, body, span);
        };
        self.loops += 1;
        let for_ = self.loop_body(iter, span, |this, element, stmts| {
            this.bind_all(pattern, element, stmts);
            let value = this.block(body, Some(&unit()));
            this.nothing_left(value, body)
        });
        self.loops -= 1;
        Expr { kind: ExprKind::For(Box::new(for_)), ty: unit(), span }
    }

    fn for_body_anyway(&mut self, pattern: &'a ast::Pattern, body: &'a ast::Block, span: Span) -> Expr {
        let n_names = self.names.len();
        self.loops += 1;
        self.pattern(pattern, &Ty::Never);
        self.block(body, Some(&unit()));
        self.loops -= 1;
        self.names.truncate(n_names);
        self.error(span)
    }

    fn nothing_left(&mut self, value: Expr, body: &ast::Block) -> Expr {
        if value.ty == unit() || value.ty == Ty::Never {
            return value;
        }
        let found = self.type_name(&value.ty);
        let at = body.value.as_ref().map_or(body.span, |value| value.span);
        let error =
            Diagnostic::error(Code::TypeMismatch, format!("the body of a `for` gives nothing, found `{found}`"));
        self.fail(at, error.at(at, format!("this is `{found}`")).replace("drop the value", at.at_end(), ";"))
    }

    /// A loop whose body is made by `make` from the element, after statements that take it apart.
    pub(super) fn loop_body(
        &mut self,
        iter: Iter,
        span: Span,
        make: impl FnOnce(&mut Self, Expr, &mut Vec<Stmt>) -> Expr,
    ) -> For {
        let n_names = self.names.len();
        let local = self.local("_", iter.element.clone(), false, span);
        let mut stmts = Vec::new();
        let mut element = self.read(local, span);
        if let Some((start, end)) = iter.turned {
            let ends = node(ast::BinaryOp::Add, start, end, span, Ty::Exact);
            let one_more = node(ast::BinaryOp::Add, element, int(BigInt::from(1), span), span, Ty::Exact);
            element = node(ast::BinaryOp::Sub, ends, one_more, span, Ty::Exact);
        }
        let body = make(self, element, &mut stmts);
        self.names.truncate(n_names);
        // A plain name is the loop's own variable.
        let (local, stmts) = match &stmts[..] {
            [Stmt::Let(own, Expr { kind: ExprKind::Local(read), .. })] if *read == local => (*own, Vec::new()),
            _ => (local, stmts),
        };
        let body = if stmts.is_empty() {
            body
        } else {
            Expr { ty: body.ty.clone(), span: body.span, kind: ExprKind::Block(stmts, Box::new(body)) }
        };
        For { local, over: iter.over, body }
    }

    /// What a loop runs over; reported if it cannot.
    pub(super) fn iterable(&mut self, ast: &'a ast::Expr) -> Option<Iter> {
        match &ast.without_parens().kind {
            Ast::Range { start, end, inclusive } => {
                return self.range(start.as_deref(), end.as_deref(), *inclusive, ast.span);
            }
            Ast::MethodCall { receiver, method, args, .. }
                if &*method.name == "rev" && args.is_empty() && is_range(receiver) =>
            {
                return self.iterable(receiver).and_then(|iter| self.reversed(iter, ast.span));
            }
            _ => {}
        }
        let value = self.expr(ast, None);
        let found = match &value.ty {
            Ty::Array(element, n) => {
                let (element, len) = ((**element).clone(), Some(*n));
                return Some(Iter { over: Over::Array(value), element, len, turned: None });
            }
            Ty::Never => return None,
            ty => self.type_name(ty),
        };
        let mut error = Diagnostic::error(Code::NotIterable, format!("`{found}` cannot be iterated over"))
            .at(ast.span, format!("this is `{found}`"));
        error = if is_int(&value.ty) {
            error.replace("count up to it", ast.span.at_start(), "0..")
        } else {
            error.help("use a range such as `0..n`, or an array")
        };
        self.report(error);
        None
    }

    /// The same numbers from the last to the first.
    fn reversed(&mut self, iter: Iter, span: Span) -> Option<Iter> {
        let Over::Range(start, end) = &iter.over else { return Some(iter) };
        let plain = |end: &Expr| match &end.kind {
            ExprKind::Int(_) => true,
            ExprKind::Local(local) => !self.locals[local.0 as usize].mutable,
            _ => self.evaluate_quietly(end).is_some(),
        };
        if !plain(start) || !plain(end) {
            let error =
                Diagnostic::error(Code::NotIterable, "only a range between numbers or variables can be reversed");
            let error = error.at(span, "has an end that is computed");
            self.report(error.help("keep the end in a variable first: `let n = …;`"));
            return None;
        }
        let turned = if iter.turned.is_some() { None } else { Some((start.clone(), end.clone())) };
        Some(Iter { turned, ..iter })
    }

    fn range(
        &mut self,
        start: Option<&'a ast::Expr>,
        end: Option<&'a ast::Expr>,
        inclusive: bool,
        span: Span,
    ) -> Option<Iter> {
        let (Some(start), Some(end)) = (start, end) else {
            self.report(
                Diagnostic::error(Code::NotIterable, "a range without both ends cannot be iterated over")
                    .at(span, "from where to where?")
                    .help("give both ends, as in `0..n`"),
            );
            return None;
        };
        let (start, end) = (self.bound(start), self.bound(end));
        if start.ty == Ty::Never || end.ty == Ty::Never {
            return None;
        }
        let end = if inclusive { plus_one(end) } else { end };
        let ends = (self.evaluate_quietly(&start), self.evaluate_quietly(&end));
        let len = match ends {
            (Some(start), Some(end)) => u64::try_from((end - start).max(BigInt::ZERO)).ok(),
            _ => None,
        };
        Some(Iter { over: Over::Range(start, end), element: Ty::Exact, len, turned: None })
    }

    fn bound(&mut self, ast: &'a ast::Expr) -> Expr {
        let value = self.expr(ast, None);
        if is_int(&value.ty) || value.ty == Ty::Never {
            return value;
        }
        let found = self.type_name(&value.ty);
        let error = Diagnostic::error(Code::TypeMismatch, format!("the ends of a range are integers, found `{found}`"));
        self.fail(ast.span, error.at(ast.span, format!("this is `{found}`")).help("use an integer"))
    }
}

/// What a loop runs over.
pub(super) struct Iter {
    pub(super) over: Over,
    pub(super) element: Ty,
    /// How many elements, if that is known at build time.
    pub(super) len: Option<u64>,
    /// The ends of a range that is run through backwards.
    pub(super) turned: Option<(Expr, Expr)>,
}

/// Whether it is `a..b`, perhaps reversed.
pub(super) fn is_range(ast: &ast::Expr) -> bool {
    match &ast.without_parens().kind {
        Ast::Range { .. } => true,
        Ast::MethodCall { receiver, method, args, .. } => {
            &*method.name == "rev" && args.is_empty() && is_range(receiver)
        }
        _ => false,
    }
}

/// One part of a condition.
enum Part {
    Holds(Expr),
    Matches(Pattern, Expr),
}

fn plain(parts: &[Part]) -> bool {
    parts.iter().all(|part| matches!(part, Part::Holds(_)))
}

/// All conditions in a row.
fn all(parts: Vec<Part>, span: Span) -> Expr {
    let conditions = parts.into_iter().filter_map(|part| match part {
        Part::Holds(condition) => Some(condition),
        Part::Matches(..) => None,
    });
    let no = || Box::new(Expr { kind: ExprKind::Bool(false), ty: Ty::Bool, span });
    let both = |a: Expr, b: Expr| Expr { kind: ExprKind::If(Box::new(a), Box::new(b), no()), ty: Ty::Bool, span };
    conditions.reduce(both).unwrap_or(Expr { kind: ExprKind::Bool(true), ty: Ty::Bool, span })
}

/// A long chain of `else if` as the arms of a `match` on nothing.
fn flat_if(branches: Vec<(Vec<Part>, Expr)>, otherwise: Expr, ty: Ty, span: Span) -> Expr {
    let arm = |(parts, body)| Arm { pattern: Pattern::Any, guard: Some(all(parts, span)), body };
    let mut arms: Vec<Arm> = branches.into_iter().map(arm).collect();
    arms.push(Arm { pattern: Pattern::Any, guard: None, body: otherwise });
    Expr { kind: ExprKind::Match(Box::new(nothing(span)), arms), ty, span }
}

/// The variables that a pattern binds.
fn bound(pattern: &Pattern, locals: &mut Vec<LocalId>) {
    match pattern {
        Pattern::Bind(local, inner) => {
            locals.push(*local);
            inner.iter().for_each(|inner| bound(inner, locals));
        }
        Pattern::Aggregate(items) => items.iter().for_each(|item| bound(item, locals)),
        Pattern::Variant(_, payload) => bound(payload, locals),
        Pattern::Or(alternatives) => alternatives.iter().take(1).for_each(|first| bound(first, locals)),
        Pattern::Any | Pattern::Bool(_) | Pattern::Range(..) => {}
    }
}

/// Where the value of a block stands.
pub(super) fn tail_span(value: &Expr) -> Span {
    match &value.kind {
        ExprKind::Block(_, tail) => tail_span(tail),
        _ => value.span,
    }
}

fn plus_one(end: Expr) -> Expr {
    let span = end.span;
    match end.kind {
        ExprKind::Int(n) => int(n + 1, span),
        _ => {
            let one = Box::new(int(BigInt::from(1), span));
            Expr { kind: ExprKind::Binary(BinaryOp::Add, Box::new(end), one), ty: Ty::Exact, span }
        }
    }
}
