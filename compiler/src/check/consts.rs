//! Constants, parameters and lengths: expressions whose value is needed while types are checked.
//!
//! They are checked like any other expression and run by [`crate::interpret`], with a bound on its steps.

use std::rc::Rc;

use hushgate_circuits::shape::Value;
use num_bigint::BigInt;
use petgraph::graph::DiGraph;

use super::body::{Body, Why};
use super::items::{DefId, DefKind, EnvRef, ScopeId};
use super::types::{Arg, Types, is_int};
use super::{Checker, EXPANSIONS_MAX};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{BinaryOp, Expr, ExprKind, FunctionId, Intrinsic, Param, Program, Ty, UnaryOp};
use crate::interpret::{Error, ErrorKind, Interpreter, Limits};
use crate::source::Span;
use crate::syntax::ast;

/// What one constant may cost.
const LIMITS: Limits = Limits { steps_max: 4_000_000, depth_max: 100 };
/// Constants that need functions that need constants that …
const NESTING_MAX: u32 = 16;

/// A constant's value, once needed.
#[derive(Clone)]
pub(super) enum ConstState {
    /// It is being computed.
    Open,
    /// Nothing if it is wrong, which is reported.
    Done(Option<(Rc<Value>, Ty)>),
}

impl<'a> Body<'_, 'a> {
    /// The value of a constant expression, in the place of this body.
    pub(super) fn const_int(&mut self, ast: &'a ast::Expr) -> Option<BigInt> {
        let env = self.env.clone();
        self.constantly(|checker, scope| checker.const_int(ast, scope, &env))
    }

    /// Does something that this body's variables cannot be used for, but are known for messages.
    pub(super) fn constantly<T>(&mut self, work: impl FnOnce(&mut Checker<'a>, ScopeId) -> T) -> T {
        let variables =
            self.names.iter().map(|(name, local)| (name.clone(), self.locals[local.0 as usize].span)).collect();
        let outer = std::mem::replace(&mut self.checker.variables, variables);
        let result = work(self.checker, self.scope);
        self.checker.variables = outer;
        result
    }

    /// The value of `expr`, if it is made of numbers alone.
    pub(super) fn evaluate_quietly(&self, expr: &Expr) -> Option<BigInt> {
        closed_value(expr, 64)
    }
}

/// The value of sums, differences, products, quotients and the like of numbers.
fn closed_value(expr: &Expr, depth: u32) -> Option<BigInt> {
    let depth = depth.checked_sub(1)?;
    match &expr.kind {
        ExprKind::Int(n) => Some(n.clone()),
        ExprKind::Unary(UnaryOp::Neg, inner) => closed_value(inner, depth).map(|n| -n),
        ExprKind::Binary(op, left, right) => {
            let (left, right) = (closed_value(left, depth)?, closed_value(right, depth)?);
            match op {
                BinaryOp::Add => Some(left + right),
                BinaryOp::Sub => Some(left - right),
                BinaryOp::Mul if left.bits() + right.bits() < 1 << 14 => Some(left * right),
                BinaryOp::Div if right != BigInt::ZERO => Some(left / right),
                BinaryOp::Rem if right != BigInt::ZERO => Some(left % right),
                _ => None,
            }
        }
        ExprKind::Intrinsic(op @ (Intrinsic::Min | Intrinsic::Max), args) => {
            let (left, right) = (closed_value(&args[0], depth)?, closed_value(&args[1], depth)?);
            Some(if *op == Intrinsic::Min { left.min(right) } else { left.max(right) })
        }
        _ => None,
    }
}

/// The number that `expr` is, if it is one.
pub(super) fn int_value(expr: &Expr) -> Option<BigInt> {
    match &expr.kind {
        ExprKind::Int(n) => Some(n.clone()),
        _ => None,
    }
}

/// A value as an expression of its type.
pub(super) fn to_expr(types: &Types, value: &Value, ty: &Ty, span: Span) -> Expr {
    let kind = match value {
        Value::Bool(bit) => ExprKind::Bool(*bit),
        Value::Int(n) => ExprKind::Int(n.clone()),
        Value::List(items) => {
            let ty_of = |i: usize| match ty {
                Ty::Array(element, _) => (**element).clone(),
                Ty::Tuple(tys) => tys[i].clone(),
                Ty::Struct(id) => types.struct_(*id).fields[i].1.clone(),
                _ => Ty::Never,
            };
            ExprKind::Aggregate(
                items.iter().enumerate().map(|(i, item)| to_expr(types, item, &ty_of(i), span)).collect(),
            )
        }
        Value::Variant(tag, payload) => {
            let ty = match ty {
                Ty::Enum(id) => types.enum_(*id).variants[*tag as usize].1.clone(),
                _ => Ty::Never,
            };
            ExprKind::Variant(*tag, Box::new(to_expr(types, payload, &ty, span)))
        }
    };
    Expr { kind, ty: ty.clone(), span }
}

impl<'a> Checker<'a> {
    /// The value of a constant integer expression; reported if it is none.
    pub(super) fn const_int(&mut self, ast: &'a ast::Expr, scope: ScopeId, env: &EnvRef) -> Option<BigInt> {
        let value = self.const_expr(ast, &Ty::Exact, scope, env, &Why::plain())?;
        match &*value {
            Value::Int(n) => Some(n.clone()),
            _ => None,
        }
    }

    /// The value of a constant fixed-point expression, times 2^`fraction`.
    pub(super) fn const_fixed(
        &mut self,
        ast: &'a ast::Expr,
        fraction: u32,
        scope: ScopeId,
        env: &EnvRef,
    ) -> Option<BigInt> {
        let ty = self.types.fixed(fraction, &Ty::Exact);
        match &*self.const_expr(ast, &ty, scope, env, &Why::plain())? {
            Value::List(items) => match &items[..] {
                [Value::Int(n)] => Some(n.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    /// Where a variable of the body around a constant expression is declared.
    pub(super) fn outer_variable(&self, name: &str) -> Option<Span> {
        self.variables.iter().rev().find(|(own, _)| &**own == name).map(|(_, span)| *span)
    }

    /// The value of the constant, or size, that `path` names.
    pub(super) fn const_path(&mut self, path: &'a ast::Path, scope: ScopeId, env: &EnvRef) -> Option<BigInt> {
        let failures = self.failures;
        let mut body = Body::new(self, scope, env.clone());
        let value = body.path_value(path);
        let n = int_value(&value);
        if n.is_none() && self.failures == failures {
            let found = self.types.name(&value.ty);
            self.report(
                Diagnostic::error(Code::TypeMismatch, format!("a size is an integer, found `{found}`"))
                    .at(path.span, format!("this is `{found}`"))
                    .help("use an integer constant"),
            );
        }
        n
    }

    fn const_expr(
        &mut self,
        ast: &'a ast::Expr,
        ty: &Ty,
        scope: ScopeId,
        env: &EnvRef,
        why: &Why,
    ) -> Option<Rc<Value>> {
        if self.const_nesting >= NESTING_MAX {
            self.report(
                Diagnostic::error(Code::ConstantTooLong, "constants that need each other nest too deeply")
                    .at(ast.span, "needed to know a type")
                    .help("write this value as a number"),
            );
            return None;
        }
        self.const_nesting += 1;
        let failures = self.failures;
        let holes = self.holes.take();
        let mut body = Body::new(self, scope, env.clone());
        let value = body.value(ast, ty, why);
        let value = super::builtin::block(std::mem::take(&mut body.prologue), value);
        let (n_locals, calls) = (body.locals.len(), std::mem::take(&mut body.calls));
        let result = if self.failures == failures && value.ty != Ty::Never {
            self.evaluate(&value, n_locals, calls.into_iter().map(|(callee, _)| callee).collect())
        } else {
            self.failures += u32::from(self.failures == failures);
            None
        };
        self.const_nesting -= 1;
        self.holes = holes;
        result.map(Rc::new)
    }

    fn evaluate(&mut self, expr: &Expr, n_locals: usize, calls: Vec<FunctionId>) -> Option<Value> {
        if let Some(n) = closed_value(expr, 64) {
            return Some(Value::Int(n));
        }
        let variables = std::mem::take(&mut self.variables);
        self.check_reached(&calls);
        self.variables = variables;
        if !self.runnable(calls) {
            self.failures += 1;
            return None;
        }
        let program = Program {
            parties: Vec::new(),
            params: Vec::new(),
            structs: std::mem::take(&mut self.types.structs),
            enums: std::mem::take(&mut self.types.enums),
            functions: std::mem::take(&mut self.functions),
            main: None,
            tests: Vec::new(),
            budgets: Vec::new(),
        };
        let result = Interpreter::new(&program, LIMITS).evaluate(expr, n_locals);
        (self.types.structs, self.types.enums, self.functions) = (program.structs, program.enums, program.functions);
        result.map_err(|error| self.report(const_error(&error, expr.span))).ok()
    }

    /// Checks the bodies that these calls reach, and no others: those may need constants that are being computed.
    fn check_reached(&mut self, calls: &[FunctionId]) {
        let mut seen = std::collections::BTreeSet::new();
        let mut open = calls.to_vec();
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            if let Some(waiting) = self.queue.iter().position(|job| job.function == id)
                && let Some(job) = self.queue.remove(waiting)
            {
                self.check_body(job);
            }
            open.extend(self.calls[id.0 as usize].iter().map(|(callee, _)| *callee));
        }
    }

    /// Whether all functions that these calls reach are checked, right and without a cycle.
    fn runnable(&self, calls: Vec<FunctionId>) -> bool {
        let mut graph = DiGraph::<(), ()>::new();
        let mut nodes = std::collections::BTreeMap::new();
        let mut open = calls;
        while let Some(id) = open.pop() {
            if self.bad_functions[id.0 as usize] || !self.checked[id.0 as usize] {
                return false;
            }
            if nodes.contains_key(&id) {
                continue;
            }
            nodes.insert(id, graph.add_node(()));
            open.extend(self.calls[id.0 as usize].iter().map(|(callee, _)| *callee));
        }
        for (id, node) in &nodes {
            for (callee, _) in &self.calls[id.0 as usize] {
                graph.update_edge(*node, nodes[callee], ());
            }
        }
        !petgraph::algo::is_cyclic_directed(&graph)
    }

    /// The value of a declared constant or parameter; nothing if it is wrong, which is reported once.
    ///
    /// `args` are the generic arguments of the `impl` that it stands in.
    pub(super) fn const_value(&mut self, def: DefId, args: &Rc<[Arg]>, span: Span) -> Option<(Rc<Value>, Ty)> {
        let key = (def, args.clone());
        match self.consts.get(&key).cloned() {
            Some(ConstState::Done(value)) => {
                self.failures += u32::from(value.is_none());
                return value;
            }
            Some(ConstState::Open) => {
                self.recursive_const(def, span);
                return None;
            }
            None => {}
        }
        if self.consts.len() >= EXPANSIONS_MAX {
            self.too_many_expansions(span);
            return None;
        }
        self.consts.insert(key.clone(), ConstState::Open);
        self.open_consts.push(def);
        let value = self.compute_const(def, args);
        self.open_consts.pop();
        self.failures += u32::from(value.is_none());
        self.consts.insert(key, ConstState::Done(value.clone()));
        value
    }

    fn recursive_const(&mut self, def: DefId, span: Span) {
        let start = self.open_consts.iter().position(|open| *open == def).unwrap_or_default();
        let names: Vec<String> = self.open_consts[start..].iter().map(|def| self.def(*def).name.to_string()).collect();
        let name = self.def(def).name.clone();
        self.report(
            Diagnostic::error(
                Code::RecursiveConstant,
                format!("the value of `{name}` depends on itself: {} → {name}", names.join(" → ")),
            )
            .at(span, format!("`{name}` is needed here"))
            .because(name.span, "declared here")
            .help("give one of them a value of its own"),
        );
    }

    fn compute_const(&mut self, def: DefId, args: &Rc<[Arg]>) -> Option<(Rc<Value>, Ty)> {
        let declared = self.def(def).clone();
        let DefKind::Const(ast) = declared.kind else { return None };
        let (env, scope) = self.function_env(def, args);
        let ty = self.ty(&ast.ty, scope, &env);
        let why = Why::at(ast.ty.span, "expected because of this type");
        match &ast.value {
            ast::ConstValue::Expr(expr) => {
                let value = self.const_expr(expr, &ty, scope, &env, &why)?;
                (ty != Ty::Never).then_some((value, ty))
            }
            ast::ConstValue::Param { default, span } => self.param(ast, ty, default.as_deref(), *span, def, &env),
        }
    }

    fn param(
        &mut self,
        ast: &'a ast::Const,
        ty: Ty,
        default: Option<&'a ast::Expr>,
        span: Span,
        def: DefId,
        env: &EnvRef,
    ) -> Option<(Rc<Value>, Ty)> {
        let name = ast.name.name.to_string();
        let scope = self.def(def).scope;
        if scope != self.root || self.def(def).impl_.is_some() {
            let error =
                Diagnostic::error(Code::MisplacedItem, "parameters are declared at the top of the program's root file");
            self.report(error.at(span, "not there").help("move the constant there, or give it a value"));
            return None;
        }
        if !is_int(&ty) && ty != Ty::Bool {
            if ty != Ty::Never {
                let found = self.types.name(&ty);
                self.report(
                    Diagnostic::error(Code::ParamType, format!("a parameter is an integer or a bool, not `{found}`"))
                        .at(ast.ty.span, "cannot be set from outside")
                        .help("use an integer, such as a length, or a bool"),
                );
            }
            return None;
        }
        let why = Why::at(ast.ty.span, "expected because of this type");
        let default = default.map(|default| self.const_expr(default, &ty, scope, env, &why));
        let given = self.options.params.get(&name).cloned();
        let is_given = given.is_some();
        let value = match (given, default) {
            (Some(n), _) => self.given_param(ast, n, &ty)?,
            (None, Some(default)) => default?,
            (None, None) => {
                self.report(
                    Diagnostic::error(Code::ParamMissing, format!("the parameter `{name}` has no value"))
                        .at(span, "given by whoever runs the program")
                        .replace(format!("give it with `--set {name}=…`, or give a default here"), span, "param(1)"),
                );
                return None;
            }
        };
        let n = match &*value {
            Value::Int(n) => n.clone(),
            other => BigInt::from(u8::from(*other == Value::Bool(true))),
        };
        self.params.push(Param { name, value: n, given: is_given, span: ast.name.span });
        Some((value, ty))
    }

    fn given_param(&mut self, ast: &ast::Const, n: BigInt, ty: &Ty) -> Option<Rc<Value>> {
        let (lo, hi) = match ty {
            Ty::Int(int) => (int.lo.clone(), int.hi.clone()),
            Ty::Bool => (BigInt::ZERO, BigInt::from(1)),
            _ => return Some(Rc::new(Value::Int(n))),
        };
        if n >= lo && n <= hi {
            return Some(Rc::new(if *ty == Ty::Bool { Value::Bool(n == hi) } else { Value::Int(n) }));
        }
        let (name, found) = (&ast.name, self.types.name(ty));
        self.report(
            Diagnostic::error(Code::ParamOutOfRange, format!("`{name}` cannot be {n}: `{found}` holds {lo}..={hi}"))
                .at(ast.ty.span, format!("`{name}` is set to {n}"))
                .help(format!("give a value in {lo}..={hi}: `--set {name}={lo}`")),
        );
        None
    }

    /// Reports parameters that were given but do not exist.
    pub(super) fn unknown_params(&mut self) {
        for name in self.options.params.keys() {
            let def = self.lookup(self.root, name).map(|def| self.def(def).clone());
            let constant = match def.as_ref().map(|def| def.kind) {
                Some(DefKind::Const(ast)) if matches!(ast.value, ast::ConstValue::Param { .. }) => continue,
                Some(DefKind::Const(ast)) => Some(ast.name.span),
                _ => None,
            };
            let known: Vec<String> = self.params.iter().map(|param| param.name.clone()).collect();
            let error = Diagnostic::error(
                Code::ParamUnknown,
                format!("the program has no parameter `{name}`, which is set from outside"),
            );
            let error = match (constant, super::items::similar(name, known.iter().map(|name| &**name))) {
                (Some(span), _) => error.at(span, "a constant, not a parameter").help("declare it with `= param(…)`"),
                (None, Some(known)) => error.help(format!("did you mean `--set {known}=…`?")),
                (None, None) if known.is_empty() => error.help("leave it out: the program has no parameters"),
                (None, None) => error.help(format!("its parameters are: {}", known.join(", "))),
            };
            self.report(error);
        }
    }
}

fn const_error(error: &Error, span: Span) -> Diagnostic {
    let code = match error.kind {
        ErrorKind::TooManySteps(_) | ErrorKind::TooWide | ErrorKind::TooDeep(_) => Code::ConstantTooLong,
        _ => Code::ConstantFails,
    };
    let diagnostic = Diagnostic::error(code, format!("this constant cannot be computed: {}", error.kind))
        .at(error.span, "fails here");
    let diagnostic = if error.span == span { diagnostic } else { diagnostic.because(span, "needed for this constant") };
    let help = match &error.kind {
        ErrorKind::OutOfRange { .. } => "use a wider type, or another value",
        ErrorKind::DivisionByZero => "divide by something else than 0",
        ErrorKind::IndexOutside { .. } => "use an index inside the array",
        ErrorKind::NegativeShift { .. } => "shift by 0 or more",
        ErrorKind::Unmet(_) => "give arguments for which it holds",
        _ => "use a simpler computation, or write the value itself",
    };
    diagnostic.help(help)
}
