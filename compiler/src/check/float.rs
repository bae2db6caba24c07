//! Floating-point operations: built-in functions on the bits of numbers, which `std::float` gives names and a type.

use std::rc::Rc;

use super::body::{Body, Why};
use super::builtin::Builtin;
use super::types::{base, unsigned};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Expr, FloatOp, IntTy, Intrinsic, Ty};
use crate::source::Span;

/// Bits that an integer may have to be converted from and to floating point.
const INTEGER_WIDTH_MAX: u32 = 128;

impl<'a> Body<'_, 'a> {
    /// `float_add(x, y)` and so on; there are as many arguments as there should be.
    pub(super) fn float(&mut self, call: &Builtin<'_, 'a>) -> Expr {
        let span = call.span;
        let first = self.int_arg(&call.args[0]);
        if first.ty == Ty::Never {
            return self.no_value(vec![first], span);
        }
        let (ty, whole) = match &first.ty {
            Ty::Int(ty) => (ty.clone(), Ty::Int(Rc::new(base(ty)))),
            _ => return self.not_float_bits(&first, call),
        };
        let op = operation(&call.name.name);
        if op == FloatOp::FromInt {
            return self.float_from(first, &ty, call);
        }
        if ty.signed || ![32, 64].contains(&ty.width) {
            return self.not_float_bits(&first, call);
        }
        match op {
            FloatOp::ToInt => self.float_to(first, call),
            FloatOp::Convert => self.intrinsic(Intrinsic::Float(op), vec![first], unsigned(96 - ty.width), span),
            FloatOp::Sqrt => self.intrinsic(Intrinsic::Float(op), vec![first], whole, span),
            _ => {
                let why = Why::at(call.args[0].span, "the other number has this type");
                let second = self.value(&call.args[1], &whole, &why);
                let compares = matches!(op, FloatOp::Less | FloatOp::AtMost | FloatOp::Equal);
                let result = if compares { Ty::Bool } else { whole };
                self.intrinsic(Intrinsic::Float(op), vec![first, second], result, span)
            }
        }
    }

    fn float_from(&mut self, value: Expr, ty: &IntTy, call: &Builtin<'_, 'a>) -> Expr {
        let Some(target) = self.target(call, call.want.cloned()) else { return self.error(call.span) };
        if target.signed || ![32, 64].contains(&target.width) {
            let error = Diagnostic::error(Code::OperandType, "`float_from` gives the bits of a number, `u32` or `u64`");
            return self
                .fail(call.span, error.at(call.name.span, "gives another type").help("store it in one of them"));
        }
        if ty.width > INTEGER_WIDTH_MAX {
            return self.too_wide(&value.ty, call.args[0].span, call);
        }
        let whole = Ty::Int(Rc::new(base(&target)));
        self.intrinsic(Intrinsic::Float(FloatOp::FromInt), vec![value], whole, call.span)
    }

    fn float_to(&mut self, value: Expr, call: &Builtin<'_, 'a>) -> Expr {
        let Some(target) = self.target(call, call.want.cloned()) else { return self.error(call.span) };
        let ty = Ty::Int(Rc::new(base(&target)));
        if target.width > INTEGER_WIDTH_MAX || target.signed && target.width < 2 {
            return self.too_wide(&ty, call.name.span, call);
        }
        let whole = self.intrinsic(Intrinsic::Float(FloatOp::ToInt), vec![value], ty, call.span);
        self.fit(whole, &Ty::Int(target), &Why::plain())
    }

    fn too_wide(&mut self, ty: &Ty, at: Span, call: &Builtin<'_, 'a>) -> Expr {
        let found = self.type_name(ty);
        let message = format!("`{}` converts integers of 2 to {INTEGER_WIDTH_MAX} bits, found `{found}`", call.name);
        let error = Diagnostic::error(Code::OperandType, message).at(at, format!("this is `{found}`"));
        self.fail(call.span, error.help("bring it into another type first"))
    }

    fn not_float_bits(&mut self, value: &Expr, call: &Builtin<'_, 'a>) -> Expr {
        let found = self.type_name(&value.ty);
        let needed = match operation(&call.name.name) {
            FloatOp::FromInt => "an integer of a declared type",
            _ => "the bits of a floating-point number, `u32` or `u64`",
        };
        let message = format!("`{}` needs {needed}, found `{found}`", call.name);
        let error = Diagnostic::error(Code::OperandType, message).at(value.span, format!("this is `{found}`"));
        self.fail(call.span, error.help("store the value in a variable of that type first"))
    }
}

fn operation(name: &str) -> FloatOp {
    match name {
        "float_add" => FloatOp::Add,
        "float_sub" => FloatOp::Sub,
        "float_mul" => FloatOp::Mul,
        "float_div" => FloatOp::Div,
        "float_sqrt" => FloatOp::Sqrt,
        "float_less" => FloatOp::Less,
        "float_at_most" => FloatOp::AtMost,
        "float_equal" => FloatOp::Equal,
        "float_from" => FloatOp::FromInt,
        "float_to" => FloatOp::ToInt,
        _ => FloatOp::Convert,
    }
}
