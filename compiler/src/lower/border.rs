//! The program's border: inputs and outputs as abstract values, and as wires.

use std::rc::Rc;

use hushgate_circuits::gadgets::select;
use hushgate_circuits::id::Wire;
use hushgate_circuits::shape::{Shape, Value, tag_width};
use num_bigint::BigInt;

use super::integer::extend;
use super::value::{Abstract, Bit, Int, Level, Stage, Variants};
use super::walk::{Source, Walk};
use crate::hir::{IntTy, Program, Ty};
use crate::interpret::base_name;
use crate::ranges::Range;
use crate::source::Span;

/// The layout of a type that has no [`Ty::Exact`] in it, as the border of a circuit sees it.
///
/// # Panics
/// On [`Ty::Exact`] and [`Ty::Never`], which the checker keeps away from the border.
#[must_use]
pub fn ty_shape(program: &Program, ty: &Ty) -> Shape {
    let named =
        |fields: &[(String, Ty)]| fields.iter().map(|(name, ty)| (name.clone(), ty_shape(program, ty))).collect();
    match ty {
        Ty::Bool => Shape::Bool,
        Ty::Int(ty) => Shape::Int { name: base_name(ty), lo: ty.lo.clone(), hi: ty.hi.clone() },
        Ty::Array(element, len) => Shape::Array { element: Box::new(ty_shape(program, element)), len: *len },
        Ty::Tuple(items) => Shape::Tuple(items.iter().map(|ty| ty_shape(program, ty)).collect()),
        Ty::Struct(id) => {
            let ty = &program.structs[id.0 as usize];
            Shape::Struct { name: ty.name.clone(), fields: named(&ty.fields) }
        }
        Ty::Enum(id) => {
            let ty = &program.enums[id.0 as usize];
            Shape::Enum { name: ty.name.clone(), variants: named(&ty.variants) }
        }
        Ty::Exact | Ty::Never => unreachable!("the checker keeps `{ty:?}` away from the border"),
    }
}

/// Wires to take values from; none in analysis mode.
pub(super) type Supply<'w> = Option<std::slice::Iter<'w, Wire>>;

impl Walk<'_> {
    /// Registers where values come from.
    pub(super) fn source(&mut self, level: Level, text: String, span: Span) -> Stage {
        self.sources.push(Source { text, span });
        Stage { level, source: self.sources.len() as u32 - 1 }
    }

    /// Any value of a type, from as many wires as its shape has.
    pub(super) fn input(&mut self, ty: &Ty, stage: Stage, wires: &mut Supply<'_>) -> Abstract {
        let program = self.program;
        match ty {
            Ty::Bool => Abstract::Bool(self.unknown_bit(take(wires, 1).first().copied().unwrap_or(Wire::FALSE), stage)),
            Ty::Int(ty) => Abstract::Int(self.input_int(ty, stage, wires)),
            Ty::Exact => Abstract::Int(self.constant(BigInt::ZERO, stage)),
            Ty::Array(element, len) => Abstract::list((0..*len).map(|_| self.input(element, stage, wires)).collect()),
            Ty::Tuple(items) => Abstract::list(items.iter().map(|ty| self.input(ty, stage, wires)).collect()),
            Ty::Struct(id) => {
                let fields = &program.structs[id.0 as usize].fields;
                Abstract::list(fields.iter().map(|(_, ty)| self.input(ty, stage, wires)).collect())
            }
            Ty::Enum(id) => self.input_enum(&program.enums[id.0 as usize].variants, ty, stage, wires),
            Ty::Never => Abstract::unit(),
        }
    }

    fn input_int(&mut self, ty: &IntTy, stage: Stage, wires: &mut Supply<'_>) -> Int {
        let range = Range::of(ty);
        let bits = take(wires, range.width() as usize);
        self.opaque(range, stage, |_, _| bits)
    }

    /// All payloads share their wires.
    fn input_enum(&mut self, variants: &[(String, Ty)], ty: &Ty, stage: Stage, wires: &mut Supply<'_>) -> Abstract {
        let tag_bits = take(wires, tag_width(variants.len()) as usize);
        let n_payload = ty_shape(self.program, ty).width() as usize - tag_width(variants.len()) as usize;
        let payload = take(wires, n_payload);
        let tag = self.opaque(Range::new(0, BigInt::from(variants.len()) - 1), stage, |_, _| tag_bits);
        let payloads = variants.iter().map(|(_, ty)| {
            let mut supply = self.builder.is_some().then(|| payload.iter());
            Some(self.input(ty, stage, &mut supply))
        });
        let payloads = payloads.collect();
        Abstract::Enum(Rc::new(Variants { tag, payloads }))
    }

    /// Some value of a type, in place of one that does not exist: that is reported, or code that never runs.
    pub(super) fn placeholder(&self, ty: &Ty) -> Abstract {
        let program = self.program;
        let some = |ty: &Ty| self.placeholder(ty);
        match ty {
            Ty::Bool => Abstract::Bool(Bit::known(false)),
            Ty::Int(ty) => Abstract::Int(self.constant(ty.lo.clone(), Stage::BUILD)),
            Ty::Exact => Abstract::Int(self.constant(BigInt::ZERO, Stage::BUILD)),
            Ty::Array(element, len) => Abstract::list((0..*len).map(|_| some(element)).collect()),
            Ty::Tuple(items) => Abstract::list(items.iter().map(some).collect()),
            Ty::Struct(id) => {
                Abstract::list(program.structs[id.0 as usize].fields.iter().map(|(_, ty)| some(ty)).collect())
            }
            Ty::Enum(id) => {
                let variants = &program.enums[id.0 as usize].variants;
                let payloads = variants.iter().map(|(_, ty)| Some(some(ty))).collect();
                Abstract::Enum(Rc::new(Variants { tag: self.constant(BigInt::ZERO, Stage::BUILD), payloads }))
            }
            Ty::Never => Abstract::unit(),
        }
    }

    /// A value that is known before the circuit is built.
    pub(super) fn bound(&mut self, value: &Value, ty: &Ty, stage: Stage) -> Abstract {
        let program = self.program;
        match (value, ty) {
            (Value::Bool(value), _) => Abstract::Bool(Bit { stage, ..Bit::known(*value) }),
            (Value::Int(value), _) => Abstract::Int(self.constant(value.clone(), stage)),
            (Value::List(items), Ty::Array(element, _)) => {
                Abstract::list(items.iter().map(|item| self.bound(item, element, stage)).collect())
            }
            (Value::List(items), Ty::Tuple(types)) => {
                Abstract::list(items.iter().zip(types.iter()).map(|(item, ty)| self.bound(item, ty, stage)).collect())
            }
            (Value::List(items), Ty::Struct(id)) => {
                let fields = items.iter().zip(&program.structs[id.0 as usize].fields);
                Abstract::list(fields.map(|(item, (_, ty))| self.bound(item, ty, stage)).collect())
            }
            (Value::Variant(tag, payload), Ty::Enum(id)) => {
                let variants = &program.enums[id.0 as usize].variants;
                let payload = self.bound(payload, &variants[*tag as usize].1, stage);
                let payloads = (0..variants.len()).map(|i| (i == *tag as usize).then(|| payload.clone())).collect();
                Abstract::Enum(Rc::new(Variants { tag: self.constant(BigInt::from(*tag), stage), payloads }))
            }
            _ => unreachable!("the value has been checked against the shape"),
        }
    }

    /// The wires of a value in the layout of its type's shape.
    pub(super) fn output(&mut self, value: &Abstract, ty: &Ty, wires: &mut Vec<Wire>) {
        let program = self.program;
        match (value, ty) {
            (Abstract::Bool(bit), _) => wires.push(bit.wire),
            (Abstract::Int(int), ty) => wires.extend(extend(int, Range::of(ty.declared()).width() as usize)),
            (Abstract::List(items), Ty::Array(element, _)) => {
                items.iter().for_each(|item| self.output(item, element, wires));
            }
            (Abstract::List(items), Ty::Tuple(types)) => {
                items.iter().zip(types.iter()).for_each(|(item, ty)| self.output(item, ty, wires));
            }
            (Abstract::List(items), Ty::Struct(id)) => {
                let fields = items.iter().zip(&program.structs[id.0 as usize].fields);
                fields.for_each(|(item, (_, ty))| self.output(item, ty, wires));
            }
            (Abstract::Enum(value), Ty::Enum(id)) => {
                self.output_enum(value, &program.enums[id.0 as usize].variants, ty, wires);
            }
            _ => unreachable!("the checker has seen that the value has this type"),
        }
    }

    /// The tag, then the payload that it says: bits beyond that one are 0.
    fn output_enum(&mut self, value: &Variants, variants: &[(String, Ty)], ty: &Ty, wires: &mut Vec<Wire>) {
        let n_tag = tag_width(variants.len()) as usize;
        wires.extend(extend(&value.tag, n_tag));
        let n_payload = ty_shape(self.program, ty).width() as usize - n_tag;
        let mut all = vec![Wire::FALSE; n_payload];
        for (tag, (payload, (_, ty))) in value.payloads.iter().zip(variants).enumerate() {
            let Some(payload) = payload else { continue };
            let mut bits = Vec::with_capacity(n_payload);
            self.output(payload, ty, &mut bits);
            bits.resize(n_payload, Wire::FALSE);
            let tag = self.constant(BigInt::from(tag), Stage::BUILD);
            let is_it = self.equal(&value.tag, &tag);
            if let Some(builder) = &mut self.builder {
                all = select::select(builder, is_it.wire, &bits, &all);
            }
        }
        wires.extend(all);
    }
}

fn take(wires: &mut Supply<'_>, n: usize) -> Vec<Wire> {
    wires.as_mut().map_or_else(Vec::new, |wires| wires.by_ref().take(n).copied().collect())
}
