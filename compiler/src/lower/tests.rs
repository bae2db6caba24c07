use std::rc::Rc;

use hushgate_circuits::evaluate::evaluate_values;
use hushgate_circuits::verify::verify;
use num_bigint::BigInt;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::hir::{
    BinaryOp, Expr, ExprKind, For, Intrinsic, Local, LocalId, Over, Party, PartyId, Place, Step, Stmt, UnaryOp,
};
use crate::interpret;
use crate::source::Span;

fn uint(width: u32) -> Ty {
    ranged(width, 0, (BigInt::from(1) << width) - 1)
}

fn ranged(width: u32, lo: impl Into<BigInt>, hi: impl Into<BigInt>) -> Ty {
    let (lo, hi) = (lo.into(), hi.into());
    let signed = lo < BigInt::ZERO;
    Ty::Int(Rc::new(IntTy { signed, width, lo, hi }))
}

fn expr(kind: ExprKind, ty: Ty) -> Expr {
    Expr { kind, ty, span: Span::default() }
}

fn int(value: i64) -> Expr {
    expr(ExprKind::Int(value.into()), Ty::Exact)
}

fn binary(op: BinaryOp, a: Expr, b: Expr) -> Expr {
    let is_bool = matches!(op, BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge | BinaryOp::Eq | BinaryOp::Ne);
    let ty = if is_bool { Ty::Bool } else { Ty::Exact };
    expr(ExprKind::Binary(op, Box::new(a), Box::new(b)), ty)
}

fn local(id: u32, ty: Ty) -> Expr {
    expr(ExprKind::Local(LocalId(id)), ty)
}

fn choose(condition: Expr, then: Expr, otherwise: Expr) -> Expr {
    let ty = then.ty.clone();
    expr(ExprKind::If(Box::new(condition), Box::new(then), Box::new(otherwise)), ty)
}

/// A program whose inputs come from alice and bob in turn and whose result goes to both.
fn program(params: &[Ty], more_locals: &[Ty], body: Expr) -> Program {
    let ret = body.ty.clone();
    let local = |ty: &Ty| Local { name: "x".to_owned(), ty: ty.clone(), mutable: true, span: Span::default() };
    let locals = params.iter().chain(more_locals).map(local).collect();
    let n_params = params.len() as u32;
    let (name, span) = ("main".to_owned(), Span::default());
    let function = Function { name, n_params, locals, body, ret: ret.clone(), span, standalone: true };
    let party = |name: &str| Party { name: name.to_owned(), span };
    let input = |(i, ty): (usize, &Ty)| Input {
        name: format!("p{i}"),
        from: From::Party(PartyId(i as u32 % 2)),
        ty: ty.clone(),
        span,
    };
    let main = Main {
        function: FunctionId(0),
        inputs: params.iter().enumerate().map(input).collect(),
        requires: None,
        outputs: vec![Output { name: String::new(), to: vec![PartyId(0), PartyId(1)], ty: ret, span }],
    };
    Program {
        parties: vec![party("alice"), party("bob")],
        params: vec![],
        structs: vec![],
        enums: vec![],
        functions: vec![function],
        main: Some(main),
        tests: vec![],
        budgets: vec![],
    }
}

#[track_caller]
fn built(program: &Program) -> Circuit {
    assert_eq!(analyse(program, Limits::default()), []);
    let circuit = build(program, &BTreeMap::new(), Limits::default()).expect("builds").circuit;
    verify(&circuit).expect("a valid circuit");
    circuit
}

fn ands(circuit: &Circuit) -> u64 {
    crate::cost::ands_by_origin(circuit).values().sum()
}

#[test]
fn millionaires_cost_one_and_per_bit() {
    let body = binary(BinaryOp::Gt, local(0, uint(64)), local(1, uint(64)));
    assert_eq!(ands(&built(&program(&[uint(64), uint(64)], &[], body))), 64);
}

#[test]
fn ranges_narrow_what_is_multiplied() {
    let (cases, payments) = (ranged(32, 0, 1_000_000), ranged(32, 1, 2_000_000_000));
    let x = binary(BinaryOp::Mul, local(0, cases.clone()), local(3, payments.clone()));
    let y = binary(BinaryOp::Mul, local(2, cases.clone()), local(1, payments.clone()));
    let narrow = program(&[cases.clone(), payments.clone(), cases, payments], &[], binary(BinaryOp::Gt, x, y));
    let product =
        |b: &mut Builder, w: &[id::Wire]| hushgate_circuits::gadgets::multiply::multiply(b, &w[..20], &w[20..]);
    let mut builder = Builder::new("", 51);
    let inputs = builder.inputs();
    let wires = product(&mut builder, &inputs);
    let one = builder.finish(wires).expect("small").nodes;
    let one = one.iter().filter(|node| matches!(node, hushgate_circuits::circuit::Node::And(..))).count() as u64;
    assert_eq!(ands(&built(&narrow)), 2 * one + 51);
}

#[test]
fn a_difference_is_provable_after_a_comparison() {
    let (a, b) = (|| local(0, uint(8)), || local(1, uint(8)));
    let fit = |e: Expr| expr(ExprKind::Fit(Box::new(e)), uint(8));
    let guarded = choose(
        binary(BinaryOp::Ge, a(), b()),
        fit(binary(BinaryOp::Sub, a(), b())),
        fit(binary(BinaryOp::Sub, b(), a())),
    );
    built(&program(&[uint(8), uint(8)], &[], guarded));
    let bare = program(&[uint(8), uint(8)], &[], fit(binary(BinaryOp::Sub, a(), b())));
    let found = analyse(&bare, Limits::default());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "a value that is between -255 and 255 does not always fit `u8` (0..=255)");
}

#[test]
fn ten_million_iterations_do_not_hang() {
    let unit = || Ty::Tuple([].into());
    let assign = |value: Expr| {
        let place = Place { local: LocalId(1), path: vec![], ty: uint(64), span: Span::default() };
        expr(ExprKind::Assign(place, Box::new(value)), unit())
    };
    let fit = |e: Expr, ty: Ty| expr(ExprKind::Fit(Box::new(e)), ty);
    let add = |width| fit(binary(BinaryOp::Add, local(1, uint(width)), local(0, uint(8))), uint(width));
    let run = |width: u32| {
        let body = For { local: LocalId(2), over: Over::Range(int(0), int(10_000_000)), body: assign(add(width)) };
        let repeat = Stmt::Expr(expr(ExprKind::For(Box::new(body)), unit()));
        let start = Stmt::Let(LocalId(1), fit(int(0), uint(width)));
        let body = expr(ExprKind::Block(vec![start, repeat], Box::new(local(1, uint(width)))), uint(width));
        analyse(&program(&[uint(8)], &[uint(width), Ty::Exact], body), Limits::default())
    };
    assert_eq!(run(32), []);
    assert_eq!(run(31).len(), 1, "255 times ten million needs 32 bits");
}

/// Expressions over three parameters, total and exact, with the range that they may have kept small enough.
struct Generator {
    rng: ChaCha8Rng,
    params: Vec<Ty>,
}

impl Generator {
    fn int(&mut self, depth: u32) -> Expr {
        if depth == 0 || self.rng.random_ratio(1, 8) {
            return match self.rng.random_range(0..4) {
                0 => int(self.rng.random_range(-20..20)),
                _ => {
                    let i = self.rng.random_range(0..3);
                    local(i, self.params[i as usize].clone())
                }
            };
        }
        let d = depth - 1;
        match self.rng.random_range(0..16) {
            0..=3 => {
                let ops =
                    [BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::BitAnd, BinaryOp::BitOr, BinaryOp::BitXor];
                let op = ops[self.rng.random_range(0..ops.len())];
                binary(op, self.int(d), self.int(d))
            }
            4 => {
                let ops = [
                    BinaryOp::WrapAdd,
                    BinaryOp::WrapSub,
                    BinaryOp::WrapMul,
                    BinaryOp::SatAdd,
                    BinaryOp::SatSub,
                    BinaryOp::SatMul,
                ];
                let op = ops[self.rng.random_range(0..ops.len())];
                let ty = self.ty();
                let (a, b) = (self.int(d), self.int(d));
                let (a, b) = (self.wrap(a, &ty), self.wrap(b, &ty));
                expr(ExprKind::Binary(op, Box::new(a), Box::new(b)), ty)
            }
            5 => {
                let op = if self.rng.random() { BinaryOp::Shl } else { BinaryOp::Shr };
                let amount = self.int(d);
                let amount = self.wrap(amount, &uint(3));
                binary(op, self.int(d), amount)
            }
            6 => {
                let op = if self.rng.random() { Intrinsic::DivOr } else { Intrinsic::RemOr };
                self.intrinsic(op, &[d, d, d])
            }
            7 => {
                let (a, b) = (self.int(d), self.int(d));
                let op = if self.rng.random() { BinaryOp::Div } else { BinaryOp::Rem };
                let positive = binary(BinaryOp::Add, self.wrap(b, &uint(4)), int(1));
                binary(op, a, positive)
            }
            8 => {
                let op = if self.rng.random() { Intrinsic::Min } else { Intrinsic::Max };
                self.intrinsic(op, &[d, d])
            }
            9 => self.intrinsic(Intrinsic::Abs, &[d]),
            10 => {
                let (a, ty) = (self.int(d), self.ty());
                expr(ExprKind::Saturate(Box::new(a)), ty)
            }
            11 => {
                let (a, ty) = (self.int(d), self.ty());
                let a = self.wrap(a, &ty);
                let op = if self.rng.random() { Intrinsic::CountOnes } else { Intrinsic::LeadingZeros };
                expr(ExprKind::Intrinsic(op, vec![a]), Ty::Exact)
            }
            12 => {
                let items: Vec<Expr> = (0..self.rng.random_range(1..6)).map(|_| self.int(d)).collect();
                let ty = Ty::Array(Rc::new(Ty::Exact), items.len() as u64);
                let array = expr(ExprKind::Aggregate(items), ty);
                match self.rng.random() {
                    true => expr(ExprKind::Intrinsic(Intrinsic::Sum, vec![array]), Ty::Exact),
                    false => {
                        let (i, default) = (self.int(d), self.int(d));
                        expr(ExprKind::Intrinsic(Intrinsic::GetOr, vec![array, i, default]), Ty::Exact)
                    }
                }
            }
            13 => {
                let (a, k) = (self.int(d), self.int(d));
                let op = if self.rng.random() { Intrinsic::RotateLeft } else { Intrinsic::RotateRight };
                let width = self.rng.random_range(1..9);
                let (a, k) = (self.wrap(a, &uint(width)), self.wrap(k, &uint(4)));
                expr(ExprKind::Intrinsic(op, vec![a, k]), uint(width))
            }
            14 => {
                let (a, ty) = (self.int(d), self.ty());
                let a = self.wrap(a, &ty);
                let op = if self.rng.random() { UnaryOp::Neg } else { UnaryOp::Not };
                expr(ExprKind::Unary(op, Box::new(a)), if op == UnaryOp::Neg { Ty::Exact } else { ty })
            }
            _ => {
                let condition = self.bool(d);
                choose(condition, self.int(d), self.int(d))
            }
        }
    }

    fn intrinsic(&mut self, op: Intrinsic, depths: &[u32]) -> Expr {
        let args = depths.iter().map(|d| self.int(*d)).collect();
        expr(ExprKind::Intrinsic(op, args), Ty::Exact)
    }

    fn bool(&mut self, depth: u32) -> Expr {
        let ops = [BinaryOp::Lt, BinaryOp::Le, BinaryOp::Gt, BinaryOp::Ge, BinaryOp::Eq, BinaryOp::Ne];
        let truth = |value| expr(ExprKind::Bool(value), Ty::Bool);
        match self.rng.random_range(0..5) {
            0 if depth > 0 => choose(self.bool(depth - 1), self.bool(depth - 1), truth(false)),
            1 if depth > 0 => choose(self.bool(depth - 1), truth(true), self.bool(depth - 1)),
            _ => {
                let op = ops[self.rng.random_range(0..ops.len())];
                binary(op, self.int(depth.saturating_sub(1)), self.int(depth.saturating_sub(1)))
            }
        }
    }

    fn ty(&mut self) -> Ty {
        let width = self.rng.random_range(1..9);
        match self.rng.random() {
            true => uint(width),
            false => ranged(width, -(BigInt::from(1) << (width - 1)), (BigInt::from(1) << (width - 1)) - 1),
        }
    }

    fn wrap(&mut self, a: Expr, ty: &Ty) -> Expr {
        expr(ExprKind::Wrap(Box::new(a)), ty.clone())
    }

    fn value(&mut self, i: usize) -> Value {
        let ty = self.params[i].declared();
        let lo = i64::try_from(&ty.lo).unwrap();
        let hi = i64::try_from(&ty.hi).unwrap();
        Value::Int(self.rng.random_range(lo..=hi).into())
    }
}

/// The oracle and the circuit agree on random expressions and random inputs.
#[test]
fn random_expressions_mean_the_same_in_the_circuit() {
    for seed in 0..1_500 {
        let mut generator = Generator { rng: ChaCha8Rng::seed_from_u64(seed), params: vec![] };
        generator.params = vec![generator.ty(), generator.ty(), ranged(8, 3, 77)];
        let body = generator.int(4);
        let body = generator.wrap(body, &ranged(24, -(1 << 23), (1 << 23) - 1));
        let program = program(&generator.params.clone(), &[], body);
        let circuit = built(&program);
        for _ in 0..4 {
            let inputs: Vec<Value> = (0..3).map(|i| generator.value(i)).collect();
            let expected = interpret::run(&program, &inputs).expect("runs");
            let found = evaluate_values(&circuit, &inputs).expect("fits");
            assert_eq!(found, expected, "seed {seed}, inputs {inputs:?}");
        }
    }
}

#[test]
fn a_secret_index_reads_and_writes() {
    let array = Ty::Array(Rc::new(uint(8)), 5);
    let index = || local(1, ranged(8, 0, 4));
    let place = Place { local: LocalId(0), path: vec![Step::Index(index())], ty: uint(8), span: Span::default() };
    let write = expr(ExprKind::Assign(place, Box::new(local(2, uint(8)))), Ty::Tuple([].into()));
    let read = expr(ExprKind::Index(Box::new(local(0, array.clone())), Box::new(local(3, ranged(8, 1, 4)))), uint(8));
    let both = Ty::Tuple([uint(8), array.clone()].into());
    let result = expr(ExprKind::Aggregate(vec![read, local(0, array.clone())]), both.clone());
    let body = expr(ExprKind::Block(vec![Stmt::Expr(write)], Box::new(result)), both);
    let program = program(&[array, ranged(8, 0, 4), uint(8), ranged(8, 1, 4)], &[], body);
    let circuit = built(&program);
    let int = |x: i64| Value::Int(x.into());
    for i in 0..5 {
        for j in 1..5 {
            let inputs = [Value::List((10..15).map(int).collect()), int(i), int(77), int(j)];
            let expected = interpret::run(&program, &inputs).expect("runs");
            assert_eq!(evaluate_values(&circuit, &inputs).expect("fits"), expected);
        }
    }
}
