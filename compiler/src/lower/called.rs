//! Functions that are called often stay blocks of the circuit.
//!
//! A call is inlined: constants, ranges and gates that are there already make most functions smaller where they are called. But once what a
//! function has become by that is [`super::Limits::inline_work_max`] or more, and a call makes at least
//! [`super::Limits::block_work_min`], further calls with arguments of the same shape (what is known of them, and their ranges)
//! are calls of one block, so that the circuit grows no more with them.
//!
//! The walk still runs through every such call, without wires: what is proven there, and what is known of the result, is what it would
//! be if the call were inlined. The block is built for arguments of which nothing is known but their shape; where that is not
//! enough to prove what the function needs, there is none. Arguments with constant or equal bits are inlined, since gates fold there, and
//! so are functions that require something, since that leaves the program.

use std::collections::HashSet;
use std::rc::Rc;

use hushgate_circuits::build::{Builder, CallSpec};
use hushgate_circuits::id::{BlockId, Wire};
use num_bigint::BigInt;

use super::border::Supply;
use super::integer::extend;
use super::report;
use super::roll::{flatten, take, width};
use super::value::{Abstract, Bit, Int, Variants};
use super::walk::{Stop, Walk, Walked};
use crate::hir::{Function, FunctionId};

/// What a function's calls with arguments of one shape have become.
pub(super) struct Called {
    shape: Vec<Part>,
    /// The gates that they were inlined to, as they are estimated.
    work: u64,
    block: State,
}

enum State {
    NotBuilt,
    Impossible,
    Built(Rc<FunctionBlock>),
}

/// A function as a block.
struct FunctionBlock {
    callee: BlockId,
    /// What it can return.
    result: Abstract,
}

/// One part of the shape of a value.
#[derive(PartialEq, Eq)]
enum Part {
    Bit(Option<bool>),
    Int(BigInt, BigInt),
    /// Of so many parts.
    List(usize),
    /// A payload that is not there.
    None,
}

/// Shapes of arguments that a function may have blocks for.
const SHAPES_MAX: usize = 16;

impl Walk<'_> {
    /// Calls the function's block, if it has one for such arguments or should have one.
    pub(super) fn call_block(&mut self, id: FunctionId, args: &[Abstract]) -> Walked<Option<Abstract>> {
        // `main` is called once.
        let may_be_block = self.builder.is_some() && self.calls > 1 && !self.requiring[id.0 as usize];
        if !may_be_block || self.facts.is_contradictory() || !self.is_called_often(id) {
            return Ok(None);
        }
        let Some(place) = self.place_of(id, shape_of(args)) else { return Ok(None) };
        if !self.is_often(&self.called[&id][place]) {
            return Ok(None);
        }
        let mut wires = Vec::new();
        args.iter().for_each(|arg| flatten(arg, arg, &mut wires));
        let mut nodes = HashSet::with_capacity(wires.len());
        let mut are_independent = || wires.iter().all(|wire| wire.as_constant().is_none() && nodes.insert(wire.node()));
        if self.limits.inline_work_max > 0 && !are_independent() {
            return Ok(None);
        }
        let function = &self.program.functions[id.0 as usize];
        if matches!(self.called[&id][place].block, State::NotBuilt) {
            let block = match self.build_block(function, args)? {
                Some(block) => State::Built(Rc::new(block)),
                None => State::Impossible,
            };
            self.called.get_mut(&id).expect("it is there")[place].block = block;
        }
        let State::Built(block) = &self.called[&id][place].block else { return Ok(None) };
        let block = Rc::clone(block);
        let builder = self.builder.take();
        let result = self.run(function, args.to_vec());
        self.builder = builder;
        let result = result?;
        self.at(function.span);
        let blocks = &self.blocks;
        let call = |builder: &mut Builder| builder.call(blocks, CallSpec::once(block.callee), wires).ok();
        let Some(results) = self.builder.as_mut().and_then(call) else {
            return self.fatal(report::too_many_gates(function.span, self.limits.nodes_max));
        };
        Ok(Some(self.attach(&block.result, &result, &mut Some(results.iter()))))
    }

    /// Remembers what a call has been inlined to.
    pub(super) fn note_inlined(&mut self, id: FunctionId, args: &[Abstract], work: u64) {
        if work < self.limits.block_work_min || self.builder.is_none() {
            return;
        }
        if let Some(place) = self.place_of(id, shape_of(args)) {
            let called = self.called.get_mut(&id).expect("it is there");
            called[place].work = called[place].work.saturating_add(work);
        }
    }

    /// Where the function's calls with such arguments are counted, if there is room.
    fn place_of(&mut self, id: FunctionId, shape: Vec<Part>) -> Option<usize> {
        let called = self.called.entry(id).or_default();
        let place = called.iter().position(|called| called.shape == shape);
        if place.is_none() && called.len() < SHAPES_MAX {
            called.push(Called { shape, work: 0, block: State::NotBuilt });
            return Some(called.len() - 1);
        }
        place
    }

    fn is_called_often(&self, id: FunctionId) -> bool {
        let is_often = |called: &Vec<Called>| called.iter().any(|called| self.is_often(called));
        self.limits.inline_work_max == 0 || self.called.get(&id).is_some_and(is_often)
    }

    fn is_often(&self, called: &Called) -> bool {
        called.work >= self.limits.inline_work_max && !matches!(called.block, State::Impossible)
    }

    /// The function on arguments of which nothing is known but their shapes, in a builder of its own; nothing if that proves too little.
    fn build_block(&mut self, function: &Function, args: &[Abstract]) -> Walked<Option<FunctionBlock>> {
        let n_inputs: u64 = args.iter().map(width).sum();
        if n_inputs > self.limits.border_bits_max {
            return Ok(None);
        }
        let inner = Builder::new(function.name.clone(), n_inputs as u32).with_nodes_max(self.limits.nodes_max);
        let inputs = inner.inputs();
        let outer = self.builder.replace(inner);
        let (facts, exits, suppressed) = (self.facts.mark(), self.exits.len(), self.suppressed);
        let (steps, work) = (self.steps, self.work);
        let mut supply = Some(inputs.iter());
        let fresh = args.iter().map(|arg| self.rebuild(arg, arg, &mut supply)).collect();
        self.trials += 1;
        let result = self.run(function, fresh);
        self.trials -= 1;
        let inner = std::mem::replace(&mut self.builder, outer);
        let is_proven = self.suppressed == suppressed;
        // What counts is the call, which is walked through as well.
        (self.suppressed, self.steps, self.work) = (suppressed, steps, work);
        self.facts.rollback(facts);
        self.exits.truncate(exits);
        let result = match result {
            Ok(result) if is_proven => result,
            Err(Stop::Fatal) => return Err(Stop::Fatal),
            _ => return Ok(None),
        };
        let mut outputs = Vec::new();
        flatten(&result, &result, &mut outputs);
        let block = inner.and_then(|builder| builder.finish(outputs).ok());
        Ok(block.map(|block| FunctionBlock { callee: self.blocks.add(block), result }))
    }

    /// The value `narrow`, of which all that is known still holds, on the wires of `wide`, which includes it.
    fn attach(&mut self, wide: &Abstract, narrow: &Abstract, supply: &mut Supply<'_>) -> Abstract {
        match (wide, narrow) {
            (Abstract::Bool(wide), Abstract::Bool(narrow)) => {
                let wire = match wide.known {
                    Some(known) => Wire::constant(known),
                    None => take(supply, 1)[0],
                };
                let wire = narrow.known.map_or(wire, Wire::constant);
                Abstract::Bool(Bit { wire, ..narrow.clone() })
            }
            (Abstract::Int(wide), Abstract::Int(narrow)) => Abstract::Int(self.attach_int(wide, narrow, supply)),
            (Abstract::List(wide), Abstract::List(narrow)) => {
                Abstract::list(wide.iter().zip(narrow.iter()).map(|(w, n)| self.attach(w, n, supply)).collect())
            }
            (Abstract::Enum(wide), Abstract::Enum(narrow)) => {
                let tag = self.attach_int(&wide.tag, &narrow.tag, supply);
                let mut payloads = Vec::with_capacity(wide.payloads.len());
                for (wide, narrow) in wide.payloads.iter().zip(&narrow.payloads) {
                    payloads.push(match (wide, narrow) {
                        (Some(wide), Some(narrow)) => Some(self.attach(wide, narrow, supply)),
                        (Some(wide), None) => {
                            take(supply, width(wide));
                            None
                        }
                        (None, _) => None,
                    });
                }
                Abstract::Enum(Rc::new(Variants { tag, payloads }))
            }
            _ => narrow.clone(),
        }
    }

    fn attach_int(&mut self, wide: &Int, narrow: &Int, supply: &mut Supply<'_>) -> Int {
        let n_wires = if wide.known().is_some() { 0 } else { wide.range().width() };
        let wires = take(supply, n_wires);
        match narrow.known().or(wide.known()) {
            Some(known) => self.constant(known.clone(), narrow.stage()),
            None => narrow.on_wires(extend(&wide.on_wires(wires), narrow.range().width() as usize)),
        }
    }
}

fn shape_of(args: &[Abstract]) -> Vec<Part> {
    let mut shape = Vec::new();
    args.iter().for_each(|arg| add_shape(arg, &mut shape));
    shape
}

fn add_shape(value: &Abstract, shape: &mut Vec<Part>) {
    let int = |int: &Int| Part::Int(int.range().lo.clone(), int.range().hi.clone());
    match value {
        Abstract::Bool(bit) => shape.push(Part::Bit(bit.known)),
        Abstract::Int(value) => shape.push(int(value)),
        Abstract::List(items) => {
            shape.push(Part::List(items.len()));
            items.iter().for_each(|item| add_shape(item, shape));
        }
        Abstract::Enum(variants) => {
            shape.push(int(&variants.tag));
            for payload in &variants.payloads {
                match payload {
                    Some(payload) => add_shape(payload, shape),
                    None => shape.push(Part::None),
                }
            }
        }
    }
}
