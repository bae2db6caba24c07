//! The checked program: names resolved, types concrete, generics expanded, sugar gone.
//!
//! [`mod@crate::check`] makes it; [`crate::interpret`] runs it on plain values (the oracle); [`crate::lower`] walks it to prove ranges
//! and to build the circuit.
//!
//! # Integers
//! Every integer expression has a mathematical meaning: a whole number without bound. A *declared* type (`u32`,
//! `i8 in -5..=5`) is a promise about what is stored, and is made good at one kind of node only: [`ExprKind::Fit`].
//! - `+ - *`, unary `-`, `<<`, `>>` (floor), `& | ^` (two's complement without end) and `/ %` (truncating, as in Rust) are exact
//!   and give [`Ty::Exact`]. Where that holds every result, the node's `ty` is a declared type instead: `& | ^` of two operands of one
//!   declared type, or of one and a constant that fits it, keep that type without its range, and so does `>>` that of its left side.
//! - `+% -% *% <<%`, `+| -| *|`, unary `!` and rotation work in the declared type that [`ExprKind::Binary`]'s own `ty` names, which is
//!   never [`Ty::Exact`].
//! - [`ExprKind::Fit`] states that the value lies in the range of the node's `ty`; the checker emits it wherever a value meets a
//!   declared type that its own type does not already guarantee; lowering proves it or reports it.
//!
//! # Control
//! Conditions may be secret. Everything that may fail is proven not to: `/` and `%` need a divisor that is not 0, `a[i]` an index
//! inside the array. Loops are over ranges with public bounds, or over arrays. Calls are not recursive.

use std::collections::BTreeSet;
use std::rc::Rc;

use num_bigint::BigInt;

use crate::source::Span;

/// Position in [`Program::functions`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FunctionId(pub u32);

/// Position in [`Program::structs`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StructId(pub u32);

/// Position in [`Program::enums`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EnumId(pub u32);

/// Position in [`Function::locals`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LocalId(pub u32);

/// Position in [`Program::parties`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PartyId(pub u32);

/// A whole program, for one choice of its parameters.
#[derive(Clone, Debug)]
pub struct Program {
    /// The parties; each member of a family on its own, as `hospital[3]`.
    pub parties: Vec<Party>,
    /// The build-time parameters and the values they have here, in source order.
    pub params: Vec<Param>,
    /// Struct types, expanded.
    pub structs: Vec<Struct>,
    /// Enum types, expanded.
    pub enums: Vec<Enum>,
    /// Functions, expanded, callees before callers.
    pub functions: Vec<Function>,
    /// The entry; absent in a file that only holds helpers and tests.
    pub main: Option<Main>,
    /// The `#[test]` functions.
    pub tests: Vec<Test>,
    /// What functions may cost.
    pub budgets: Vec<Budget>,
}

/// `#[max_and(N)]`.
#[derive(Clone, Debug)]
pub struct Budget {
    /// The function.
    pub function: FunctionId,
    /// The AND gates that it may cost.
    pub max: BigInt,
    /// Whether it is `main`, whose cost is the program's.
    pub whole: bool,
    /// The attribute.
    pub span: Span,
}

/// Somebody who gives inputs or learns outputs.
#[derive(Clone, Debug)]
pub struct Party {
    /// `alice`, or `hospital[3]` for a member of a family.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
}

/// A `const NAME: T = param;`.
#[derive(Clone, Debug)]
pub struct Param {
    /// The constant's name.
    pub name: String,
    /// What it is in this build.
    pub value: BigInt,
    /// Whether the value came from the caller rather than from the default.
    pub given: bool,
    /// The declaration.
    pub span: Span,
}

/// The program's border: who gives what, who learns what.
#[derive(Clone, Debug)]
pub struct Main {
    /// The function; its parameters are the inputs, in order.
    pub function: FunctionId,
    /// One for each parameter.
    pub inputs: Vec<Input>,
    /// One with an empty name, or one for each field of the record that `main` returns.
    pub outputs: Vec<Output>,
    /// What the program requires; there only if it requires something.
    pub requires: Option<Requires>,
}

/// The one visible failure of a program: that something it requires does not hold.
#[derive(Clone, Debug)]
pub struct Requires {
    /// Who learns whether all that is required holds; ascending, without repetition, every recipient of an output among them.
    pub to: Vec<PartyId>,
    /// Why it may fail, without repetition, as the program reaches them.
    pub reasons: Vec<Rc<str>>,
    /// The clause in the signature.
    pub span: Span,
}

/// A parameter of `main`.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Who gives it.
    pub from: From,
    /// Its type; always free of [`Ty::Exact`].
    pub ty: Ty,
    /// The parameter.
    pub span: Span,
}

/// Who gives an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// One party gives all of it.
    Party(PartyId),
    /// The input is an array; member `i` of the family gives element `i`.
    Each(Vec<PartyId>),
    /// Both sides give it and must agree; bound before the circuit is built.
    Public,
}

/// A result of `main`.
#[derive(Clone, Debug)]
pub struct Output {
    /// The field's name; empty where the whole result is this one value.
    pub name: String,
    /// Who learns it; ascending, without repetition, not empty.
    pub to: Vec<PartyId>,
    /// Its type; always free of [`Ty::Exact`].
    pub ty: Ty,
    /// Where the signature says so.
    pub span: Span,
}

/// A `#[test]` function: no parameters.
#[derive(Clone, Debug)]
pub struct Test {
    /// Its name.
    pub name: String,
    /// Its code.
    pub function: FunctionId,
    /// How it is to end.
    pub expects: Expect,
    /// Its name's place.
    pub span: Span,
}

/// How a test is to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// `#[test]`: at its end, with all requirements met.
    Success,
    /// `#[test(fails)]`: at a requirement that does not hold.
    Unmet,
    /// `#[test(fails = "reason")]`: at a requirement for this reason.
    UnmetFor(Rc<str>),
}

/// A concrete type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ty {
    /// A truth value.
    Bool,
    /// A whole number of which only range analysis knows more: the type of `a + b`, of loop counters and of `int`.
    Exact,
    /// A declared integer type.
    Int(Rc<IntTy>),
    /// `len` elements of one type.
    Array(Rc<Ty>, u64),
    /// Values of several types; the empty tuple is what statements return.
    Tuple(Rc<[Ty]>),
    /// A struct.
    Struct(StructId),
    /// An enum, `Option` included.
    Enum(EnumId),
    /// The type of `return`, `break` and `continue`: fits everywhere.
    Never,
}

/// A declared integer type: `u32`, `i8 in -5..=5`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IntTy {
    /// `iN` rather than `uN`.
    pub signed: bool,
    /// N, 1 to 4096: the width that wrapping, `!` and rotation work in.
    pub width: u32,
    /// The least value allowed; 0 or more for `uN`.
    pub lo: BigInt,
    /// The greatest value allowed.
    pub hi: BigInt,
}

/// A struct, expanded.
#[derive(Clone, Debug)]
pub struct Struct {
    /// Its name with type arguments, for messages.
    pub name: String,
    /// Its fields in order.
    pub fields: Vec<(String, Ty)>,
    /// F, if it is `fixed<I, F>`: then its one field is the number times 2^F.
    pub fraction: Option<u32>,
}

/// An enum, expanded.
#[derive(Clone, Debug)]
pub struct Enum {
    /// Its name with type arguments, for messages.
    pub name: String,
    /// Its variants in tag order; the payload is a [`Ty::Tuple`], or a [`Ty::Struct`] for `Variant { … }`.
    pub variants: Vec<(String, Ty)>,
}

/// A function, expanded.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name with generic arguments, for messages and cost reports.
    pub name: String,
    /// The first locals, in order; they are free of [`Ty::Exact`] unless declared `int` or generic.
    pub n_params: u32,
    /// Parameters first, then everything bound in the body, each `let` on its own.
    pub locals: Vec<Local>,
    /// The value of the body is the result ([`ExprKind::Return`] may end it earlier).
    pub body: Expr,
    /// What it returns.
    pub ret: Ty,
    /// Its name's place.
    pub span: Span,
    /// Whether it was written without generics, so that its body must hold for all values of its parameter types.
    pub standalone: bool,
}

/// A variable.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its name; `_` or a number for what the checker made.
    pub name: String,
    /// Its type. [`Ty::Exact`] where a `let` has no annotation: then it holds whatever it is given.
    pub ty: Ty,
    /// Whether it may be assigned.
    pub mutable: bool,
    /// Its declaration.
    pub span: Span,
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it does.
    pub kind: ExprKind,
    /// What it gives.
    pub ty: Ty,
    /// Where it stands.
    pub span: Span,
}

/// What an expression does. Operands are evaluated from left to right.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(BigInt),
    /// The value of a variable.
    Local(LocalId),
    /// An array, a tuple or a struct from its elements or fields in order.
    Aggregate(Vec<Expr>),
    /// `[value; n]` where the type says `n`.
    Repeat(Box<Expr>),
    /// A variant from its payload.
    Variant(u32, Box<Expr>),
    /// Field of a tuple or of a struct.
    Field(Box<Expr>, u32),
    /// Element of an array; the index must be proven to lie inside, and may be secret.
    Index(Box<Expr>, Box<Expr>),
    /// `array[start .. start + len]` where the type says `len` and `start` is a build-time or public value.
    Slice(Box<Expr>, Box<Expr>),
    /// An operator with one operand.
    Unary(UnaryOp, Box<Expr>),
    /// An operator with two operands.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// A built-in function.
    Intrinsic(Intrinsic, Vec<Expr>),
    /// A call.
    Call(FunctionId, Vec<Expr>),
    /// The value, which must be proven to lie in the range of the node's type. Works through arrays, tuples, structs and enums. Where the type
    /// is that of a closure's parameter, the node stands where it is written.
    Fit(Box<Expr>),
    /// The value modulo 2^N, in the node's declared type. If that type has a range, a [`ExprKind::Fit`] stands around it.
    Wrap(Box<Expr>),
    /// The nearest value in the range of the node's declared type.
    Saturate(Box<Expr>),
    /// `Some(value)` if the value lies in the range of the payload type of the node's type (an `Option`), else `None`.
    TryInto(Box<Expr>),
    /// One of two values. `&&` and `||` are this too.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// The first arm that matches; the checker has shown that one does.
    Match(Box<Expr>, Vec<Arm>),
    /// Statements, then a value.
    Block(Vec<Stmt>, Box<Expr>),
    /// Runs the body for each value; gives `()`.
    For(Box<For>),
    /// Runs the body for each value and collects its values in an array.
    Map(Box<For>),
    /// Stores a value; gives `()`.
    Assign(Place, Box<Expr>),
    /// Leaves the innermost [`ExprKind::For`].
    Break,
    /// Goes on with the next iteration of the innermost [`ExprKind::For`].
    Continue,
    /// Leaves the innermost [`ExprKind::Scope`], else the function.
    Return(Box<Expr>),
    /// The body of a closure, or of a function that takes closures, in place of its call.
    Scope(Box<Expr>),
    /// Ends the program without a result, for this reason, where the condition is false; gives `()`.
    ///
    /// What follows is reached only where the condition holds.
    Require(Box<Expr>, Rc<str>),
    /// In tests: records a failure, with both values, where they differ; gives `()`.
    AssertEq(Box<Expr>, Box<Expr>),
    /// In tests: records a failure where the condition is false; gives `()`.
    Assert(Box<Expr>),
}

/// A loop.
#[derive(Clone, Debug)]
pub struct For {
    /// The variable that holds the counter or the element.
    pub local: LocalId,
    /// What it runs over.
    pub over: Over,
    /// What is done.
    pub body: Expr,
}

/// What a loop runs over.
#[derive(Clone, Debug)]
pub enum Over {
    /// `start .. end`, in steps of one; nothing if `end ≤ start`. Both must be build-time or public.
    Range(Expr, Expr),
    /// The elements of an array, in order.
    Array(Expr),
}

/// Something that can be assigned: a variable, or a part of it.
#[derive(Clone, Debug)]
pub struct Place {
    /// The variable.
    pub local: LocalId,
    /// The way into it.
    pub path: Vec<Step>,
    /// The type of the part.
    pub ty: Ty,
    /// Where it stands.
    pub span: Span,
}

/// One step into a value.
#[derive(Clone, Debug)]
pub enum Step {
    /// A field of a tuple or struct.
    Field(u32),
    /// An element of an array; the index must be proven to lie inside, and may be secret.
    Index(Expr),
}

/// A statement.
#[derive(Clone, Debug)]
pub enum Stmt {
    /// Binds a variable.
    Let(LocalId, Expr),
    /// Evaluates and drops.
    Expr(Expr),
}

/// An arm of a `match`.
#[derive(Clone, Debug)]
pub struct Arm {
    /// What it matches.
    pub pattern: Pattern,
    /// A further condition, over the pattern's variables.
    pub guard: Option<Expr>,
    /// Its value.
    pub body: Expr,
}

/// A pattern over a value.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// Everything.
    Any,
    /// Everything, kept in a variable; with a further pattern for `x @ p`.
    Bind(LocalId, Option<Box<Pattern>>),
    /// A truth value.
    Bool(bool),
    /// Integers from the first to the second, both included.
    Range(BigInt, BigInt),
    /// The elements of an array, the fields of a tuple or struct, in order.
    Aggregate(Vec<Pattern>),
    /// A variant and its payload.
    Variant(u32, Box<Pattern>),
    /// Any of several, which bind the same variables.
    Or(Vec<Pattern>),
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-x`; exact.
    Neg,
    /// `!x` of a bool, or of a declared integer in its width.
    Not,
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`; exact.
    Add,
    /// `-`; exact.
    Sub,
    /// `*`; exact.
    Mul,
    /// `/`; truncates; the divisor must be proven not 0.
    Div,
    /// `%`; the sign of the dividend; the divisor must be proven not 0.
    Rem,
    /// `&` of bools or integers.
    BitAnd,
    /// `|` of bools or integers.
    BitOr,
    /// `^` of bools or integers.
    BitXor,
    /// `<<`; exact; the amount must be proven 0 or more.
    Shl,
    /// `>>`; rounds down; the amount must be proven 0 or more.
    Shr,
    /// `+%` in the node's type.
    WrapAdd,
    /// `-%` in the node's type.
    WrapSub,
    /// `*%` in the node's type.
    WrapMul,
    /// `<<%` in the node's type; the amount must be proven 0 or more.
    WrapShl,
    /// `+|` in the node's type.
    SatAdd,
    /// `-|` in the node's type.
    SatSub,
    /// `*|` in the node's type.
    SatMul,
    /// `==` of two values of one type (integers of any types).
    Eq,
    /// `!=`.
    Ne,
    /// `<` of integers of any types, or of two values of one type: false comes before true, a variant before those that are declared after
    /// it, and of arrays, tuples and structs the first part that differs decides.
    Lt,
    /// `<=`.
    Le,
    /// `>`.
    Gt,
    /// `>=`.
    Ge,
}

/// Built-in functions. All are exact unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intrinsic {
    /// `min(a, b)`.
    Min,
    /// `max(a, b)`.
    Max,
    /// `abs(a)`.
    Abs,
    /// `a.div_or(b, default)`: `default` where `b` is 0.
    DivOr,
    /// `a.rem_or(b, default)`.
    RemOr,
    /// `a.rotate_left(n)` in the node's declared unsigned type; `n ≥ 0`, taken modulo the width.
    RotateLeft,
    /// `a.rotate_right(n)`.
    RotateRight,
    /// `a.count_ones()` of a declared type's bits (two's complement in its width), or of an array of bools.
    CountOnes,
    /// `a.leading_zeros()` in the declared type's width.
    LeadingZeros,
    /// `a.bits()`: the declared type's bits, least significant first, as an array of bools.
    Bits,
    /// `from_bits(array)`: the integer of the node's declared type with these bits (as many as its width).
    FromBits,
    /// `array.sum()`.
    Sum,
    /// `array.get_or(i, default)`: `default` where `i` lies outside.
    GetOr,
    /// `aes_sbox(x)`: the AES S-box of a `u8`; 32 ANDs.
    AesSbox,
    /// `sorting_network(n)`: pairs of positions of an array of `n` elements; the argument is a number.
    SortingNetwork,
    /// `merging_network(n, m)`: the same for two sorted parts that stand one after the other; the arguments are numbers.
    MergingNetwork,
    /// `a.isqrt()`: the square root, rounded down; 0 of a negative number.
    Isqrt,
    /// `e.index()`: the position of an enum's variant, from 0.
    Tag,
    /// Floating point.
    Float(FloatOp),
}

/// Floating-point operations, on the bits of binary32 (`u32`) and binary64 (`u64`) as IEEE 754-2019, section 3.4, lays them out.
///
/// Results are rounded to nearest, ties to even. Every NaN that comes out is the positive quiet one without payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FloatOp {
    /// `float_add(x, y)`.
    Add,
    /// `float_sub(x, y)`.
    Sub,
    /// `float_mul(x, y)`.
    Mul,
    /// `float_div(x, y)`.
    Div,
    /// `float_sqrt(x)`.
    Sqrt,
    /// `float_less(x, y)`: a `bool`; false if an operand is NaN.
    Less,
    /// `float_at_most(x, y)`: likewise.
    AtMost,
    /// `float_equal(x, y)`: likewise; zeros are equal whatever their signs.
    Equal,
    /// `float_from(n)`: the number nearest to an integer of a declared type.
    FromInt,
    /// `float_to(x)`: the number without its fraction, the nearest value of the node's type; 0 for NaN.
    ToInt,
    /// `float_convert(x)`: binary32 to binary64, or the other way round.
    Convert,
}

impl Expr {
    /// Visits the expressions that this one is directly made of, in order of evaluation.
    pub fn for_each_child_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        match &mut self.kind {
            ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Local(_) | ExprKind::Break | ExprKind::Continue => {}
            ExprKind::Call(_, items) | ExprKind::Aggregate(items) | ExprKind::Intrinsic(_, items) => {
                items.iter_mut().for_each(visit);
            }
            ExprKind::Repeat(a)
            | ExprKind::Variant(_, a)
            | ExprKind::Field(a, _)
            | ExprKind::Unary(_, a)
            | ExprKind::Fit(a)
            | ExprKind::Wrap(a)
            | ExprKind::Saturate(a)
            | ExprKind::TryInto(a)
            | ExprKind::Return(a)
            | ExprKind::Scope(a)
            | ExprKind::Require(a, _)
            | ExprKind::Assert(a) => visit(a),
            ExprKind::Index(a, b) | ExprKind::Slice(a, b) | ExprKind::Binary(_, a, b) | ExprKind::AssertEq(a, b) => {
                [a, b].into_iter().for_each(|expr| visit(expr));
            }
            ExprKind::If(a, b, c) => [a, b, c].into_iter().for_each(|expr| visit(expr)),
            ExprKind::Match(value, arms) => {
                visit(value);
                arms.iter_mut().flat_map(|arm| arm.guard.iter_mut().chain([&mut arm.body])).for_each(visit);
            }
            ExprKind::Block(stmts, value) => {
                for stmt in stmts {
                    let (Stmt::Let(_, expr) | Stmt::Expr(expr)) = stmt;
                    visit(expr);
                }
                visit(value);
            }
            ExprKind::For(body) | ExprKind::Map(body) => {
                match &mut body.over {
                    Over::Range(start, end) => [start, end].into_iter().for_each(&mut *visit),
                    Over::Array(array) => visit(array),
                }
                visit(&mut body.body);
            }
            ExprKind::Assign(place, value) => {
                for step in &mut place.path {
                    if let Step::Index(index) = step {
                        visit(index);
                    }
                }
                visit(value);
            }
        }
    }

    /// The expressions that this one is directly made of, in order of evaluation.
    #[must_use]
    pub fn children(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Local(_) | ExprKind::Break | ExprKind::Continue => vec![],
            ExprKind::Aggregate(items) | ExprKind::Intrinsic(_, items) | ExprKind::Call(_, items) => {
                items.iter().collect()
            }
            ExprKind::Repeat(a)
            | ExprKind::Variant(_, a)
            | ExprKind::Field(a, _)
            | ExprKind::Unary(_, a)
            | ExprKind::Fit(a)
            | ExprKind::Wrap(a)
            | ExprKind::Saturate(a)
            | ExprKind::TryInto(a)
            | ExprKind::Return(a)
            | ExprKind::Scope(a)
            | ExprKind::Require(a, _)
            | ExprKind::Assert(a) => vec![a],
            ExprKind::Index(a, b) | ExprKind::Slice(a, b) | ExprKind::Binary(_, a, b) | ExprKind::AssertEq(a, b) => {
                vec![a, b]
            }
            ExprKind::If(a, b, c) => vec![a, b, c],
            ExprKind::Match(a, arms) => {
                let parts = arms.iter().flat_map(|Arm { guard, body, .. }| guard.iter().chain([body]));
                std::iter::once(&**a).chain(parts).collect()
            }
            ExprKind::Block(stmts, tail) => {
                let parts = stmts.iter().map(|stmt| match stmt {
                    Stmt::Let(_, expr) | Stmt::Expr(expr) => expr,
                });
                parts.chain([&**tail]).collect()
            }
            ExprKind::For(body) | ExprKind::Map(body) => {
                let mut parts = match &body.over {
                    Over::Range(start, end) => vec![start, end],
                    Over::Array(array) => vec![array],
                };
                parts.push(&body.body);
                parts
            }
            ExprKind::Assign(place, value) => {
                let indices = place.path.iter().filter_map(|step| match step {
                    Step::Index(index) => Some(index),
                    Step::Field(_) => None,
                });
                indices.chain([&**value]).collect()
            }
        }
    }

    /// This expression and all that it is made of, in order of evaluation.
    pub fn for_each<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        let mut todo = vec![self];
        while let Some(expr) = todo.pop() {
            visit(expr);
            todo.extend(expr.children().into_iter().rev());
        }
    }
}

impl Program {
    /// For each function, whether calling it may meet a requirement.
    #[must_use]
    pub fn requiring(&self) -> Vec<bool> {
        let mut requiring: Vec<bool> = Vec::with_capacity(self.functions.len());
        for function in &self.functions {
            let mut found = false;
            function.body.for_each(&mut |expr| found |= expr.may_require(&requiring));
            requiring.push(found);
        }
        requiring
    }

    /// The requirements that a function may meet, as it reaches them: their places and reasons.
    #[must_use]
    pub fn requirements(&self, function: FunctionId) -> Vec<(Span, Rc<str>)> {
        let (mut found, mut seen) = (Vec::new(), BTreeSet::from([function]));
        let mut todo = vec![&self.functions[function.0 as usize].body];
        while let Some(expr) = todo.pop() {
            todo.extend(expr.children().into_iter().rev());
            match &expr.kind {
                ExprKind::Require(_, reason) => found.push((expr.span, Rc::clone(reason))),
                ExprKind::Call(callee, _) if seen.insert(*callee) => {
                    todo.push(&self.functions[callee.0 as usize].body);
                }
                _ => {}
            }
        }
        found
    }
}

impl Expr {
    /// Whether it is itself a requirement, or calls a function that may meet one.
    pub(crate) fn may_require(&self, requiring: &[bool]) -> bool {
        match &self.kind {
            ExprKind::Require(..) => true,
            ExprKind::Call(callee, _) => requiring.get(callee.0 as usize).is_some_and(|requires| *requires),
            _ => false,
        }
    }
}
