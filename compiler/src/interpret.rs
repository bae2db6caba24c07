//! Runs a checked program on plain values: the oracle for everything that the compiler makes of it.
//!
//! Integers are whole numbers without bound, as [`crate::hir`] defines them; nothing here knows of wires or widths. Const
//! evaluation and `#[test]` functions run here too.
//!
//! # Invariants
//! - Whatever the program, a run ends: after [`Limits::steps_max`] steps it is given up, and no integer passes
//!   [`WIDTH_MAX`] bits.
//! - What lowering would have refused (a value outside its type, an index outside its array …) is an [`Error`], never a panic.
//! - Long sums, `&&` chains and `else if` chains take no stack: the first operand and the last expression are iterated.

mod aes;
mod float;
mod intrinsic;
mod operator;
mod show;
mod trace;
mod value;

pub use aes::aes_sbox;
pub(crate) use float::float;
pub(crate) use intrinsic::network;
pub use show::{Difference, differences, show};
pub use trace::{Event, Tracer};
pub use value::Val;

use std::rc::Rc;

use hushgate_circuits::requirements;
use hushgate_circuits::shape::Value;
use num_bigint::BigInt;

use crate::check::decimal;
use crate::hir::{
    Arm, Expect, Expr, ExprKind, For, FunctionId, IntTy, LocalId, Output, Over, Pattern, Place, Program, Step, Stmt,
    Test, Ty, UnaryOp,
};
use crate::lower::ty_shape;
use crate::ranges::wrap;
use crate::source::Span;

/// Bits that an integer may have while the program runs.
pub const WIDTH_MAX: u64 = 1 << 16;

/// Why a run ended without a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The expression that failed.
    pub span: Span,
    /// What was wrong with it.
    pub kind: ErrorKind,
}

/// What can go wrong. All but the limits and [`ErrorKind::Unmet`] are excluded in a program that lowering accepts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// A value that must fit its type does not.
    #[error("{}", out_of_range(value, ty, *fraction))]
    OutOfRange {
        /// The value.
        value: BigInt,
        /// The type.
        ty: Rc<IntTy>,
        /// F, if it is the integer that a `fixed<I, F>` is made of.
        fraction: Option<u32>,
    },
    /// `/` or `%` by 0.
    #[error("division by zero")]
    DivisionByZero,
    /// An index outside the array, or a slice that leaves it.
    #[error("index {index} is outside an array of {len}")]
    IndexOutside {
        /// The index, or the slice's end.
        index: BigInt,
        /// The array's length.
        len: u64,
    },
    /// A shift by a negative amount.
    #[error("a shift by {amount}")]
    NegativeShift {
        /// The amount.
        amount: BigInt,
    },
    /// A requirement that does not hold, and its reason: the one failure that a program may have.
    #[error("a requirement does not hold: {0}")]
    Unmet(Rc<str>),
    /// An integer passed [`WIDTH_MAX`] bits.
    #[error("an integer of more than {WIDTH_MAX} bits")]
    TooWide,
    /// The run took [`Limits::steps_max`] steps.
    #[error("more than {0} steps")]
    TooManySteps(u64),
    /// Calls nest more deeply than [`Limits::depth_max`].
    #[error("calls nest more than {0} deep")]
    TooDeep(u32),
    /// The program is not one that the checker makes; a defect of the compiler.
    #[error("internal error: {0}")]
    Internal(&'static str),
}

/// Why a test failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Where; for a test that should have failed, its name.
    pub span: Span,
    /// What.
    pub kind: FailureKind,
}

/// What a test should not have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// An `assert` whose condition is false, and what it is about: the sides of a comparison, variables, arguments.
    Assert(Vec<Operand>),
    /// An `assert_eq` of two different values.
    AssertEq(Box<Sides>),
    /// It stopped, perhaps at a requirement that does not hold.
    Stopped(ErrorKind),
    /// It should have met a requirement that does not hold, for this reason if there is one, but came to its end.
    Held(Option<Rc<str>>),
    /// It met a requirement that does not hold, but for another reason.
    OtherReason {
        /// What it should have been.
        expected: Rc<str>,
        /// What it was.
        found: Rc<str>,
    },
}

/// A part of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operand {
    /// Where it stands.
    pub span: Span,
    /// Its type, for printing.
    pub ty: Ty,
    /// What it was.
    pub value: Value,
}

/// The two sides of an `assert_eq`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sides {
    /// The left value.
    pub left: Value,
    /// The right value.
    pub right: Value,
    /// The type of the left side, for printing.
    pub ty: Ty,
}

/// How much a run may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Expressions evaluated.
    pub steps_max: u64,
    /// Calls within calls.
    pub depth_max: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { steps_max: 200_000_000, depth_max: 200 }
    }
}

/// Runs functions of one program.
pub struct Interpreter<'p> {
    program: &'p Program,
    limits: Limits,
    steps: u64,
    depth: u32,
    locals: Vec<Option<Val>>,
    failures: Vec<Failure>,
    /// The function that runs.
    current: FunctionId,
    tracer: Option<Tracer<'p>>,
}

/// Why evaluation left the normal order.
enum Stop {
    Error(Box<Error>),
    Break,
    Continue,
    Return(Val),
}

type Eval<T = Val> = Result<T, Stop>;

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Error(Box::new(error))
    }
}

/// What a run of `main` gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The outputs, in the order of the program's outputs. If the program requires something, then last whether it holds
    /// ([`requirements::value`]); if it does not hold, the others are the values of all-zero bits.
    pub outputs: Vec<Value>,
    /// The requirement that does not hold.
    pub unmet: Option<Error>,
}

/// `main` on the inputs, in the order of the program's inputs.
///
/// # Errors
/// Where the program does what lowering excludes, or takes too long.
///
/// # Panics
/// If the program has no `main`, or if `inputs` do not fit its parameters: check them by their shapes first.
pub fn run_main(program: &Program, inputs: &[Value]) -> Result<Ran, Error> {
    run_with(Interpreter::new(program, Limits::default()), inputs)
}

/// As [`run_main`]; `tracer` is told of everything that happens.
///
/// # Errors
/// As [`run_main`].
///
/// # Panics
/// As [`run_main`].
pub fn run_traced<'p>(program: &'p Program, inputs: &[Value], tracer: Tracer<'p>) -> Result<Ran, Error> {
    run_with(Interpreter::new(program, Limits::default()).traced(tracer), inputs)
}

fn run_with(mut interpreter: Interpreter<'_>, inputs: &[Value]) -> Result<Ran, Error> {
    let program = interpreter.program;
    let main = program.main.as_ref().expect("the caller checked that there is a `main`");
    let n_reasons = main.requires.as_ref().map(|requires| requires.reasons.len());
    let neutral = |output: &Output| {
        let shape = ty_shape(program, &output.ty);
        shape.decode(&vec![false; usize::try_from(shape.width()).expect("outputs have been laid out")])
    };
    let (mut outputs, unmet) = match interpreter.call(main.function, inputs) {
        Ok(Value::List(fields)) if main.outputs.iter().any(|output| !output.name.is_empty()) => (fields, None),
        Ok(value) => (vec![value], None),
        Err(error @ Error { kind: ErrorKind::Unmet(_), .. }) => {
            (main.outputs.iter().map(neutral).collect(), Some(error))
        }
        Err(error) => return Err(error),
    };
    outputs.extend(n_reasons.map(|n| requirements::value(unmet.is_none(), n)));
    Ok(Ran { outputs, unmet })
}

/// The outputs of [`run_main`]: what the circuit gives.
///
/// # Errors
/// As [`run_main`].
///
/// # Panics
/// As [`run_main`].
pub fn run(program: &Program, inputs: &[Value]) -> Result<Vec<Value>, Error> {
    run_main(program, inputs).map(|ran| ran.outputs)
}

/// Runs a `#[test]` function; why it failed, nothing if it did not.
#[must_use]
pub fn run_test(program: &Program, test: &Test) -> Vec<Failure> {
    let mut interpreter = Interpreter::new(program, Limits::default());
    let result = interpreter.call(test.function, &[]);
    let mut failures = interpreter.failures;
    let fault = match (&test.expects, result.map_err(|error| (error.span, error.kind))) {
        (Expect::Success, Ok(_)) | (Expect::Unmet, Err((_, ErrorKind::Unmet(_)))) => None,
        (Expect::UnmetFor(expected), Err((_, ErrorKind::Unmet(found)))) if *expected == found => None,
        (Expect::UnmetFor(expected), Err((span, ErrorKind::Unmet(found)))) => {
            Some((span, FailureKind::OtherReason { expected: Rc::clone(expected), found }))
        }
        (Expect::Unmet, Ok(_)) => Some((test.span, FailureKind::Held(None))),
        (Expect::UnmetFor(reason), Ok(_)) => Some((test.span, FailureKind::Held(Some(Rc::clone(reason))))),
        (_, Err((span, kind))) => Some((span, FailureKind::Stopped(kind))),
    };
    failures.extend(fault.map(|(span, kind)| Failure { span, kind }));
    failures
}

impl<'p> Interpreter<'p> {
    /// Ready to run; nothing counted yet.
    #[must_use]
    pub fn new(program: &'p Program, limits: Limits) -> Interpreter<'p> {
        let (locals, failures) = (Vec::new(), Vec::new());
        Interpreter { program, limits, steps: 0, depth: 0, locals, failures, current: FunctionId(0), tracer: None }
    }

    /// Tells `tracer` of everything that happens from here on.
    #[must_use]
    pub fn traced(self, tracer: Tracer<'p>) -> Interpreter<'p> {
        Interpreter { tracer: Some(tracer), ..self }
    }

    /// Assertions that failed so far.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Calls a function.
    ///
    /// # Errors
    /// As [`run`].
    ///
    /// # Panics
    /// If there is no such function, or if the number of arguments is not that of its parameters.
    pub fn call(&mut self, function: FunctionId, args: &[Value]) -> Result<Value, Error> {
        let args = args.iter().map(Val::from_value).collect();
        match self.enter(function, args, self.program.functions[function.0 as usize].span) {
            Ok(value) => Ok(value.to_value()),
            Err(stop) => Err(stop.into_error()),
        }
    }

    /// Evaluates an expression that uses no local variables but those it binds itself, which are below `n_locals`.
    ///
    /// # Errors
    /// As [`run`].
    pub fn evaluate(&mut self, expr: &Expr, n_locals: usize) -> Result<Value, Error> {
        let outer = std::mem::replace(&mut self.locals, vec![None; n_locals]);
        let result = self.eval(expr);
        self.locals = outer;
        result.map(|value| value.to_value()).map_err(Stop::into_error)
    }

    fn enter(&mut self, id: FunctionId, args: Vec<Val>, span: Span) -> Eval {
        let function = &self.program.functions[id.0 as usize];
        assert_eq!(args.len(), function.n_params as usize, "arguments of `{}`", function.name);
        if self.depth >= self.limits.depth_max {
            return fail(span, ErrorKind::TooDeep(self.limits.depth_max));
        }
        let mut locals: Vec<_> = args.into_iter().map(Some).collect();
        locals.resize(function.locals.len(), None);
        let outer = std::mem::replace(&mut self.locals, locals);
        let caller = std::mem::replace(&mut self.current, id);
        self.depth += 1;
        self.trace_call(id, span);
        let result = match self.eval(&function.body) {
            Err(Stop::Return(value)) => Ok(value),
            result => result,
        };
        self.depth -= 1;
        self.locals = outer;
        self.current = caller;
        let value = result?;
        self.trace(|| Event::Returned { function, value: &value });
        Ok(value)
    }

    /// Evaluates: down the spine of first operands, then back up; what an expression ends with is evaluated in its place.
    fn eval(&mut self, expr: &Expr) -> Eval {
        let mut expr = expr;
        let mut spine: Vec<&Expr> = Vec::new();
        loop {
            self.step(expr.span)?;
            if let Some(first) = first_operand(expr) {
                spine.push(expr);
                expr = first;
                continue;
            }
            let mut value = match self.start(expr)? {
                Next::Value(value) => value,
                Next::Tail(tail) => {
                    expr = tail;
                    continue;
                }
            };
            loop {
                let Some(node) = spine.pop() else { return Ok(value) };
                match self.finish(node, value)? {
                    Next::Value(done) => value = done,
                    Next::Tail(tail) => {
                        expr = tail;
                        break;
                    }
                }
            }
        }
    }

    fn step(&mut self, span: Span) -> Eval<()> {
        self.steps += 1;
        if self.steps > self.limits.steps_max {
            return fail(span, ErrorKind::TooManySteps(self.limits.steps_max));
        }
        Ok(())
    }

    /// An expression without a first operand.
    fn start<'e>(&mut self, expr: &'e Expr) -> Eval<Next<'e>> {
        Ok(Next::Value(match &expr.kind {
            ExprKind::Bool(value) => Val::Bool(*value),
            ExprKind::Int(value) => Val::Int(value.clone()),
            ExprKind::Local(id) => self.local(*id, expr.span)?.clone(),
            ExprKind::Aggregate(items) => Val::List(Rc::new(self.eval_all(items)?)),
            ExprKind::Intrinsic(intrinsic, args) => {
                let values = self.eval_all(args)?;
                intrinsic::apply(*intrinsic, expr, args, values)?
            }
            ExprKind::Call(function, args) => {
                let args = self.eval_all(args)?;
                self.enter(*function, args, expr.span)?
            }
            ExprKind::Block(stmts, tail) => {
                for stmt in stmts {
                    self.statement(stmt)?;
                }
                return Ok(Next::Tail(tail));
            }
            ExprKind::For(body) => {
                self.repeat(body, |iteration| match iteration {
                    Ok(_) | Err(Stop::Continue) => Ok(true),
                    Err(Stop::Break) => Ok(false),
                    Err(stop) => Err(stop),
                })?;
                Val::unit()
            }
            ExprKind::Map(body) => {
                let mut values = Vec::new();
                self.repeat(body, |iteration| {
                    values.push(iteration?);
                    Ok(true)
                })?;
                Val::List(Rc::new(values))
            }
            ExprKind::Scope(body) => match self.eval(body) {
                Err(Stop::Return(value)) => value,
                result => result?,
            },
            ExprKind::Break => return Err(Stop::Break),
            ExprKind::Continue => return Err(Stop::Continue),
            _ => return fail(expr.span, ErrorKind::Internal("an operator without operands")),
        }))
    }

    /// What remains of an expression once its first operand is known.
    fn finish<'e>(&mut self, expr: &'e Expr, first: Val) -> Eval<Next<'e>> {
        let span = expr.span;
        Ok(Next::Value(match &expr.kind {
            ExprKind::Repeat(_) => match &expr.ty {
                Ty::Array(_, len) => Val::List(Rc::new(vec![first; to_usize(*len, span)?])),
                _ => return fail(span, ErrorKind::Internal("a repetition that is not an array")),
            },
            ExprKind::Variant(tag, _) => Val::Variant(*tag, Rc::new(first)),
            ExprKind::Field(_, index) => first.list(span)?[*index as usize].clone(),
            ExprKind::Index(_, index) => {
                let index = self.eval(index)?.int(span)?;
                first.element(&index, span)?.clone()
            }
            ExprKind::Slice(_, start) => {
                let start = self.eval(start)?.int(span)?;
                slice(&first, &start, &expr.ty, span)?
            }
            ExprKind::Unary(op, _) => unary(*op, first, &expr.ty, span)?,
            ExprKind::Binary(op, _, right) => {
                let right = self.eval(right)?;
                operator::binary(*op, first, right, expr)?
            }
            ExprKind::Fit(_) => {
                self.fit(&first, &expr.ty, span)?;
                first
            }
            ExprKind::Wrap(_) => {
                let ty = declared(&expr.ty, span)?;
                Val::Int(wrap(&first.int(span)?, ty.signed, ty.width))
            }
            ExprKind::Saturate(_) => {
                let ty = declared(&expr.ty, span)?;
                Val::Int(first.int(span)?.clamp(ty.lo.clone(), ty.hi.clone()))
            }
            ExprKind::TryInto(_) => self.to_option(first, &expr.ty, span)?,
            ExprKind::If(condition, then, otherwise) => {
                let holds = first.bool(span)?;
                self.trace(|| Event::Condition { whole: span, condition: condition.span, holds });
                return Ok(Next::Tail(if holds { then } else { otherwise }));
            }
            ExprKind::Match(_, arms) => return self.choose(arms, &first, span).map(Next::Tail),
            ExprKind::Assign(place, _) => {
                self.assign(place, first)?;
                Val::unit()
            }
            ExprKind::Return(_) => return Err(Stop::Return(first)),
            ExprKind::Require(_, reason) => {
                if !first.bool(span)? {
                    return fail(span, ErrorKind::Unmet(Rc::clone(reason)));
                }
                Val::unit()
            }
            ExprKind::AssertEq(left, right) => {
                let right = self.eval(right)?;
                if first != right {
                    let (left_value, right) = (first.to_value(), right.to_value());
                    let sides = Sides { left: left_value, right, ty: left.ty.clone() };
                    self.failures.push(Failure { span, kind: FailureKind::AssertEq(Box::new(sides)) });
                }
                Val::unit()
            }
            ExprKind::Assert(condition) => {
                if !first.bool(span)? {
                    let operands = self.operands(condition);
                    self.failures.push(Failure { span, kind: FailureKind::Assert(operands) });
                }
                Val::unit()
            }
            _ => return fail(span, ErrorKind::Internal("an expression without a first operand")),
        }))
    }

    fn eval_all(&mut self, exprs: &[Expr]) -> Eval<Vec<Val>> {
        exprs.iter().map(|expr| self.eval(expr)).collect()
    }

    fn statement(&mut self, stmt: &Stmt) -> Eval<()> {
        match stmt {
            Stmt::Let(id, expr) => {
                let value = self.eval(expr)?;
                self.bind(*id, value);
                self.trace_local(*id);
            }
            Stmt::Expr(expr) => drop(self.eval(expr)?),
        }
        Ok(())
    }

    fn local(&self, id: LocalId, span: Span) -> Eval<&Val> {
        match self.locals.get(id.0 as usize) {
            Some(Some(value)) => Ok(value),
            _ => fail(span, ErrorKind::Internal("a variable that is not bound")),
        }
    }

    fn bind(&mut self, id: LocalId, value: Val) {
        self.locals[id.0 as usize] = Some(value);
    }

    fn assign(&mut self, place: &Place, value: Val) -> Eval<()> {
        let mut steps = Vec::with_capacity(place.path.len());
        for step in &place.path {
            steps.push(match step {
                Step::Field(index) => BigInt::from(*index),
                Step::Index(index) => self.eval(index)?.int(place.span)?,
            });
        }
        let local = self.locals[place.local.0 as usize].as_mut();
        let Some(mut target) = local else {
            return fail(place.span, ErrorKind::Internal("a variable that is not bound"));
        };
        for step in &steps {
            target = target.element_mut(step, place.span)?;
        }
        let kept = self.tracer.is_some().then(|| value.clone());
        *target = value;
        if let Some(value) = kept {
            self.trace(|| Event::Assigned { place, value: &value });
        }
        Ok(())
    }

    /// Runs a loop as long as `next`, given what each iteration did, says so.
    fn repeat(&mut self, body: &For, mut next: impl FnMut(Eval) -> Eval<bool>) -> Eval<()> {
        let mut n_iterations = 0;
        let result = self.each(body, |this, item| {
            this.bind(body.local, item);
            this.trace_iteration(body.local, n_iterations);
            n_iterations += 1;
            next(this.eval(&body.body))
        });
        if n_iterations > 0 {
            self.trace(|| Event::Left);
        }
        result
    }

    /// Gives `iterate` each value that a loop runs over, as long as it says so.
    fn each(&mut self, body: &For, mut iterate: impl FnMut(&mut Self, Val) -> Eval<bool>) -> Eval<()> {
        match &body.over {
            Over::Range(start, end) => {
                let mut i = self.eval(start)?.int(start.span)?;
                let end = self.eval(end)?.int(end.span)?;
                while i < end && iterate(self, Val::Int(i.clone()))? {
                    i += 1;
                }
            }
            Over::Array(array) => {
                let array = self.eval(array)?;
                for item in array.list(body.body.span)?.iter() {
                    if !iterate(self, item.clone())? {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    fn choose<'e>(&mut self, arms: &'e [Arm], value: &Val, span: Span) -> Eval<&'e Expr> {
        for arm in arms {
            if !self.matches(&arm.pattern, value, span)? {
                continue;
            }
            let holds = match &arm.guard {
                Some(guard) => self.eval(guard)?.bool(guard.span)?,
                None => true,
            };
            if holds {
                self.trace_arm(arm, span);
                return Ok(&arm.body);
            }
        }
        fail(span, ErrorKind::Internal("no arm matches"))
    }

    fn matches(&mut self, pattern: &Pattern, value: &Val, span: Span) -> Eval<bool> {
        Ok(match pattern {
            Pattern::Any => true,
            Pattern::Bind(id, inner) => {
                self.bind(*id, value.clone());
                match inner {
                    Some(inner) => self.matches(inner, value, span)?,
                    None => true,
                }
            }
            Pattern::Bool(wanted) => value.bool(span)? == *wanted,
            Pattern::Range(lo, hi) => {
                let value = value.int(span)?;
                *lo <= value && value <= *hi
            }
            Pattern::Aggregate(patterns) => {
                let values = value.list(span)?;
                for (pattern, value) in patterns.iter().zip(values.iter()) {
                    if !self.matches(pattern, value, span)? {
                        return Ok(false);
                    }
                }
                true
            }
            Pattern::Variant(wanted, inner) => match value {
                Val::Variant(tag, payload) => tag == wanted && self.matches(inner, payload, span)?,
                _ => return fail(span, ErrorKind::Internal("a variant pattern on something else")),
            },
            Pattern::Or(patterns) => {
                for pattern in patterns {
                    if self.matches(pattern, value, span)? {
                        return Ok(true);
                    }
                }
                false
            }
        })
    }

    /// Whether every integer in `value` lies in the range of its type.
    fn fit(&self, value: &Val, ty: &Ty, span: Span) -> Eval<()> {
        match (value, ty) {
            (Val::Int(int), Ty::Int(ty)) if *int < ty.lo || *int > ty.hi => {
                fail(span, ErrorKind::OutOfRange { value: int.clone(), ty: Rc::clone(ty), fraction: None })
            }
            (Val::List(items), Ty::Array(element, _)) => {
                items.iter().try_for_each(|item| self.fit(item, element, span))
            }
            (Val::List(items), Ty::Tuple(types)) => self.fit_all(items, types.iter(), span),
            (Val::List(items), Ty::Struct(id)) => {
                let program = self.program;
                let struct_ = &program.structs[id.0 as usize];
                self.fit_all(items, struct_.fields.iter().map(|(_, ty)| ty), span).map_err(|stop| match stop {
                    Stop::Error(error) => Stop::Error(Box::new(in_units_of(*error, struct_.fraction))),
                    other => other,
                })
            }
            (Val::Variant(tag, payload), Ty::Enum(id)) => {
                let program = self.program;
                self.fit(payload, &program.enums[id.0 as usize].variants[*tag as usize].1, span)
            }
            _ => Ok(()),
        }
    }

    fn fit_all<'t>(&self, items: &[Val], types: impl Iterator<Item = &'t Ty>, span: Span) -> Eval<()> {
        items.iter().zip(types).try_for_each(|(item, ty)| self.fit(item, ty, span))
    }

    fn to_option(&self, value: Val, option: &Ty, span: Span) -> Eval {
        let Ty::Enum(id) = option else { return fail(span, ErrorKind::Internal("`try_into` to no option")) };
        let (_, some) = &self.program.enums[id.0 as usize].variants[1];
        let wrapped = Val::List(Rc::new(vec![value]));
        Ok(match self.fit(&wrapped, some, span) {
            Ok(()) => Val::Variant(1, Rc::new(wrapped)),
            Err(_) => Val::Variant(0, Rc::new(Val::unit())),
        })
    }
}

/// What evaluation goes on with.
enum Next<'e> {
    Value(Val),
    Tail(&'e Expr),
}

impl Stop {
    fn into_error(self) -> Error {
        match self {
            Stop::Error(error) => *error,
            Stop::Break | Stop::Continue | Stop::Return(_) => {
                Error { span: Span::default(), kind: ErrorKind::Internal("a jump out of nothing") }
            }
        }
    }
}

/// The operand that is evaluated before all else of the expression.
pub(crate) fn first_operand(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Repeat(first)
        | ExprKind::Variant(_, first)
        | ExprKind::Field(first, _)
        | ExprKind::Index(first, _)
        | ExprKind::Slice(first, _)
        | ExprKind::Unary(_, first)
        | ExprKind::Binary(_, first, _)
        | ExprKind::Fit(first)
        | ExprKind::Wrap(first)
        | ExprKind::Saturate(first)
        | ExprKind::TryInto(first)
        | ExprKind::If(first, ..)
        | ExprKind::Match(first, _)
        | ExprKind::Assign(_, first)
        | ExprKind::Return(first)
        | ExprKind::Require(first, _)
        | ExprKind::AssertEq(first, _)
        | ExprKind::Assert(first) => Some(first),
        _ => None,
    }
}

/// `u32`, or `i8` where the type is `i8 in -5..=5`.
pub(crate) fn base_name(ty: &IntTy) -> String {
    format!("{}{}", if ty.signed { 'i' } else { 'u' }, ty.width)
}

/// That a value does not fit, with the fractional bits of the number that it makes.
fn in_units_of(error: Error, of: Option<u32>) -> Error {
    match error.kind {
        ErrorKind::OutOfRange { value, ty, fraction } => {
            Error { kind: ErrorKind::OutOfRange { value, ty, fraction: fraction.or(of) }, ..error }
        }
        _ => error,
    }
}

fn out_of_range(value: &BigInt, ty: &IntTy, fraction: Option<u32>) -> String {
    let shown = |n: &BigInt| fraction.map_or_else(|| n.to_string(), |fraction| decimal(n, fraction));
    let name = match fraction {
        Some(fraction) => fixed_name(ty, fraction),
        None => base_name(ty),
    };
    format!("{} does not fit `{name}`, which holds {}..={}", shown(value), shown(&ty.lo), shown(&ty.hi))
}

/// `fixed<8, 8>` by the integer that it is made of.
pub(crate) fn fixed_name(ty: &IntTy, fraction: u32) -> String {
    format!("fixed<{}, {fraction}>", i64::from(ty.width) - i64::from(fraction))
}

fn fail<T>(span: Span, kind: ErrorKind) -> Eval<T> {
    Err(Error { span, kind }.into())
}

fn declared(ty: &Ty, span: Span) -> Eval<&IntTy> {
    match ty {
        Ty::Int(ty) => Ok(ty),
        _ => fail(span, ErrorKind::Internal("an operation that needs a declared integer type")),
    }
}

fn to_usize(len: u64, span: Span) -> Eval<usize> {
    usize::try_from(len).or_else(|_| fail(span, ErrorKind::Internal("an array beyond memory")))
}

fn unary(op: UnaryOp, value: Val, ty: &Ty, span: Span) -> Eval {
    Ok(match (op, value) {
        (UnaryOp::Neg, Val::Int(value)) => Val::Int(-value),
        (UnaryOp::Not, Val::Bool(value)) => Val::Bool(!value),
        (UnaryOp::Not, Val::Int(value)) => {
            let ty = declared(ty, span)?;
            Val::Int(wrap(&(-value - 1), ty.signed, ty.width))
        }
        _ => return fail(span, ErrorKind::Internal("an operator on the wrong type")),
    })
}

fn slice(array: &Val, start: &BigInt, ty: &Ty, span: Span) -> Eval {
    let Ty::Array(_, len) = ty else { return fail(span, ErrorKind::Internal("a slice that is not an array")) };
    let items = array.list(span)?;
    let end = start + BigInt::from(*len);
    let bounds = usize::try_from(start).ok().zip(usize::try_from(&end).ok());
    match bounds.and_then(|(start, end)| items.get(start..end)) {
        Some(items) => Ok(Val::List(Rc::new(items.to_vec()))),
        None => {
            let index = if *start < BigInt::ZERO { start.clone() } else { end };
            fail(span, ErrorKind::IndexOutside { index, len: items.len() as u64 })
        }
    }
}

#[cfg(test)]
mod tests;
