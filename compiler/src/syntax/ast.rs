//! The syntax tree: what the author wrote, with a span on every node and nothing resolved.
//!
//! # Invariants
//! - Depth is bounded ([`crate::syntax::DEPTH_MAX`]): chains of operators and of `else if` are lists, everything else
//!   that nests is counted by the parser. Recursive functions over the tree need no care.
//! - A tree with [`ExprKind::Error`], [`TypeKind::Error`] or [`PatternKind::Error`] comes with a diagnostic. Later
//!   stages stay silent about such nodes.

use std::fmt;
use std::sync::Arc;

use num_bigint::BigInt;

use crate::source::{FileId, Span};

/// A name and where it stands. `self`, `Self` and `std` are names too.
#[derive(Clone)]
pub struct Ident {
    /// The name.
    pub name: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// One line of documentation, without its `///` or `//!` and the space after it.
#[derive(Clone, Debug)]
pub struct DocLine {
    /// The text.
    pub text: Arc<str>,
    /// The whole comment.
    pub span: Span,
}

/// A whole file.
#[derive(Clone, Debug)]
pub struct File {
    /// Which one.
    pub id: FileId,
    /// The `//!` lines at its beginning.
    pub docs: Vec<DocLine>,
    /// What it declares.
    pub items: Vec<Item>,
    /// All of it.
    pub span: Span,
}

/// A declaration.
#[derive(Clone, Debug)]
pub struct Item {
    /// The `///` lines before it.
    pub docs: Vec<DocLine>,
    /// `#[…]`.
    pub attributes: Vec<Attribute>,
    /// Where `pub` stands, if it does.
    pub public: Option<Span>,
    /// What it declares.
    pub kind: ItemKind,
    /// From its first keyword (`pub` included; documentation and attributes not) to its end.
    pub span: Span,
}

/// `#[name]` or `#[name(args)]`.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: Ident,
    /// Its arguments.
    pub args: Vec<AttributeArg>,
    /// From `#` to `]`.
    pub span: Span,
}

/// An argument of an attribute: `value`, or `name = value`.
#[derive(Clone, Debug)]
pub struct AttributeArg {
    /// What stands before `=`, if there is one.
    pub name: Option<Ident>,
    /// The value.
    pub value: Expr,
    /// All of it.
    pub span: Span,
}

/// The kinds of declaration.
#[derive(Clone, Debug)]
pub enum ItemKind {
    /// `use std::sort::{sort, sort_by};`
    Use(UseTree),
    /// `party a, hospital[N];`
    Party(Vec<Party>),
    /// `const N: int = 3;`
    Const(Const),
    /// `struct S { … }`
    Struct(Struct),
    /// `enum E { … }`
    Enum(Enum),
    /// `type T = …;`
    TypeAlias(TypeAlias),
    /// `fn f(…) { … }`
    Function(Box<Function>),
    /// `impl T { … }`
    Impl(Impl),
}

/// `a::b`, `a::b as c`, `a::*` or `a::{…}`.
#[derive(Clone, Debug)]
pub struct UseTree {
    /// The names before the end: all of them for a simple use. Empty only in `{…}` inside a group or at the top.
    pub path: Vec<Ident>,
    /// How it ends.
    pub end: UseEnd,
    /// All of it.
    pub span: Span,
}

/// How a [`UseTree`] ends.
#[derive(Clone, Debug)]
pub enum UseEnd {
    /// With its last name, perhaps renamed.
    Name {
        /// The name after `as`.
        alias: Option<Ident>,
    },
    /// `*`.
    Glob,
    /// `{…}`.
    Group(Vec<UseTree>),
}

/// A party, or a family of parties: `hospital[N]`.
#[derive(Clone, Debug)]
pub struct Party {
    /// Its name.
    pub name: Ident,
    /// How many members the family has.
    pub count: Option<Expr>,
    /// All of it.
    pub span: Span,
}

/// A named constant or a parameter of the program.
#[derive(Clone, Debug)]
pub struct Const {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: Type,
    /// Its value.
    pub value: ConstValue,
}

/// Where the value of a constant comes from.
#[derive(Clone, Debug)]
pub enum ConstValue {
    /// From the program.
    Expr(Expr),
    /// From whoever runs it: `param` or `param(default)`.
    Param {
        /// What it is when nobody sets it.
        default: Option<Box<Expr>>,
        /// From `param` to its end.
        span: Span,
    },
}

/// A struct.
#[derive(Clone, Debug)]
pub struct Struct {
    /// Its name.
    pub name: Ident,
    /// `<T, N: int>`.
    pub generics: Generics,
    /// Its fields.
    pub fields: Fields,
}

/// An enum.
#[derive(Clone, Debug)]
pub struct Enum {
    /// Its name.
    pub name: Ident,
    /// `<T, N: int>`.
    pub generics: Generics,
    /// Its variants, in tag order.
    pub variants: Vec<Variant>,
}

/// One variant of an enum.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The `///` lines before it.
    pub docs: Vec<DocLine>,
    /// Its name.
    pub name: Ident,
    /// Its payload.
    pub fields: Fields,
    /// All of it, without documentation.
    pub span: Span,
}

/// The fields of a struct or of a variant.
#[derive(Clone, Debug)]
pub enum Fields {
    /// None: `struct S;`, `None`.
    Unit,
    /// `(u32, bool)`.
    Tuple(Vec<Type>),
    /// `{ a: u32, b: bool }`.
    Named(Vec<Field>),
}

/// A named field.
#[derive(Clone, Debug)]
pub struct Field {
    /// The `///` lines before it.
    pub docs: Vec<DocLine>,
    /// Where `pub` stands, if it does.
    pub public: Option<Span>,
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: Type,
    /// All of it, without documentation.
    pub span: Span,
}

/// `type Name<T> = …;`
#[derive(Clone, Debug)]
pub struct TypeAlias {
    /// The new name.
    pub name: Ident,
    /// `<T, N: int>`.
    pub generics: Generics,
    /// What it stands for.
    pub ty: Type,
}

/// `impl<T> Type { … }`
#[derive(Clone, Debug)]
pub struct Impl {
    /// `<T, N: int>`.
    pub generics: Generics,
    /// Whose methods these are.
    pub ty: Type,
    /// Functions and constants.
    pub items: Vec<Item>,
}

/// Generic parameters; empty where there are none.
#[derive(Clone, Debug, Default)]
pub struct Generics {
    /// The parameters.
    pub params: Vec<GenericParam>,
}

/// `T`, `T: Ord + Eq` or `N: int`.
#[derive(Clone, Debug)]
pub struct GenericParam {
    /// Its name.
    pub name: Ident,
    /// What it must be: `Ord`, `Eq`, `Num`, or `int` for a size.
    pub bounds: Vec<Path>,
    /// All of it.
    pub span: Span,
}

/// A function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Where `const` stands, if it does.
    pub constant: Option<Span>,
    /// Its name.
    pub name: Ident,
    /// `<T, N: int>`.
    pub generics: Generics,
    /// `self` or `mut self`, for a method.
    pub receiver: Option<Receiver>,
    /// The other parameters.
    pub params: Vec<Param>,
    /// What it returns and who learns it.
    pub output: Output,
    /// `requires to …`: who learns whether what `main` requires holds. The span begins at `requires`.
    pub requires: Option<Recipients>,
    /// What it does.
    pub body: Block,
    /// From `const` or `fn` to the end of the output and of `requires to …`.
    pub signature: Span,
}

/// `self` or `mut self`.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// Where `mut` stands, if it does.
    pub mutable: Option<Span>,
    /// All of it.
    pub span: Span,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// What its value is matched with; usually a name.
    pub pattern: Pattern,
    /// Its type.
    pub ty: Type,
    /// Who gives it.
    pub source: Option<InputSource>,
    /// All of it.
    pub span: Span,
}

/// Who gives a parameter of `main`.
#[derive(Clone, Debug)]
pub struct InputSource {
    /// Who.
    pub kind: InputSourceKind,
    /// From `from` or `public` to its end.
    pub span: Span,
}

/// Who gives a parameter of `main`.
#[derive(Clone, Debug)]
pub enum InputSourceKind {
    /// `from PARTY` or `from FAMILY[i]`.
    Party(PartyRef),
    /// `from each FAMILY`: element i comes from member i.
    Each(Ident),
    /// `public`: both sides give it and must agree.
    Public,
}

/// A party, a family, or a member of a family.
#[derive(Clone, Debug)]
pub struct PartyRef {
    /// Its name.
    pub name: Ident,
    /// Which member.
    pub index: Option<Box<Expr>>,
    /// All of it.
    pub span: Span,
}

/// What a function returns.
#[derive(Clone, Debug)]
pub enum Output {
    /// Nothing is written: the unit type.
    Unit,
    /// `-> T` or `-> T to …`.
    Type {
        /// The type.
        ty: Type,
        /// Who learns it.
        to: Option<Recipients>,
    },
    /// `-> { price: u32 to all, … }`
    Record {
        /// The fields.
        fields: Vec<OutputField>,
        /// From `{` to `}`.
        span: Span,
    },
}

impl Output {
    /// Where it stands, without the arrow; nothing where nothing is written.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        match self {
            Output::Unit => None,
            Output::Type { ty, to } => Some(to.as_ref().map_or(ty.span, |to| ty.span.to(to.span))),
            Output::Record { span, .. } => Some(*span),
        }
    }
}

/// One field of a record of outputs.
#[derive(Clone, Debug)]
pub struct OutputField {
    /// The `///` lines before it.
    pub docs: Vec<DocLine>,
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: Type,
    /// Who learns it.
    pub to: Option<Recipients>,
    /// All of it, without documentation.
    pub span: Span,
}

/// Who learns an output.
#[derive(Clone, Debug)]
pub struct Recipients {
    /// Who.
    pub kind: RecipientsKind,
    /// From `to` to the last recipient.
    pub span: Span,
}

/// Who learns an output.
#[derive(Clone, Debug)]
pub enum RecipientsKind {
    /// `to all`.
    All,
    /// `to a, b`; a family means all its members.
    Parties(Vec<PartyRef>),
    /// `to each FAMILY`: element i goes to member i alone.
    Each(Ident),
}

/// A type as written.
#[derive(Clone, Debug)]
pub struct Type {
    /// What it is.
    pub kind: TypeKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of type.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// A name, perhaps with arguments: `u32`, `bool`, `int`, `Self`, `Option<T>`, `fixed<8, 8>`, `auction::Bid`.
    Path(Path),
    /// `u32 in lo..=hi`.
    Ranged {
        /// The type before `in`.
        base: Box<Type>,
        /// The least value.
        lo: Box<Expr>,
        /// The greatest value.
        hi: Box<Expr>,
    },
    /// `[T; len]`.
    Array {
        /// T.
        element: Box<Type>,
        /// How many.
        len: Box<Expr>,
    },
    /// `[T]`.
    Slice(Box<Type>),
    /// `(A, B)`; `()` is the unit type.
    Tuple(Vec<Type>),
    /// `fn(A, B) -> C`: a closure or function as argument.
    Function {
        /// What it takes.
        params: Vec<Type>,
        /// What it returns; nothing written means the unit type.
        output: Option<Box<Type>>,
    },
    /// `_`: to be inferred.
    Infer,
    /// Something malformed, already reported.
    Error,
}

/// Names joined by `::`.
#[derive(Clone, Debug)]
pub struct Path {
    /// At least one.
    pub segments: Vec<PathSegment>,
    /// All of it.
    pub span: Span,
}

/// One name of a path with its arguments: `Option<T>` in types, `sum::<u64>` in expressions.
#[derive(Clone, Debug)]
pub struct PathSegment {
    /// The name.
    pub name: Ident,
    /// `<…>`, if written.
    pub args: Option<GenericArgs>,
}

/// `<A, B>`.
#[derive(Clone, Debug)]
pub struct GenericArgs {
    /// The arguments.
    pub args: Vec<GenericArg>,
    /// From `<` to `>`.
    pub span: Span,
}

/// A generic argument. A lone name is always a [`GenericArg::Type`], whatever it stands for.
#[derive(Clone, Debug)]
pub enum GenericArg {
    /// A type, or the name of a constant.
    Type(Type),
    /// A size that is not a lone name: `8`, `N + 1`, `{ size(N) }`.
    Expr(Expr),
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// `1_000`, `true`, `"text"`.
    Literal(Literal),
    /// A name.
    Path(Path),
    /// `S { a: 1, b, ..base }`.
    Struct {
        /// The struct or variant.
        path: Path,
        /// The fields that are given.
        fields: Vec<FieldInit>,
        /// Where the other fields come from.
        base: Option<Box<Expr>>,
    },
    /// `{ price, won: w }`: the value of a function that returns a record of outputs.
    Record(Vec<FieldInit>),
    /// `(a, b)`, `(a,)`, `()`.
    Tuple(Vec<Expr>),
    /// `[a, b]`.
    Array(Vec<Expr>),
    /// `[value; len]`.
    Repeat {
        /// The value of each element.
        value: Box<Expr>,
        /// How many.
        len: Box<Expr>,
    },
    /// `(a)`: means `a`. See [`Expr::without_parens`].
    Paren(Box<Expr>),
    /// `{ … }`.
    Block(Block),
    /// `if … else if … else …`.
    If(If),
    /// `match x { … }`.
    Match {
        /// x.
        scrutinee: Box<Expr>,
        /// The arms.
        arms: Vec<Arm>,
    },
    /// `for x in xs { … }`.
    For {
        /// What each element is matched with.
        pattern: Box<Pattern>,
        /// A range or an array.
        iterable: Box<Expr>,
        /// What is repeated.
        body: Block,
    },
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// `return x`.
    Return(Option<Box<Expr>>),
    /// `place = value`.
    Assign {
        /// Where to.
        place: Box<Expr>,
        /// What.
        value: Box<Expr>,
    },
    /// `place += value` and its like.
    CompoundAssign {
        /// Where to.
        place: Box<Expr>,
        /// The operator before `=`.
        op: BinaryOp,
        /// Where the operator stands, `=` included.
        op_span: Span,
        /// What.
        value: Box<Expr>,
    },
    /// `-x`, `!x`.
    Unary {
        /// The operator.
        op: UnaryOp,
        /// Where it stands.
        op_span: Span,
        /// x.
        operand: Box<Expr>,
    },
    /// `first op a op b …`, from left to right, all operators of one precedence. A comparison has exactly one step.
    Binary {
        /// The leftmost operand.
        first: Box<Expr>,
        /// At least one.
        steps: Vec<BinaryStep>,
    },
    /// `a..b`, `a..=b`, and with ends left out.
    Range {
        /// a.
        start: Option<Box<Expr>>,
        /// b.
        end: Option<Box<Expr>>,
        /// Whether b belongs to it.
        inclusive: bool,
    },
    /// `base[index]`; the index may be a range.
    Index {
        /// base.
        base: Box<Expr>,
        /// index.
        index: Box<Expr>,
    },
    /// `base.name`.
    Field {
        /// base.
        base: Box<Expr>,
        /// name.
        name: Ident,
    },
    /// `base.0`.
    TupleField {
        /// base.
        base: Box<Expr>,
        /// Which field.
        index: u32,
        /// Where the number stands.
        index_span: Span,
    },
    /// `receiver.method::<T>(args)`.
    MethodCall {
        /// receiver.
        receiver: Box<Expr>,
        /// method.
        method: Ident,
        /// `::<…>`, if written.
        generic_args: Option<GenericArgs>,
        /// args.
        args: Vec<Expr>,
    },
    /// `function(args)`.
    Call {
        /// function, with its generic arguments where it is a path.
        function: Box<Expr>,
        /// args.
        args: Vec<Expr>,
    },
    /// `|a, b| body`.
    Closure {
        /// The parameters.
        params: Vec<ClosureParam>,
        /// `-> T`, if written; then the body is a block.
        output: Option<Type>,
        /// body.
        body: Box<Expr>,
    },
    /// Something malformed, already reported.
    Error,
}

/// A literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// An integer of any size; never negative.
    Int(BigInt),
    /// `1.50`: the integer 150 divided by 10².
    Decimal {
        /// All digits as one integer.
        digits: BigInt,
        /// How many of them stand after the point.
        scale: u32,
    },
    /// `true`, `false`.
    Bool(bool),
    /// `"text"`.
    Str(Arc<str>),
    /// `b"bytes"`.
    ByteStr(Arc<[u8]>),
    /// `b'x'`: a `u8`.
    Byte(u8),
}

/// `name: value`, or `name` alone.
#[derive(Clone, Debug)]
pub struct FieldInit {
    /// The field.
    pub name: Ident,
    /// Its value; `None` means the variable of the same name.
    pub value: Option<Expr>,
    /// All of it.
    pub span: Span,
}

/// One operator of a chain and its right operand.
#[derive(Clone, Debug)]
pub struct BinaryStep {
    /// The operator.
    pub op: BinaryOp,
    /// Where it stands.
    pub op_span: Span,
    /// What stands to its right.
    pub operand: Expr,
}

/// `if a { … } else if b { … } else { … }`.
#[derive(Clone, Debug)]
pub struct If {
    /// `if` and every `else if`; at least one.
    pub branches: Vec<Branch>,
    /// The last `else`.
    pub otherwise: Option<Block>,
}

/// A condition and what happens when it holds.
#[derive(Clone, Debug)]
pub struct Branch {
    /// What must all hold. A plain condition is one element; `if let … && c` has one per part.
    pub conditions: Vec<Condition>,
    /// What happens then.
    pub body: Block,
}

/// One part of an `if`'s condition.
#[derive(Clone, Debug)]
pub enum Condition {
    /// A `bool`.
    Expr(Expr),
    /// `let pattern = value`.
    Let {
        /// The pattern, whose names are bound in the parts after it and in the body.
        pattern: Pattern,
        /// The value.
        value: Expr,
        /// From `let` to the end of the value.
        span: Span,
    },
}

/// One arm of a `match`.
#[derive(Clone, Debug)]
pub struct Arm {
    /// What is matched.
    pub pattern: Pattern,
    /// `if guard`.
    pub guard: Option<Expr>,
    /// What the `match` is worth then.
    pub body: Expr,
    /// All of it.
    pub span: Span,
}

/// A parameter of a closure.
#[derive(Clone, Debug)]
pub struct ClosureParam {
    /// What its value is matched with.
    pub pattern: Pattern,
    /// Its type, if written.
    pub ty: Option<Type>,
}

/// `{ statements; value }`.
#[derive(Clone, Debug)]
pub struct Block {
    /// What is done.
    pub statements: Vec<Stmt>,
    /// What the block is worth; without it, the unit value (unless the last statement never ends).
    pub value: Option<Box<Expr>>,
    /// From `{` to `}`.
    pub span: Span,
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// All of it, with its semicolon.
    pub span: Span,
}

/// The kinds of statement.
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// `let pattern: T = value;`
    Let(Box<Let>),
    /// An expression for its effect: with a semicolon, or one that ends in a block and needs none.
    Expr {
        /// The expression.
        expr: Expr,
        /// Whether a semicolon follows.
        semicolon: bool,
    },
    /// A declaration inside a function.
    Item(Box<Item>),
}

/// `let pattern: T = value else { … };`
#[derive(Clone, Debug)]
pub struct Let {
    /// What the value is matched with.
    pub pattern: Pattern,
    /// T, if written.
    pub ty: Option<Type>,
    /// The value.
    pub value: Expr,
    /// What happens when the pattern does not match; it never ends.
    pub otherwise: Option<Block>,
}

/// A pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// What it is.
    pub kind: PatternKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of pattern.
#[derive(Clone, Debug)]
pub enum PatternKind {
    /// `_`.
    Wildcard,
    /// `..`: the other elements of a tuple or array. Stands only there, at most once.
    Rest,
    /// `x`, `mut x`, `x @ pattern`. A lone name may also turn out to be a constant or a unit variant.
    Binding {
        /// The name.
        name: Ident,
        /// Where `mut` stands, if it does.
        mutable: Option<Span>,
        /// What stands after `@`.
        pattern: Option<Box<Pattern>>,
    },
    /// A literal or a negative literal ([`ExprKind::Literal`], [`ExprKind::Unary`]).
    Literal(Box<Expr>),
    /// `1..=9`, `..0`, `MIN..`: ends are literals, negative literals or paths of constants.
    Range {
        /// The lower end.
        lo: Option<Box<Expr>>,
        /// The upper end.
        hi: Option<Box<Expr>>,
        /// Whether the upper end belongs to it.
        inclusive: bool,
    },
    /// `(a, b)`.
    Tuple(Vec<Pattern>),
    /// `[first, .., last]`.
    Array(Vec<Pattern>),
    /// A path of more than one name, or with arguments: a unit variant or a constant.
    Path(Path),
    /// `Some(x)`: a variant or struct with unnamed fields.
    TupleStruct {
        /// Its name.
        path: Path,
        /// Its fields.
        fields: Vec<Pattern>,
    },
    /// `Point { x, y: 0, .. }`.
    Struct {
        /// Its name.
        path: Path,
        /// The fields that are matched.
        fields: Vec<FieldPattern>,
        /// Where `..` stands, if it does.
        rest: Option<Span>,
    },
    /// `a | b`; at least two.
    Or(Vec<Pattern>),
    /// Something malformed, already reported.
    Error,
}

/// `name: pattern`, or `name` alone.
#[derive(Clone, Debug)]
pub struct FieldPattern {
    /// The field.
    pub name: Ident,
    /// What it is matched with; `None` binds it to its own name.
    pub pattern: Option<Pattern>,
    /// All of it.
    pub span: Span,
}

/// An operator with one operand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `!`
    Not,
}

/// An operator with two operands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
    /// `+%`
    AddWrap,
    /// `-%`
    SubWrap,
    /// `*%`
    MulWrap,
    /// `+|`
    AddSat,
    /// `-|`
    SubSat,
    /// `*|`
    MulSat,
    /// `<<`
    Shl,
    /// `<<%`
    ShlWrap,
    /// `>>`
    Shr,
    /// `&`
    BitAnd,
    /// `^`
    BitXor,
    /// `|`
    BitOr,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `&&`
    And,
    /// `||`
    Or,
}

impl PartialEq for Ident {
    fn eq(&self, other: &Ident) -> bool {
        self.name == other.name
    }
}

impl Eq for Ident {}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, segment) in self.segments.iter().enumerate() {
            write!(f, "{}{}", if i > 0 { "::" } else { "" }, segment.name)?;
        }
        Ok(())
    }
}

impl Path {
    /// The name, if the path is one name without arguments.
    #[must_use]
    pub fn as_ident(&self) -> Option<&Ident> {
        match &self.segments[..] {
            [PathSegment { name, args: None }] => Some(name),
            _ => None,
        }
    }
}

impl GenericParam {
    /// Whether it stands for a size (`N: int`) and not for a type.
    #[must_use]
    pub fn is_size(&self) -> bool {
        matches!(&self.bounds[..], [bound] if bound.as_ident().is_some_and(|name| &*name.name == "int"))
    }
}

impl Expr {
    /// The expression inside any parentheses.
    #[must_use]
    pub fn without_parens(&self) -> &Expr {
        match &self.kind {
            ExprKind::Paren(inner) => inner.without_parens(),
            _ => self,
        }
    }

    /// Whether it ends in a block, so that as a statement it needs no semicolon.
    #[must_use]
    pub fn is_block_like(&self) -> bool {
        matches!(self.kind, ExprKind::Block(_) | ExprKind::If(_) | ExprKind::Match { .. } | ExprKind::For { .. })
    }
}

impl UnaryOp {
    /// How it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            UnaryOp::Neg => "-",
            UnaryOp::Not => "!",
        }
    }
}

impl BinaryOp {
    /// How it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Rem => "%",
            BinaryOp::AddWrap => "+%",
            BinaryOp::SubWrap => "-%",
            BinaryOp::MulWrap => "*%",
            BinaryOp::AddSat => "+|",
            BinaryOp::SubSat => "-|",
            BinaryOp::MulSat => "*|",
            BinaryOp::Shl => "<<",
            BinaryOp::ShlWrap => "<<%",
            BinaryOp::Shr => ">>",
            BinaryOp::BitAnd => "&",
            BinaryOp::BitXor => "^",
            BinaryOp::BitOr => "|",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::And => "&&",
            BinaryOp::Or => "||",
        }
    }

    /// How tightly it binds, as in Rust: higher binds tighter.
    #[must_use]
    pub const fn precedence(self) -> u8 {
        use BinaryOp as Op;
        match self {
            Op::Mul | Op::Div | Op::Rem | Op::MulWrap | Op::MulSat => 8,
            Op::Add | Op::Sub | Op::AddWrap | Op::SubWrap | Op::AddSat | Op::SubSat => 7,
            Op::Shl | Op::ShlWrap | Op::Shr => 6,
            Op::BitAnd => 5,
            Op::BitXor => 4,
            Op::BitOr => 3,
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => 2,
            Op::And => 1,
            Op::Or => 0,
        }
    }

    /// Whether it is one of `== != < <= > >=`.
    #[must_use]
    pub const fn is_comparison(self) -> bool {
        self.precedence() == BinaryOp::Eq.precedence()
    }
}
