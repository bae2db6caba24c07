use super::*;
use crate::hir::BinaryOp;

fn empty() -> Program {
    let (parties, params, structs, enums) = (vec![], vec![], vec![], vec![]);
    Program { parties, params, structs, enums, functions: vec![], main: None, tests: vec![], budgets: vec![] }
}

fn expr(kind: ExprKind, ty: Ty) -> Expr {
    Expr { kind, ty, span: Span::default() }
}

fn int(value: i64) -> Expr {
    expr(ExprKind::Int(value.into()), Ty::Exact)
}

fn binary(op: BinaryOp, a: Expr, b: Expr) -> Expr {
    expr(ExprKind::Binary(op, Box::new(a), Box::new(b)), Ty::Exact)
}

fn evaluate(e: &Expr) -> Result<Value, ErrorKind> {
    let limits = Limits { steps_max: 200_000, ..Limits::default() };
    Interpreter::new(&empty(), limits).evaluate(e, 4).map_err(|error| error.kind)
}

#[test]
fn division_truncates_and_shifts_round_down() {
    let of = |op, a, b| evaluate(&binary(op, int(a), int(b)));
    assert_eq!(of(BinaryOp::Div, -7, 2), Ok(Value::Int((-3).into())));
    assert_eq!(of(BinaryOp::Rem, -7, 2), Ok(Value::Int((-1).into())));
    assert_eq!(of(BinaryOp::Shr, -7, 1), Ok(Value::Int((-4).into())));
    assert_eq!(of(BinaryOp::Shr, -7, 1 << 40), Ok(Value::Int((-1).into())));
    assert_eq!(of(BinaryOp::Div, 1, 0), Err(ErrorKind::DivisionByZero));
    assert_eq!(of(BinaryOp::Shl, 1, -1), Err(ErrorKind::NegativeShift { amount: (-1).into() }));
    assert_eq!(of(BinaryOp::Shl, 1, 1 << 40), Err(ErrorKind::TooWide));
    assert_eq!(of(BinaryOp::Shl, 0, 1 << 40), Ok(Value::Int(0.into())));
}

#[test]
fn ten_thousand_terms_and_conditions_take_no_stack() {
    let sum = (1..10_000).fold(int(0), |sum, i| binary(BinaryOp::Add, sum, int(i)));
    assert_eq!(evaluate(&sum), Ok(Value::Int(49_995_000.into())));
    let truth = |value| Box::new(expr(ExprKind::Bool(value), Ty::Bool));
    let chain =
        (0..10_000).fold(*truth(true), |all, _| expr(ExprKind::If(Box::new(all), truth(true), truth(false)), Ty::Bool));
    assert_eq!(evaluate(&chain), Ok(Value::Bool(true)));
    let else_if = (0..10_000)
        .fold(int(7), |rest, i| expr(ExprKind::If(truth(false), Box::new(int(i)), Box::new(rest)), Ty::Exact));
    assert_eq!(evaluate(&else_if), Ok(Value::Int(7.into())));
}

#[test]
fn endless_work_is_given_up() {
    let body = For { local: LocalId(0), over: Over::Range(int(0), int(1 << 60)), body: int(0) };
    let endless = expr(ExprKind::For(Box::new(body)), Ty::Tuple([].into()));
    assert_eq!(evaluate(&endless), Err(ErrorKind::TooManySteps(200_000)));
}

#[test]
fn a_value_outside_its_type_is_an_error() {
    let ty = Rc::new(IntTy { signed: false, width: 8, lo: 0.into(), hi: 9.into() });
    let fit = |value| expr(ExprKind::Fit(Box::new(int(value))), Ty::Int(Rc::clone(&ty)));
    assert_eq!(evaluate(&fit(9)), Ok(Value::Int(9.into())));
    assert_eq!(evaluate(&fit(10)), Err(ErrorKind::OutOfRange { value: 10.into(), ty: Rc::clone(&ty), fraction: None }));
}
