//! What happens while a program runs, told to whoever listens; and what a failed assertion is about.
//!
//! Without a listener an event costs one comparison, and nothing is copied.

use super::{Interpreter, Operand, Val};
use crate::hir::{Arm, BinaryOp, Expr, ExprKind, Function, FunctionId, Local, LocalId, Pattern, Place, Ty, UnaryOp};
use crate::source::Span;

/// Something that happens.
pub enum Event<'e> {
    /// A function begins; its parameters follow as [`Event::Bound`].
    Called {
        /// The function.
        function: &'e Function,
        /// The call.
        span: Span,
    },
    /// The function ends.
    Returned {
        /// The function.
        function: &'e Function,
        /// What it gives.
        value: &'e Val,
    },
    /// A variable gets its first value.
    Bound {
        /// The variable.
        local: &'e Local,
        /// The value.
        value: &'e Val,
    },
    /// A variable or a part of it gets a value.
    Assigned {
        /// The place.
        place: &'e Place,
        /// The value.
        value: &'e Val,
    },
    /// A condition is decided. Operators such as `&&` are conditions too.
    Condition {
        /// The whole expression.
        whole: Span,
        /// The condition.
        condition: Span,
        /// Whether it holds.
        holds: bool,
    },
    /// An arm of a `match` is taken; what its pattern binds follows as [`Event::Bound`].
    Arm {
        /// The whole expression.
        whole: Span,
        /// The arm.
        arm: &'e Arm,
    },
    /// An iteration begins; the variable follows as [`Event::Bound`].
    Iteration {
        /// The loop's variable.
        local: &'e Local,
        /// Which one, from 0.
        index: u64,
    },
    /// A loop ends that had an iteration, perhaps because something in it left it.
    Left,
}

/// Whoever listens.
pub type Tracer<'p> = Box<dyn FnMut(&Event<'_>) + 'p>;

impl Interpreter<'_> {
    pub(super) fn trace<'e>(&mut self, event: impl FnOnce() -> Event<'e>) {
        if let Some(tracer) = &mut self.tracer {
            tracer(&event());
        }
    }

    pub(super) fn trace_call(&mut self, id: FunctionId, span: Span) {
        if self.tracer.is_none() {
            return;
        }
        let function = &self.program.functions[id.0 as usize];
        self.trace(|| Event::Called { function, span });
        (0..function.n_params).for_each(|i| self.trace_local(LocalId(i)));
    }

    pub(super) fn trace_local(&mut self, id: LocalId) {
        let Some(tracer) = &mut self.tracer else { return };
        let local = self.program.functions[self.current.0 as usize].locals.get(id.0 as usize);
        if let (Some(local), Some(Some(value))) = (local, self.locals.get(id.0 as usize)) {
            tracer(&Event::Bound { local, value });
        }
    }

    pub(super) fn trace_iteration(&mut self, id: LocalId, index: u64) {
        if self.tracer.is_none() {
            return;
        }
        if let Some(local) = self.program.functions[self.current.0 as usize].locals.get(id.0 as usize) {
            self.trace(|| Event::Iteration { local, index });
        }
        self.trace_local(id);
    }

    pub(super) fn trace_arm(&mut self, arm: &Arm, whole: Span) {
        if self.tracer.is_some() {
            self.trace(|| Event::Arm { whole, arm });
            self.trace_pattern(&arm.pattern);
        }
    }

    fn trace_pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Bind(id, inner) => {
                self.trace_local(*id);
                inner.iter().for_each(|inner| self.trace_pattern(inner));
            }
            Pattern::Aggregate(items) => items.iter().for_each(|item| self.trace_pattern(item)),
            Pattern::Variant(_, payload) => self.trace_pattern(payload),
            Pattern::Or(alternatives) => alternatives.iter().take(1).for_each(|first| self.trace_pattern(first)),
            Pattern::Any | Pattern::Bool(_) | Pattern::Range(..) => {}
        }
    }

    /// What a condition that is false compares: evaluated again, which the parts shown here allow.
    pub(super) fn operands(&mut self, condition: &Expr) -> Vec<Operand> {
        let mut operands = Vec::new();
        for part in self.parts_of(condition) {
            if let Ok(value) = self.eval(part) {
                operands.push(Operand { span: part.span, ty: part.ty.clone(), value: value.to_value() });
            }
        }
        operands
    }

    fn parts_of<'e>(&mut self, condition: &'e Expr) -> Vec<&'e Expr> {
        let parts: Vec<&Expr> = match &condition.kind {
            ExprKind::Fit(inner) | ExprKind::Unary(UnaryOp::Not, inner) => self.parts_of(inner),
            ExprKind::Binary(op, left, right) if is_comparison(*op) => vec![left, right],
            ExprKind::If(first, second, _) if second.ty == Ty::Bool && is_pure(first) => match self.eval(first) {
                Ok(Val::Bool(true)) => self.parts_of(second),
                _ => self.parts_of(first),
            },
            ExprKind::Call(_, args) | ExprKind::Intrinsic(_, args) => args.iter().collect(),
            ExprKind::Local(_) | ExprKind::Field(..) | ExprKind::Index(..) => vec![condition],
            _ => Vec::new(),
        };
        let shown = |part| self.fixed_whole(without_fit(part));
        parts.into_iter().map(shown).filter(|part| is_pure(part) && !is_literal(part)).collect()
    }

    /// The fixed-point number that an expression is the raw part of; else the expression itself.
    fn fixed_whole<'e>(&self, expr: &'e Expr) -> &'e Expr {
        match &expr.kind {
            ExprKind::Field(whole, 0) if matches!(whole.kind, ExprKind::Aggregate(_)) => match &whole.ty {
                Ty::Struct(id) if self.program.structs[id.0 as usize].name.starts_with("fixed<") => whole,
                _ => expr,
            },
            _ => expr,
        }
    }
}

fn is_comparison(op: BinaryOp) -> bool {
    use BinaryOp::{Eq, Ge, Gt, Le, Lt, Ne};
    matches!(op, Eq | Ne | Lt | Le | Gt | Ge)
}

fn without_fit(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Fit(inner) => without_fit(inner),
        _ => expr,
    }
}

/// Whether evaluating it again changes nothing.
fn is_pure(expr: &Expr) -> bool {
    let mut pure = true;
    expr.for_each(&mut |expr| {
        pure &= !matches!(expr.kind, ExprKind::Assign(..) | ExprKind::Assert(_) | ExprKind::AssertEq(..))
    });
    pure
}

fn is_literal(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Bool(_) | ExprKind::Int(_) => true,
        ExprKind::Aggregate(items) => items.iter().all(|item| is_literal(without_fit(item))),
        ExprKind::Variant(_, payload) => is_literal(payload),
        ExprKind::Repeat(item) | ExprKind::Unary(UnaryOp::Neg, item) => is_literal(without_fit(item)),
        _ => false,
    }
}
