//! The abstract walk: expressions, statements, branches and calls.
//!
//! One walk serves both modes. Where a condition is not known, both branches run, each with its own variables and its own facts, and what
//! they leave behind is merged. `return`, `break` and `continue` under such a condition become [`Exit`]s: the rest of the code runs on the
//! other path only, and the exits are merged in where control comes together again, the first that applies winning. So no
//! statement ever needs a mask, and after `if b == 0 { return 0; }` the fact `b != 0` holds.
//!
//! Long sums, `&&` chains and `else if` chains take no stack: the first operand and the last branch are iterated.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use hushgate_circuits::build::{Blocks, Builder};
use num_bigint::BigInt;

use super::called::Called;
use super::facts::{Claim, Facts, Mark};
use super::number::Numbering;
use super::roll::Cell;
use super::value::{Abstract, Bit, Int, Level, Stage, Variants};
use super::{Limits, report};
use crate::cost::Origins;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{BinaryOp, Expr, ExprKind, Function, FunctionId, LocalId, Program, Stmt, Ty, UnaryOp};
use crate::interpret::first_operand;
use crate::ranges::Range;
use crate::source::Span;

/// The variables of the function that runs, on the current path.
pub(super) type Env = Vec<Option<Abstract>>;

/// The walk's state.
pub(super) struct Walk<'p> {
    pub(super) program: &'p Program,
    pub(super) limits: Limits,
    /// In building mode.
    pub(super) builder: Option<Builder>,
    pub(super) facts: Facts,
    pub(super) numbering: Numbering,
    pub(super) origins: Origins,
    pub(super) sources: Vec<Source>,
    pub(super) env: Env,
    /// Where `env` holds whether all that the function has required so far holds.
    pub(super) holds_at: usize,
    /// For each function, whether it may require something.
    pub(super) requiring: Vec<bool>,
    /// Requirements known not to hold where they are reached.
    pub(super) never: Vec<(Span, Rc<str>)>,
    pub(super) exits: Vec<Exit>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) reported: HashSet<(Code, Span)>,
    /// Above 0 while a loop is tried out: then nothing is reported.
    pub(super) trials: u32,
    /// What was not reported for that reason.
    pub(super) suppressed: u64,
    /// Finished blocks: the bodies of rolled loops, and functions that are called often.
    pub(super) blocks: Blocks,
    /// What calls have become, by function.
    pub(super) called: HashMap<FunctionId, Vec<Called>>,
    /// Rolled loops around.
    pub(super) rolling: u32,
    /// Why the latest loop could not be rolled, and where.
    pub(super) unrollable: Option<(Span, &'static str)>,
    /// Whether the innermost of them has too many iterations to be unrolled: then what depends on its counter is secret's equal.
    pub(super) is_dynamic: bool,
    /// Elements of arrays that belong to an iteration of a rolled loop around.
    pub(super) cells: Vec<Cell>,
    /// The latest operator, for messages.
    pub(super) operator: Option<Operator>,
    pub(super) steps: u64,
    /// An estimate of the gates made so far, or that would have been made with wires.
    pub(super) work: u64,
    depth: u32,
    pub(super) calls: u32,
    /// [`ExprKind::Scope`]s around, in the function that runs.
    pub(super) scopes: u32,
}

/// Where a value that is not known while compiling comes from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// `` `n` comes from alice ``.
    pub(super) text: String,
    pub(super) span: Span,
}

/// A value that must fit, for messages.
#[derive(Clone, Copy)]
pub(super) struct Fitting {
    /// The value.
    pub(super) inner: Span,
    /// What it is assigned to.
    pub(super) place: Option<Span>,
    /// The type that a closure's parameter is declared with, if it is given to one.
    pub(super) declared: Option<Span>,
    /// Whether it is what `wrap` gives.
    pub(super) wraps: bool,
    /// Whether the whole value is a number, rather than a part of it.
    pub(super) is_number: bool,
    /// Fractional bits, if it is a fixed-point number.
    pub(super) fraction: Option<u32>,
}

/// An operator that has been evaluated, and its operands.
pub(super) struct Operator {
    pub(super) op: BinaryOp,
    pub(super) span: Span,
    pub(super) left: Operand,
    pub(super) right: Operand,
    /// Whether both operands have one declared type.
    pub(super) is_uniform: bool,
}

/// One side of an operator.
pub(super) struct Operand {
    pub(super) span: Span,
    pub(super) value: Int,
    /// Fractional bits of the fixed-point number that it makes up; nothing if that cannot be said.
    pub(super) fraction: Option<u32>,
}

/// Why evaluation left the normal order.
#[derive(Debug)]
pub(super) enum Stop {
    /// Control never comes back here: all of it left by exits.
    Diverged,
    /// A limit was passed; it is reported.
    Fatal,
    /// A loop around cannot be rolled; why, and where.
    Unrollable(Span, &'static str),
}

pub(super) type Walked<T = Abstract> = Result<T, Stop>;

/// A jump that happens where `condition` holds and no earlier exit did.
pub(super) struct Exit {
    pub(super) kind: ExitKind,
    pub(super) condition: Bit,
    /// For `return`: the value; else `()`.
    pub(super) value: Abstract,
    /// For `return`: whether what the function has required holds.
    pub(super) holds: Bit,
    /// For `break`, `continue`, and `return` from a scope: the variables.
    pub(super) env: Env,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ExitKind {
    Break,
    Continue,
    Return,
    /// Out of the program, since a requirement does not hold. It is absorbed where it first meets a path that goes on.
    Fail,
}

/// What is left to do once the expression at hand has its value.
enum Frame<'e> {
    /// Finish this expression, whose first operand it is.
    Operand(&'e Expr),
    /// Merge it, the value where a condition is false, with the value where it is true.
    Join(Box<Join>),
}

impl Frame<'_> {
    /// Whether the expression at hand is the first operand of a sum or a difference.
    fn is_sum(&self) -> bool {
        let Frame::Operand(parent) = self else { return false };
        matches!(parent.kind, ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub, ..))
    }
}

pub(super) struct Join {
    condition: Bit,
    facts: Mark,
    exits_start: usize,
    exits_middle: usize,
    then: Walked,
    then_env: Env,
    span: Span,
}

/// What evaluation goes on with.
enum Next<'e> {
    Value(Abstract),
    Tail(&'e Expr),
}

impl<'p> Walk<'p> {
    pub(super) fn new(program: &'p Program, limits: Limits, builder: Option<Builder>) -> Walk<'p> {
        Walk {
            program,
            limits,
            builder,
            facts: Facts::default(),
            numbering: Numbering::default(),
            origins: Origins::default(),
            sources: Vec::new(),
            env: Vec::new(),
            holds_at: 0,
            requiring: program.requiring(),
            never: Vec::new(),
            exits: Vec::new(),
            diagnostics: Vec::new(),
            reported: HashSet::new(),
            trials: 0,
            suppressed: 0,
            blocks: Blocks::new(),
            called: HashMap::new(),
            rolling: 0,
            unrollable: None,
            is_dynamic: false,
            cells: Vec::new(),
            operator: None,
            steps: 0,
            work: 0,
            depth: 0,
            calls: 0,
            scopes: 0,
        }
    }

    /// Evaluates down the spine of first operands, then back up; what an expression ends with is evaluated in its place.
    pub(super) fn eval(&mut self, expr: &Expr) -> Walked {
        self.depth += 1;
        if self.depth > self.limits.depth_max {
            return self.fatal(report::too_deep(expr.span, self.limits.depth_max));
        }
        let result = self.eval_spine(expr);
        self.depth -= 1;
        result
    }

    fn eval_spine<'e>(&mut self, expr: &'e Expr) -> Walked {
        let mut frames: Vec<Frame<'e>> = Vec::new();
        let mut next = Ok(Next::Tail(expr));
        loop {
            let mut outcome = match next {
                Ok(Next::Tail(expr)) => match first_operand(expr).filter(|_| self.cell_read(expr).is_none()) {
                    Some(first) => {
                        self.step(expr.span)?;
                        frames.push(Frame::Operand(expr));
                        next = Ok(Next::Tail(first));
                        continue;
                    }
                    None => {
                        next = self.step(expr.span).and_then(|()| self.start(expr));
                        if let Ok(Next::Tail(_)) = next {
                            continue;
                        }
                        next
                    }
                },
                outcome => outcome,
            };
            next = loop {
                let value = match outcome {
                    Ok(Next::Tail(_)) => break outcome,
                    Ok(Next::Value(value)) => Ok(value),
                    Err(Stop::Diverged) => Err(Stop::Diverged),
                    Err(stop) => return Err(stop),
                };
                outcome = match (frames.pop(), value) {
                    (None, value) => return value,
                    (Some(Frame::Join(join)), value) => self.join(*join, value).map(Next::Value),
                    (Some(Frame::Operand(_)), Err(stop)) => Err(stop),
                    (Some(Frame::Operand(node)), Ok(first)) => self.finish(node, first, &mut frames),
                };
            };
        }
    }

    pub(super) fn step(&mut self, span: Span) -> Walked<()> {
        self.steps += 1;
        if self.steps > self.limits.steps_max {
            return self.fatal(report::too_many_steps(span, self.limits.steps_max));
        }
        if self.facts.n_vars() > self.limits.vars_max {
            return self.fatal(report::too_many_values(span, self.limits.vars_max));
        }
        if self.builder.as_ref().is_some_and(Builder::is_full) {
            return self.fatal(report::too_many_gates(span, self.limits.nodes_max));
        }
        Ok(())
    }

    /// Says what causes the gates from here on.
    pub(super) fn at(&mut self, span: Span) {
        if let Some(builder) = &mut self.builder {
            builder.set_origin(self.origins.origin(span));
        }
    }

    /// An expression without a first operand.
    fn start<'e>(&mut self, expr: &'e Expr) -> Walked<Next<'e>> {
        if let Some(cell) = self.cell_read(expr) {
            return Ok(Next::Value(self.env[cell].clone().expect("a cell has a value")));
        }
        Ok(Next::Value(match &expr.kind {
            ExprKind::Bool(value) => Abstract::Bool(Bit::known(*value)),
            ExprKind::Int(value) => Abstract::Int(self.constant(value.clone(), Stage::BUILD)),
            ExprKind::Local(id) => self.local(*id),
            ExprKind::Aggregate(items) => Abstract::list(self.eval_all(items)?),
            ExprKind::Intrinsic(intrinsic, args) => {
                let values = self.eval_all(args)?;
                self.intrinsic(*intrinsic, expr, args, &values)?
            }
            ExprKind::Call(function, args) => {
                let args = self.eval_all(args)?;
                self.call(*function, args, expr.span)?
            }
            ExprKind::Block(stmts, tail) => {
                for stmt in stmts {
                    match stmt {
                        Stmt::Let(id, expr) => {
                            let value = self.eval(expr)?;
                            self.bind(*id, value);
                        }
                        Stmt::Expr(expr) => drop(self.eval(expr)?),
                    }
                }
                return Ok(Next::Tail(tail));
            }
            ExprKind::For(body) => self.for_loop(body, expr.span)?,
            ExprKind::Map(body) => self.map_loop(body, expr.span)?,
            ExprKind::Scope(body) => self.scope(body, expr.span)?,
            ExprKind::Break => return self.exit(ExitKind::Break, Abstract::unit()),
            ExprKind::Continue => return self.exit(ExitKind::Continue, Abstract::unit()),
            _ => unreachable!("every other expression has a first operand"),
        }))
    }

    /// What remains of an expression once its first operand is known.
    fn finish<'e>(&mut self, expr: &'e Expr, first: Abstract, frames: &mut Vec<Frame<'e>>) -> Walked<Next<'e>> {
        let span = expr.span;
        Ok(Next::Value(match &expr.kind {
            ExprKind::If(_, then, otherwise) => {
                let condition = first.bit();
                return self.branch(
                    &condition,
                    span,
                    frames,
                    |walk| walk.eval(then),
                    Next::Tail(then),
                    || Next::Tail(otherwise),
                );
            }
            ExprKind::Match(_, arms) => return self.choose(arms, &first, span, frames),
            ExprKind::Binary(op, _, right) => {
                let right = self.eval(right)?;
                self.at(span);
                self.binary(*op, &first, &right, expr, frames.last().is_some_and(Frame::is_sum))?
            }
            ExprKind::Index(_, index) => {
                let index = self.eval(index)?.int();
                self.at(span);
                self.index(&first, &index, expr)?
            }
            ExprKind::Slice(_, start) => {
                let start = self.eval(start)?.int();
                self.slice(&first, &start, &expr.ty, span)?
            }
            ExprKind::Assign(place, _) => {
                self.assign(place, first)?;
                Abstract::unit()
            }
            ExprKind::Return(_) => return self.exit(ExitKind::Return, first),
            ExprKind::Require(_, reason) => {
                self.at(span);
                self.require(&first.bit(), reason, span)?
            }
            ExprKind::AssertEq(_, right) => {
                self.eval(right)?;
                Abstract::unit()
            }
            ExprKind::Assert(_) => Abstract::unit(),
            ExprKind::Fit(inner) => {
                self.at(span);
                let place = match frames.last() {
                    Some(Frame::Operand(Expr { kind: ExprKind::Assign(place, _), .. })) => Some(place.span),
                    _ => None,
                };
                let wraps = matches!(inner.kind, ExprKind::Wrap(_));
                let is_number = match &expr.ty {
                    Ty::Struct(id) => self.program.structs[id.0 as usize].fraction.is_some(),
                    ty => matches!(ty, Ty::Int(_)),
                };
                let declared = Some(span).filter(|span| *span != inner.span);
                self.fit(
                    first,
                    &expr.ty,
                    Fitting { inner: inner.span, place, declared, wraps, is_number, fraction: None },
                )
            }
            _ => {
                self.at(span);
                self.convert(expr, first)
            }
        }))
    }

    /// Expressions of one operand, without control.
    fn convert(&mut self, expr: &Expr, first: Abstract) -> Abstract {
        match &expr.kind {
            ExprKind::Repeat(_) => Abstract::list(vec![first; expr.ty.array_len()]),
            ExprKind::Variant(tag, _) => self.variant(*tag, first, &expr.ty),
            ExprKind::Field(_, index) => first.items()[*index as usize].clone(),
            ExprKind::Unary(UnaryOp::Neg, _) => Abstract::Int(self.neg(&first.int())),
            ExprKind::Unary(UnaryOp::Not, _) => match first {
                Abstract::Bool(bit) => Abstract::Bool(bit.not()),
                value => Abstract::Int(self.complement(&value.int(), expr.ty.declared())),
            },
            ExprKind::Wrap(_) => Abstract::Int(self.wrap(&first.int(), expr.ty.declared())),
            ExprKind::Saturate(_) => Abstract::Int(self.clamp(&first.int(), &Range::of(expr.ty.declared()))),
            ExprKind::TryInto(_) => self.optional(&first.int(), &expr.ty),
            _ => unreachable!("every other expression is finished elsewhere"),
        }
    }

    pub(super) fn eval_all(&mut self, exprs: &[Expr]) -> Walked<Vec<Abstract>> {
        exprs.iter().map(|expr| self.eval(expr)).collect()
    }

    fn local(&self, id: LocalId) -> Abstract {
        self.env[id.0 as usize].clone().expect("the checker has seen that every variable is bound before its use")
    }

    pub(super) fn bind(&mut self, id: LocalId, value: Abstract) {
        self.env[id.0 as usize] = Some(value);
    }

    fn variant(&mut self, tag: u32, payload: Abstract, ty: &crate::hir::Ty) -> Abstract {
        let n_variants = self.program.variants(ty).len();
        let payloads = (0..n_variants).map(|i| (i == tag as usize).then(|| payload.clone())).collect();
        let tag = self.constant(BigInt::from(tag), Stage::BUILD);
        Abstract::Enum(Rc::new(Variants { tag, payloads }))
    }

    /// Leaves by an exit.
    pub(super) fn exit<T>(&mut self, kind: ExitKind, value: Abstract) -> Walked<T> {
        let is_dropped = kind == ExitKind::Fail || kind == ExitKind::Return && self.scopes == 0;
        let env = if is_dropped { Env::new() } else { self.env.clone() };
        let holds = self.holds();
        self.exits.push(Exit { kind, condition: Bit::known(true), value, holds, env });
        Err(Stop::Diverged)
    }

    /// Goes on with `then` where the condition holds and with `otherwise` where not.
    ///
    /// If it is not known, `then` is evaluated here and now, and what comes of the other branch is merged with it later.
    fn branch<'e>(
        &mut self,
        condition: &Bit,
        span: Span,
        frames: &mut Vec<Frame<'e>>,
        then: impl FnOnce(&mut Self) -> Walked,
        then_tail: Next<'e>,
        otherwise: impl FnOnce() -> Next<'e>,
    ) -> Walked<Next<'e>> {
        match condition.known {
            Some(true) => return Ok(then_tail),
            Some(false) => return Ok(otherwise()),
            None => {}
        }
        let join = self.split(condition, span, then)?;
        frames.push(Frame::Join(Box::new(join)));
        Ok(otherwise())
    }

    /// Evaluates one branch; what follows is the other one.
    pub(super) fn split(
        &mut self,
        condition: &Bit,
        span: Span,
        then: impl FnOnce(&mut Self) -> Walked,
    ) -> Walked<Join> {
        let facts = self.facts.mark();
        let exits_start = self.exits.len();
        let env = self.env.clone();
        self.facts.assume(&condition.claim, true);
        let value = match then(self) {
            Err(stop @ (Stop::Fatal | Stop::Unrollable(..))) => return Err(stop),
            value => value,
        };
        self.facts.rollback(facts);
        self.facts.assume(&condition.claim, false);
        let then_env = std::mem::replace(&mut self.env, env);
        let exits_middle = self.exits.len();
        Ok(Join { condition: condition.clone(), facts, exits_start, exits_middle, then: value, then_env, span })
    }

    pub(super) fn join(&mut self, join: Join, otherwise: Walked) -> Walked {
        let Join { condition, facts, exits_start, exits_middle, then, then_env, span } = join;
        self.at(span);
        self.restrict_exits(exits_start..exits_middle, &condition);
        self.restrict_exits(exits_middle..self.exits.len(), &condition.not());
        let result = match (then, otherwise) {
            (Err(_), otherwise) => otherwise,
            (Ok(value), Err(_)) => {
                self.facts.rollback(facts);
                self.facts.assume(&condition.claim, true);
                self.env = then_env;
                Ok(value)
            }
            (Ok(then), Ok(otherwise)) => {
                self.facts.rollback(facts);
                let other_env = std::mem::take(&mut self.env);
                self.env = self.merge_envs(&condition, then_env, other_env);
                Ok(self.merge(&condition, &then, &otherwise))
            }
        }?;
        self.absorb_failures(exits_start);
        Ok(result)
    }

    /// Lets these exits happen only where `condition` holds.
    pub(super) fn restrict_exits(&mut self, exits: std::ops::Range<usize>, condition: &Bit) {
        for i in exits {
            let inner = self.exits[i].condition.clone();
            self.exits[i].condition = self.and_bits(condition, &inner);
        }
    }

    /// Takes the exits of one kind since `start`; the others happen only where none of those before them did.
    pub(super) fn take_exits(&mut self, kind: ExitKind, start: usize) -> Vec<Exit> {
        let mut taken = Vec::new();
        let mut before: Option<Bit> = None;
        let mut n_before = 0;
        for mut exit in self.exits.split_off(start) {
            if exit.kind == kind {
                taken.push(exit);
                continue;
            }
            for earlier in taken.iter().skip(n_before).map(|exit: &Exit| exit.condition.clone()).collect::<Vec<_>>() {
                let not_before = before.take().unwrap_or(Bit::known(true));
                before = Some(self.and_bits(&not_before, &earlier.not()));
            }
            n_before = taken.len();
            if let Some(not_before) = &before {
                exit.condition = self.and_bits(&not_before.clone(), &exit.condition);
            }
            self.exits.push(exit);
        }
        taken
    }

    /// Where control comes together again after exits: the variables on all paths, if there is a path.
    ///
    /// Only variables that `outer` has are kept. Others were bound in the loop, and what is known of them holds on the path where that
    /// happened, not here.
    pub(super) fn merge_exits(
        &mut self,
        exits: Vec<Exit>,
        alive: bool,
        (since, facts): (usize, Mark),
        outer: &Env,
    ) -> bool {
        if !is_only_path(&exits, alive) {
            self.facts.rollback(facts);
        }
        let mut env = alive.then(|| without_inner(std::mem::take(&mut self.env), outer));
        for exit in exits.into_iter().rev() {
            let exit_env = without_inner(exit.env, outer);
            env = Some(match env {
                None => exit_env,
                Some(env) => self.merge_envs(&exit.condition, exit_env, env),
            });
        }
        let alive = env.is_some();
        self.env = env.unwrap_or_default();
        if alive {
            self.absorb_failures(since);
        }
        alive
    }

    fn choose<'e>(
        &mut self,
        arms: &'e [crate::hir::Arm],
        value: &Abstract,
        span: Span,
        frames: &mut Vec<Frame<'e>>,
    ) -> Walked<Next<'e>> {
        for arm in arms {
            self.step(span)?;
            self.at(span);
            let outer = self.env.clone();
            let mut condition = self.matches(&arm.pattern, value);
            if let Some(guard) = arm.guard.as_ref().filter(|_| condition.known != Some(false)) {
                condition = self.guarded(&condition, guard, span)?;
            }
            match condition.known {
                Some(true) => return Ok(Next::Tail(&arm.body)),
                Some(false) => {}
                None => {
                    let join = self.split(&condition, span, |walk| walk.eval(&arm.body))?;
                    frames.push(Frame::Join(Box::new(join)));
                }
            }
            self.env = without_inner(std::mem::take(&mut self.env), &outer);
        }
        // The checker has shown that some arm matches, so that the values of all arms cover every case.
        Err(Stop::Diverged)
    }

    /// Whether the pattern matches and the guard holds. What a guard does besides happens only where its pattern matches.
    fn guarded(&mut self, pattern: &Bit, guard: &Expr, span: Span) -> Walked<Bit> {
        if pattern.known == Some(true) {
            return Ok(self.eval(guard)?.bit());
        }
        let join = self.split(pattern, span, |walk| walk.eval(guard))?;
        Ok(self.join(join, Ok(Abstract::Bool(Bit::known(false))))?.bit())
    }

    /// The body of a closure: `return` goes on after it, with the variables as they are there.
    fn scope(&mut self, body: &Expr, span: Span) -> Walked {
        let (start, facts, outer) = (self.exits.len(), self.facts.mark(), self.env.clone());
        self.scopes += 1;
        let result = self.eval(body);
        self.scopes -= 1;
        let alive = match result {
            Ok(value) => Some(value),
            Err(Stop::Diverged) => None,
            Err(stop) => return Err(stop),
        };
        let exits = self.take_exits(ExitKind::Return, start);
        self.at(span);
        let is_alive = alive.is_some();
        if !is_only_path(&exits, is_alive) {
            self.facts.rollback(facts);
        }
        let value = exits.iter().rev().fold(alive, |rest, exit| match rest {
            None => Some(exit.value.clone()),
            Some(rest) => Some(self.merge(&exit.condition, &exit.value, &rest)),
        });
        self.merge_exits(exits, is_alive, (start, facts), &outer);
        value.ok_or(Stop::Diverged)
    }

    pub(super) fn call(&mut self, id: FunctionId, args: Vec<Abstract>, span: Span) -> Walked {
        let function = &self.program.functions[id.0 as usize];
        if self.calls >= self.limits.calls_max {
            return self.fatal(report::calls_too_deep(span, self.limits.calls_max));
        }
        let context = self.origins.enter(id, span);
        self.calls += 1;
        let result = self.called(id, function, args);
        self.calls -= 1;
        self.origins.leave(context);
        result
    }

    /// The result of a call: of the function's block, or of its body in place.
    fn called(&mut self, id: FunctionId, function: &Function, args: Vec<Abstract>) -> Walked {
        if let Some(result) = self.call_block(id, &args)? {
            return Ok(result);
        }
        if self.builder.is_none() {
            return self.run(function, args);
        }
        let (kept, work) = (args.clone(), self.work);
        let result = self.run(function, args)?;
        self.note_inlined(id, &kept, self.work - work);
        Ok(result)
    }

    /// The body of a function on arguments.
    pub(super) fn run(&mut self, function: &Function, args: Vec<Abstract>) -> Walked {
        let mut env: Env = args.into_iter().map(Some).collect();
        env.resize(function.locals.len(), None);
        env.push(Some(Abstract::Bool(Bit::known(true))));
        let outer = std::mem::replace(&mut self.env, env);
        let outer_at = std::mem::replace(&mut self.holds_at, function.locals.len());
        let (cells, scopes) = (std::mem::take(&mut self.cells), std::mem::take(&mut self.scopes));
        let (start, facts) = (self.exits.len(), self.facts.mark());
        let result = self.eval(&function.body);
        let holds = self.holds();
        (self.env, self.holds_at, self.cells, self.scopes) = (outer, outer_at, cells, scopes);
        let alive = match result {
            Ok(value) => Some((value, holds)),
            Err(Stop::Diverged) => None,
            Err(stop) => return Err(stop),
        };
        let exits = self.take_exits(ExitKind::Return, start);
        if !is_only_path(&exits, alive.is_some()) {
            self.facts.rollback(facts);
        }
        let merge = |rest: Option<(Abstract, Bit)>, exit: Exit| match rest {
            None => Some((exit.value, exit.holds)),
            Some((value, holds)) => Some((
                self.merge(&exit.condition, &exit.value, &value),
                self.merge_holds(&exit.condition, &exit.holds, &holds),
            )),
        };
        let (value, holds) = exits.into_iter().rev().fold(alive, merge).ok_or(Stop::Diverged)?;
        self.also_holds(&holds);
        self.absorb_failures(start);
        Ok(value)
    }

    /// Reports once per place; not where code never runs, and not while a loop is only tried out.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        if self.facts.is_contradictory() {
            return;
        }
        if self.trials > 0 {
            self.suppressed += 1;
            return;
        }
        self.add(diagnostic);
    }

    pub(super) fn add(&mut self, diagnostic: Diagnostic) {
        let span = diagnostic.span().unwrap_or_default();
        // What is wrong within an index or a divisor is said first; what follows from it is not said as well.
        let is_nested = |found: &Diagnostic| {
            found.code == diagnostic.code && found.span().is_some_and(|inner| span.contains(inner))
        };
        if diagnostic.code != Code::DoesNotFit && self.diagnostics.last().is_some_and(is_nested) {
            return;
        }
        if self.reported.insert((diagnostic.code, span)) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Reports and gives up.
    pub(super) fn fatal<T>(&mut self, diagnostic: Diagnostic) -> Walked<T> {
        self.add(diagnostic);
        Err(Stop::Fatal)
    }

    /// Whether a value is secret, and what to say about that.
    pub(super) fn secret(&self, stage: Stage) -> Option<&Source> {
        (stage.level == Level::Secret).then(|| &self.sources[stage.source as usize])
    }

    /// A claim of which nothing is known, different from all others.
    pub(super) fn opaque_claim() -> Rc<Claim> {
        Rc::new(Claim::Opaque)
    }
}

/// The variables without those that `outer` does not have.
pub(super) fn without_inner(mut env: Env, outer: &Env) -> Env {
    env.iter_mut().zip(outer).filter(|(_, outer)| outer.is_none()).for_each(|(local, _)| *local = None);
    env
}

/// Whether control comes here on one path only, so that what was learned on it still holds.
fn is_only_path(exits: &[Exit], alive: bool) -> bool {
    match exits {
        [] => true,
        [exit] => !alive && exit.condition.known == Some(true),
        _ => false,
    }
}

impl Abstract {
    /// # Panics
    /// If it is not a truth value: the checker has seen to that.
    pub(super) fn bit(&self) -> Bit {
        match self {
            Abstract::Bool(bit) => bit.clone(),
            _ => unreachable!("the checker has seen that this is a bool"),
        }
    }

    /// # Panics
    /// If it is not an integer: the checker has seen to that.
    pub(super) fn int(&self) -> Int {
        match self {
            Abstract::Int(int) => int.clone(),
            _ => unreachable!("the checker has seen that this is an integer"),
        }
    }

    /// # Panics
    /// If it is not an array, a tuple or a struct: the checker has seen to that.
    pub(super) fn items(&self) -> &Rc<Vec<Abstract>> {
        match self {
            Abstract::List(items) => items,
            _ => unreachable!("the checker has seen that this has elements or fields"),
        }
    }

    /// # Panics
    /// If it is not an enum: the checker has seen to that.
    pub(super) fn variants(&self) -> &Rc<Variants> {
        match self {
            Abstract::Enum(variants) => variants,
            _ => unreachable!("the checker has seen that this is an enum"),
        }
    }
}
