//! Elements and parts of values: reading, writing, proving that they fit.

use std::rc::Rc;

use hushgate_circuits::gadgets::index::one_hot;
use hushgate_circuits::id::Wire;
use num_bigint::BigInt;

use super::integer::unsigned_wires;
use super::report;
use super::value::{Abstract, Bit, Int, Stage, Variants};
use super::walk::{Fitting, Walk, Walked};
use crate::hir::{Expr, Place, Step, Ty};
use crate::ranges::Range;
use crate::source::Span;

/// A step of a path, evaluated.
enum At {
    Field(usize),
    Index(Int),
}

impl Walk<'_> {
    /// `array[index]`, by selects where the index is not known.
    pub(super) fn index(&mut self, array: &Abstract, index: &Int, expr: &Expr) -> Walked {
        let items = array.items();
        if items.is_empty() {
            self.report(report::index_outside(expr.span, index.range(), 0));
            return Ok(self.placeholder(&expr.ty));
        }
        let index = self.prove_index(index, items.len(), expr.span, Some(expr));
        self.prefer_unrolling(&index, expr.span)?;
        Ok(self.read(items, &index))
    }

    /// Element `index`, which lies inside.
    pub(super) fn read(&mut self, items: &[Abstract], index: &Int) -> Abstract {
        if let Some(known) = index.known().and_then(|i| usize::try_from(i).ok()) {
            return items[known].clone();
        }
        let inside = |i: usize| index.range().contains(&BigInt::from(i));
        let mut level: Vec<Option<Abstract>> =
            items.iter().enumerate().map(|(i, item)| inside(i).then(|| item.clone())).collect();
        for bit in self.index_bits(index) {
            let pairs = level.chunks(2);
            level = pairs
                .map(|pair| self.merge_options(&bit, pair.get(1).and_then(Option::as_ref), pair[0].as_ref()))
                .collect();
        }
        level.into_iter().flatten().next().expect("the index lies inside the array")
    }

    /// The bits of an index, least significant first; in analysis mode without wires.
    fn index_bits(&self, index: &Int) -> Vec<Bit> {
        let width = index.range().width() as usize;
        let wire = |i: usize| index.wires().get(i).copied().unwrap_or(Wire::FALSE);
        (0..width).map(|i| self.unknown_bit(wire(i), index.stage())).collect()
    }

    /// A bit of which nothing is known, unless its wire is constant.
    pub(super) fn unknown_bit(&self, wire: Wire, stage: Stage) -> Bit {
        let known = if self.builder.is_some() { wire.as_constant() } else { None };
        Bit { known, stage, claim: Walk::opaque_claim(), wire }
    }

    /// `array[start .. start + len]`.
    pub(super) fn slice(&mut self, array: &Abstract, start: &Int, ty: &Ty, span: Span) -> Walked {
        let (items, len) = (array.items(), ty.array_len());
        self.prefer_unrolling(start, span)?;
        if let Some(source) = self.secret(start.stage()).cloned()
            && start.known().is_none()
        {
            self.report(report::secret_start(span, &source));
            return Ok(self.placeholder(ty));
        }
        let Some(room) = items.len().checked_sub(len) else {
            self.report(report::slice_outside(span, start.range(), len, items.len()));
            return Ok(self.placeholder(ty));
        };
        let start = self.refresh(start);
        if !Range::new(0, BigInt::from(room)).includes(start.range()) {
            self.report(report::slice_outside(span, start.range(), len, items.len()));
        }
        let start = self.inside(&start, room);
        match start.known().and_then(|start| usize::try_from(start).ok()) {
            Some(start) => Ok(Abstract::list(items[start..start + len].to_vec())),
            None => Ok(Abstract::list((0..len).map(|i| self.read(&items[i..=i + room], &start)).collect())),
        }
    }

    /// The value where it lies in `0..=last`.
    fn inside(&mut self, value: &Int, last: usize) -> Int {
        match value.range().intersection(&Range::new(0, BigInt::from(last))) {
            Some(range) => self.within(value, range),
            None => self.constant(BigInt::ZERO, value.stage()),
        }
    }

    pub(super) fn assign(&mut self, place: &Place, value: Abstract) -> Walked<()> {
        let cell = self.cell_written(place);
        let mut path = Vec::with_capacity(place.path.len());
        for step in place.path.iter().skip(usize::from(cell.is_some())) {
            path.push(match step {
                Step::Field(index) => At::Field(*index as usize),
                Step::Index(index) => At::Index(self.eval(index)?.int()),
            });
        }
        self.at(place.span);
        // Taken out of its place, so that what nobody else holds is changed where it stands.
        let local = cell.unwrap_or(place.local.0 as usize);
        let Some(mut target) = self.env[local].take() else { return Ok(()) };
        let result = self.write(&mut target, &path, value, place.span);
        self.env[local] = Some(target);
        result
    }

    fn write(&mut self, target: &mut Abstract, path: &[At], value: Abstract, span: Span) -> Walked<()> {
        let Some((first, rest)) = path.split_first() else {
            *target = value;
            return Ok(());
        };
        let Abstract::List(items) = target else {
            unreachable!("the checker has seen that this has elements or fields")
        };
        let position = match first {
            At::Field(index) => *index,
            At::Index(index) => {
                if items.is_empty() {
                    self.report(report::index_outside(span, index.range(), 0));
                    return Ok(());
                }
                let index = self.prove_index(index, items.len(), span, None);
                self.prefer_unrolling(&index, span)?;
                match index.known().and_then(|i| usize::try_from(i).ok()) {
                    Some(known) => known,
                    None => {
                        let items = Rc::<Vec<Abstract>>::make_mut(items);
                        return self.write_somewhere(items, &index, rest, &value, span);
                    }
                }
            }
        };
        self.write(&mut Rc::make_mut(items)[position], rest, value, span)
    }

    /// Writes at an index that is not known: one bit says for each element whether it is the one.
    fn write_somewhere(
        &mut self,
        items: &mut [Abstract],
        index: &Int,
        rest: &[At],
        value: &Abstract,
        span: Span,
    ) -> Walked<()> {
        let hot = match &mut self.builder {
            Some(builder) => one_hot(builder, &unsigned_wires(index), items.len()),
            None => vec![Wire::FALSE; items.len()],
        };
        for (i, (item, hot)) in items.iter_mut().zip(hot).enumerate() {
            if index.range().contains(&BigInt::from(i)) {
                let mut changed = item.clone();
                self.write(&mut changed, rest, value.clone(), span)?;
                *item = self.merge(&self.unknown_bit(hot, index.stage()), &changed, item);
            }
        }
        Ok(())
    }

    /// The value with every integer proven to lie in the range of its type.
    pub(super) fn fit(&mut self, value: Abstract, ty: &Ty, at: Fitting) -> Abstract {
        if self.fits(&value, ty) {
            return value;
        }
        let program = self.program;
        match (&value, ty) {
            (Abstract::Int(int), Ty::Int(declared)) => Abstract::Int(self.fit_int(int, declared, at)),
            (Abstract::List(items), Ty::Array(element, _)) => {
                Abstract::list(items.iter().map(|item| self.fit(item.clone(), element, at)).collect())
            }
            (Abstract::List(items), Ty::Tuple(types)) => {
                let parts = items.iter().zip(types.iter());
                Abstract::list(parts.map(|(item, ty)| self.fit(item.clone(), ty, at)).collect())
            }
            (Abstract::List(items), Ty::Struct(id)) => {
                let struct_ = &program.structs[id.0 as usize];
                let at = Fitting { fraction: struct_.fraction.or(at.fraction), ..at };
                let parts = items.iter().zip(&struct_.fields);
                Abstract::list(parts.map(|(item, (_, ty))| self.fit(item.clone(), ty, at)).collect())
            }
            (Abstract::Enum(variants), Ty::Enum(id)) => {
                let parts = variants.payloads.iter().zip(&program.enums[id.0 as usize].variants);
                let fit = |(payload, (_, ty)): (&Option<Abstract>, &(String, Ty))| {
                    payload.clone().map(|payload| self.fit(payload, ty, at))
                };
                let payloads = parts.map(fit).collect();
                Abstract::Enum(Rc::new(Variants { tag: variants.tag.clone(), payloads }))
            }
            _ => value,
        }
    }

    /// Whether nothing has to be proven.
    fn fits(&self, value: &Abstract, ty: &Ty) -> bool {
        match (value, ty) {
            (Abstract::Int(int), Ty::Int(ty)) => int.range().lo >= ty.lo && int.range().hi <= ty.hi,
            (Abstract::List(items), Ty::Array(element, _)) => items.iter().all(|item| self.fits(item, element)),
            (Abstract::List(items), Ty::Tuple(types)) => {
                items.iter().zip(types.iter()).all(|(item, ty)| self.fits(item, ty))
            }
            (Abstract::List(items), Ty::Struct(id)) => {
                let fields = &self.program.structs[id.0 as usize].fields;
                items.iter().zip(fields).all(|(item, (_, ty))| self.fits(item, ty))
            }
            (Abstract::Enum(value), Ty::Enum(id)) => {
                let variants = &self.program.enums[id.0 as usize].variants;
                let mut parts = value.payloads.iter().zip(variants);
                parts.all(|(payload, (_, ty))| payload.as_ref().is_none_or(|payload| self.fits(payload, ty)))
            }
            _ => true,
        }
    }

    fn fit_int(&mut self, value: &Int, ty: &Rc<crate::hir::IntTy>, at: Fitting) -> Int {
        let value = self.refresh(value);
        let declared = Range::of(ty);
        if declared.includes(value.range()) {
            return value;
        }
        let value = self.recalled(&value);
        if declared.includes(value.range()) {
            return value;
        }
        let operator = self.operator.take().filter(|operator| operator.span == at.inner);
        let diagnostic = report::does_not_fit(self, &value, ty, at, operator);
        self.report(diagnostic);
        match declared.intersection(value.range()) {
            Some(range) => self.within(&value, range),
            None => self.constant(ty.lo.clone(), value.stage()),
        }
    }

    /// `Some(value)` where it lies in the range of the option's payload, else `None`.
    pub(super) fn optional(&mut self, value: &Int, option: &Ty) -> Abstract {
        let value = self.refresh(value);
        let declared = match &self.program.variants(option)[1].1 {
            Ty::Tuple(items) => Range::of(items[0].declared()),
            _ => unreachable!("`Some` holds one value"),
        };
        let fits = self.is_within(&value, &declared.lo, &declared.hi);
        let inside = declared.intersection(value.range());
        let some = inside.map(|range| Abstract::list(vec![Abstract::Int(self.within(&value, range))]));
        let none = (fits.known != Some(true)).then(Abstract::unit);
        let tag = self.int_of_bit(&fits);
        Abstract::Enum(Rc::new(Variants { tag, payloads: vec![none, some.filter(|_| fits.known != Some(false))] }))
    }

    /// 1 where the bit is true, else 0.
    pub(super) fn int_of_bit(&mut self, bit: &Bit) -> Int {
        match bit.known {
            Some(value) => self.constant(BigInt::from(u8::from(value)), bit.stage),
            None => self.opaque(Range::new(0, 1), bit.stage, |_, _| vec![bit.wire]),
        }
    }
}
