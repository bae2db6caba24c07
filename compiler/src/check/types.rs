//! The types of a program: names, sizes, and which value fits where.
//!
//! # Invariants
//! - Two structs (enums) with the same origin are the same declaration with other arguments: their fields (variants) correspond.
//! - No type holds more than [`SCALARS_MAX`] scalars or has more than [`PARTS_MAX`] parts, so every walk over a type is short.

use std::collections::HashMap;
use std::rc::Rc;

use num_bigint::BigInt;

use super::items::DefId;
use crate::hir::{Enum, EnumId, IntTy, Struct, StructId, Ty};
use crate::source::Span;

/// Scalars (bools and integers) that one value may hold.
pub(super) const SCALARS_MAX: u64 = 1 << 24;
/// Parts that a type may have, those of its structs included; an array counts as its element.
pub(super) const PARTS_MAX: u64 = 1 << 16;
/// Characters of a type's name before it is cut off.
const NAME_MAX: usize = 300;
/// The widest integer.
pub(super) const WIDTH_MAX: u32 = 4096;

/// Where a struct or enum comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Origin {
    /// A declaration.
    Def(DefId),
    /// The fields of `Variant { … }` of a declaration.
    Variant(DefId, u32),
    /// `Option<T>`.
    Option,
    /// `str<N>`, whose one field is its bytes.
    Str,
    /// `fixed<I, F>` for this F, whose one field is the value times 2^F.
    Fixed(u32),
    /// The record of outputs of a function, or an anonymous struct.
    Record,
    /// Whatever a generic parameter, declared here, may stand for: to check a function for all types at once.
    Opaque(Span, Bound),
}

/// What is known of all types that a generic parameter may stand for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Bound {
    /// Nothing.
    None,
    /// Values can be compared for equality.
    Eq,
    /// They have an order too.
    Ord,
    /// They are numbers, which have an order: then a number stands for them.
    Num,
}

/// A generic argument.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Arg {
    Ty(Ty),
    Int(BigInt),
}

/// All structs and enums that have come up.
#[derive(Default)]
pub(super) struct Types {
    pub(super) structs: Vec<Struct>,
    pub(super) enums: Vec<Enum>,
    struct_origins: Vec<(Origin, Rc<[Arg]>)>,
    enum_origins: Vec<(Origin, Rc<[Arg]>)>,
    /// Types of the language itself that have come up.
    own: HashMap<(Origin, Rc<[Arg]>), Ty>,
    struct_sizes: Vec<Size>,
    enum_sizes: Vec<Size>,
}

/// How large a type is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Size {
    /// Scalars in a value. Empty values count as one, so that arrays of them have a bound too.
    pub(super) scalars: u64,
    /// Parts of the type.
    pub(super) parts: u64,
}

impl Size {
    const ONE: Size = Size { scalars: 1, parts: 1 };

    fn plus(self, other: Size) -> Size {
        Size { scalars: self.scalars.saturating_add(other.scalars), parts: self.parts.saturating_add(other.parts) }
    }
}

/// How a value of one type relates to a place of another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Fits {
    /// The same type.
    Same,
    /// Every value fits.
    Always,
    /// Some values fit: ranges decide.
    Perhaps,
    /// Another kind of value.
    Never,
}

impl Types {
    pub(super) fn struct_(&self, id: StructId) -> &Struct {
        &self.structs[id.0 as usize]
    }

    pub(super) fn enum_(&self, id: EnumId) -> &Enum {
        &self.enums[id.0 as usize]
    }

    pub(super) fn struct_origin(&self, id: StructId) -> &(Origin, Rc<[Arg]>) {
        &self.struct_origins[id.0 as usize]
    }

    pub(super) fn enum_origin(&self, id: EnumId) -> &(Origin, Rc<[Arg]>) {
        &self.enum_origins[id.0 as usize]
    }

    pub(super) fn add_struct(&mut self, origin: Origin, args: Rc<[Arg]>, struct_: Struct) -> Ty {
        let size = struct_.fields.iter().fold(Size::ONE, |sum, (_, ty)| sum.plus(self.size(ty)));
        self.struct_sizes.push(size);
        self.structs.push(struct_);
        self.struct_origins.push((origin, args));
        Ty::Struct(StructId(self.structs.len() as u32 - 1))
    }

    pub(super) fn add_enum(&mut self, origin: Origin, args: Rc<[Arg]>, enum_: Enum) -> Ty {
        let size = enum_.variants.iter().fold(Size::ONE, |sum, (_, ty)| sum.plus(self.size(ty)));
        self.enum_sizes.push(size);
        self.enums.push(enum_);
        self.enum_origins.push((origin, args));
        Ty::Enum(EnumId(self.enums.len() as u32 - 1))
    }

    /// `Option<T>`.
    pub(super) fn option(&mut self, ty: &Ty) -> Ty {
        let args: Rc<[Arg]> = Rc::new([Arg::Ty(ty.clone())]);
        if let Some(ty) = self.own.get(&(Origin::Option, args.clone())) {
            return ty.clone();
        }
        let variants = vec![("None".to_owned(), unit()), ("Some".to_owned(), Ty::Tuple(Rc::new([ty.clone()])))];
        let name = format!("Option<{}>", self.name(ty));
        let ty = self.add_enum(Origin::Option, args.clone(), Enum { name, variants });
        self.own.insert((Origin::Option, args), ty.clone());
        ty
    }

    /// `str<N>`.
    pub(super) fn text(&mut self, n: u64) -> Ty {
        let args: Rc<[Arg]> = Rc::new([Arg::Int(n.into())]);
        let bytes = Ty::Array(Rc::new(unsigned(8)), n);
        self.one_field(Origin::Str, args, format!("str<{n}>"), "bytes", bytes)
    }

    /// `fixed<I, F>` by F and the type of the value times 2^F; with [`Ty::Exact`] for a result that is not stored yet.
    pub(super) fn fixed(&mut self, fraction: u32, raw: &Ty) -> Ty {
        let name = match raw {
            Ty::Int(int) => {
                let whole = i64::from(int.width) - i64::from(fraction);
                let range = if base(int) == **int {
                    String::new()
                } else {
                    format!(" in {}..={}", decimal(&int.lo, fraction), decimal(&int.hi, fraction))
                };
                format!("fixed<{whole}, {fraction}>{range}")
            }
            _ => format!("fixed<_, {fraction}>"),
        };
        self.one_field(Origin::Fixed(fraction), Rc::new([Arg::Ty(raw.clone())]), name, "raw", raw.clone())
    }

    fn one_field(&mut self, origin: Origin, args: Rc<[Arg]>, name: String, field: &str, ty: Ty) -> Ty {
        if let Some(ty) = self.own.get(&(origin, args.clone())) {
            return ty.clone();
        }
        let fraction = if let Origin::Fixed(fraction) = origin { Some(fraction) } else { None };
        let ty = self.add_struct(origin, args.clone(), Struct { name, fields: vec![(field.to_owned(), ty)], fraction });
        self.own.insert((origin, args), ty.clone());
        ty
    }

    /// N, if `ty` is `str<N>`.
    pub(super) fn text_len(&self, ty: &Ty) -> Option<u64> {
        match ty {
            Ty::Struct(id) if self.struct_origin(*id).0 == Origin::Str => match self.struct_(*id).fields[0].1 {
                Ty::Array(_, n) => Some(n),
                _ => None,
            },
            _ => None,
        }
    }

    /// F and the type of the value times 2^F, if `ty` is `fixed<I, F>`.
    pub(super) fn fixed_of(&self, ty: &Ty) -> Option<(u32, Ty)> {
        match ty {
            Ty::Struct(id) => match self.struct_origin(*id).0 {
                Origin::Fixed(fraction) => Some((fraction, self.struct_(*id).fields[0].1.clone())),
                _ => None,
            },
            _ => None,
        }
    }

    /// T, if `ty` is `Option<T>`.
    pub(super) fn option_of(&self, ty: &Ty) -> Option<Ty> {
        match ty {
            Ty::Enum(id) => match self.enum_origin(*id) {
                (Origin::Option, args) => match &args[0] {
                    Arg::Ty(ty) => Some(ty.clone()),
                    Arg::Int(_) => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// The name, the declaration and the bound of a generic parameter that occurs in `ty` and is bound by less than `wanted`.
    pub(super) fn lacks(&self, ty: &Ty, wanted: Bound) -> Option<(String, Span, Bound)> {
        match ty {
            Ty::Array(element, _) => self.lacks(element, wanted),
            Ty::Tuple(items) => items.iter().find_map(|ty| self.lacks(ty, wanted)),
            Ty::Enum(id) => self.enum_(*id).variants.iter().find_map(|(_, ty)| self.lacks(ty, wanted)),
            Ty::Struct(id) => match self.struct_origin(*id).0 {
                Origin::Opaque(at, bound) if bound < wanted => Some((self.struct_(*id).name.clone(), at, bound)),
                _ => self.struct_(*id).fields.iter().find_map(|(_, ty)| self.lacks(ty, wanted)),
            },
            Ty::Bool | Ty::Exact | Ty::Int(_) | Ty::Never => None,
        }
    }

    /// The bound of a type that stands for a generic parameter.
    pub(super) fn bound_of(&self, ty: &Ty) -> Option<Bound> {
        match ty {
            Ty::Struct(id) => match self.struct_origin(*id).0 {
                Origin::Opaque(_, bound) => Some(bound),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether values have an order: numbers, bools, texts, enums without payloads, and tuples and arrays of such.
    pub(super) fn is_ordered(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Bool | Ty::Exact | Ty::Int(_) | Ty::Never => true,
            Ty::Array(element, _) => self.is_ordered(element),
            Ty::Tuple(items) => items.iter().all(|ty| self.is_ordered(ty)),
            Ty::Enum(id) => {
                self.is_declared_enum(ty) && self.enum_(*id).variants.iter().all(|(_, payload)| *payload == unit())
            }
            Ty::Struct(id) => match self.struct_origin(*id).0 {
                Origin::Str | Origin::Fixed(_) => true,
                Origin::Opaque(_, bound) => bound >= Bound::Ord,
                _ => false,
            },
        }
    }

    /// Whether it is an enum that the program or the library declares.
    pub(super) fn is_declared_enum(&self, ty: &Ty) -> bool {
        matches!(ty, Ty::Enum(id) if matches!(self.enum_origin(*id).0, Origin::Def(_)))
    }

    /// How large the type is.
    pub(super) fn size(&self, ty: &Ty) -> Size {
        match ty {
            Ty::Bool | Ty::Exact | Ty::Int(_) | Ty::Never => Size::ONE,
            Ty::Array(element, n) => {
                let size = self.size(element);
                Size { scalars: size.scalars.saturating_mul(*n).max(1), parts: size.parts.saturating_add(1) }
            }
            Ty::Tuple(items) => items.iter().fold(Size::ONE, |sum, ty| sum.plus(self.size(ty))),
            Ty::Struct(id) => self.struct_sizes[id.0 as usize],
            Ty::Enum(id) => self.enum_sizes[id.0 as usize],
        }
    }

    /// The type as the author would write it.
    pub(super) fn name(&self, ty: &Ty) -> String {
        let mut name = String::new();
        self.write_name(ty, &mut name);
        name
    }

    fn write_name(&self, ty: &Ty, name: &mut String) {
        if name.len() > NAME_MAX {
            if !name.ends_with('…') {
                name.push('…');
            }
            return;
        }
        match ty {
            Ty::Bool => name.push_str("bool"),
            Ty::Exact => name.push_str("int"),
            Ty::Int(int) => name.push_str(&int_name(int)),
            Ty::Array(element, n) => {
                name.push('[');
                self.write_name(element, name);
                name.push_str(&format!("; {n}]"));
            }
            Ty::Tuple(items) => {
                name.push('(');
                for (i, ty) in items.iter().enumerate() {
                    name.push_str(if i > 0 { ", " } else { "" });
                    self.write_name(ty, name);
                }
                name.push_str(if items.len() == 1 { ",)" } else { ")" });
            }
            Ty::Struct(id) => name.push_str(&self.struct_(*id).name),
            Ty::Enum(id) => name.push_str(&self.enum_(*id).name),
            Ty::Never => name.push('_'),
        }
    }

    /// Whether a value of type `from` fits in a place of type `to`.
    pub(super) fn fits(&self, from: &Ty, to: &Ty) -> Fits {
        if from == to {
            return Fits::Same;
        }
        match (from, to) {
            (Ty::Never, _) | (Ty::Int(_), Ty::Exact) => Fits::Always,
            (Ty::Int(from), Ty::Int(to)) if from.lo >= to.lo && from.hi <= to.hi => Fits::Always,
            (Ty::Int(_) | Ty::Exact, Ty::Int(_)) => Fits::Perhaps,
            (Ty::Array(from, n), Ty::Array(to, m)) if n == m => self.fits(from, to),
            (Ty::Array(_, 0), Ty::Array(_, 0)) => Fits::Always,
            (Ty::Tuple(from), Ty::Tuple(to)) if from.len() == to.len() => self.all_fit(from.iter().zip(to.iter())),
            (Ty::Struct(a), Ty::Struct(b)) => {
                let (a_fields, b_fields) = (&self.struct_(*a).fields, &self.struct_(*b).fields);
                let names = |fields: &[(String, Ty)]| fields.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
                let is_record = self.struct_origin(*a).0 == Origin::Record;
                if self.struct_origin(*a).0 != self.struct_origin(*b).0
                    || is_record && names(a_fields) != names(b_fields)
                {
                    return Fits::Never;
                }
                let fields = a_fields.iter().zip(b_fields);
                self.all_fit(fields.map(|((_, from), (_, to))| (from, to)))
            }
            (Ty::Enum(a), Ty::Enum(b)) if self.enum_origin(*a).0 == self.enum_origin(*b).0 => {
                let variants = self.enum_(*a).variants.iter().zip(&self.enum_(*b).variants);
                self.all_fit(variants.map(|((_, from), (_, to))| (from, to)))
            }
            _ => Fits::Never,
        }
    }

    fn all_fit<'t>(&self, pairs: impl Iterator<Item = (&'t Ty, &'t Ty)>) -> Fits {
        pairs.map(|(from, to)| self.fits(from, to)).max().unwrap_or(Fits::Always).max(Fits::Always)
    }

    /// Whether `found` occurs in `ty`, at any depth.
    pub(super) fn mentions(&self, ty: &Ty, found: &dyn Fn(&Ty) -> bool) -> bool {
        found(ty)
            || match ty {
                Ty::Array(element, _) => self.mentions(element, found),
                Ty::Tuple(items) => items.iter().any(|ty| self.mentions(ty, found)),
                Ty::Struct(id) => self.struct_(*id).fields.iter().any(|(_, ty)| self.mentions(ty, found)),
                Ty::Enum(id) => self.enum_(*id).variants.iter().any(|(_, ty)| self.mentions(ty, found)),
                _ => false,
            }
    }
}

/// The type of what gives nothing.
pub(super) fn unit() -> Ty {
    Ty::Tuple(Rc::new([]))
}

/// `uN` or `iN` without a range.
pub(super) fn declared(signed: bool, width: u32) -> IntTy {
    let one = BigInt::from(1);
    let (lo, hi) =
        if signed { (-(&one << (width - 1)), (&one << (width - 1)) - 1) } else { (BigInt::ZERO, (&one << width) - 1) };
    IntTy { signed, width, lo, hi }
}

/// The same type without its range.
pub(super) fn base(int: &IntTy) -> IntTy {
    declared(int.signed, int.width)
}

/// `uN` as a type.
pub(super) fn unsigned(width: u32) -> Ty {
    Ty::Int(Rc::new(declared(false, width)))
}

pub(super) fn is_int(ty: &Ty) -> bool {
    matches!(ty, Ty::Int(_) | Ty::Exact)
}

/// `u32`, `i8`.
pub(super) fn base_name(int: &IntTy) -> String {
    format!("{}{}", if int.signed { 'i' } else { 'u' }, int.width)
}

fn int_name(int: &IntTy) -> String {
    if base(int) == *int { base_name(int) } else { format!("{} in {}..={}", base_name(int), int.lo, int.hi) }
}

/// `u8` … `i4096`, if `name` looks like one; the width may be out of bounds.
pub(super) fn int_type_name(name: &str) -> Option<(bool, Option<u32>)> {
    let (signed, digits) = match name.split_at_checked(1)? {
        ("u", digits) => (false, digits),
        ("i", digits) => (true, digits),
        _ => return None,
    };
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| (signed, digits.parse().ok().filter(|n| (1..=WIDTH_MAX).contains(n) && !digits.starts_with('0'))))
}

/// `n` / 2^`fraction` in decimal digits: exact.
pub(crate) fn decimal(n: &BigInt, fraction: u32) -> String {
    let sign = if n.sign() == num_bigint::Sign::Minus { "-" } else { "" };
    let magnitude = n.magnitude();
    let whole = magnitude >> fraction;
    let rest = magnitude - (&whole << fraction);
    // rest / 2^F = rest · 5^F / 10^F.
    let digits = (rest * num_bigint::BigUint::from(5u32).pow(fraction)).to_string();
    let digits = format!("{digits:0>width$}", width = fraction as usize);
    let digits = digits.trim_end_matches('0');
    format!("{sign}{whole}.{}", if digits.is_empty() { "0" } else { digits })
}
