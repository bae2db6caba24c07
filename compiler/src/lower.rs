//! From the checked program to the circuit: one abstract walk that proves and builds.
//!
//! Every value has a structure, a range, a linear form and a stage (known while compiling, public, or secret); in building mode also
//! wires, exactly as many as its range needs. [`analyse`] runs the walk without wires, over all inputs at once, and reports what cannot be
//! proven; [`build`] runs the same walk with wires. The two cannot disagree about widths, because there is only one.
//!
//! # Invariants
//! - Whatever `analyse` accepts has the meaning that [`crate::interpret`] gives it, for all inputs in their ranges.
//! - The same program gives the same circuit, bit for bit: nothing iterates over a hash map.

mod border;
mod called;
mod facts;
mod float;
mod fraction;
mod integer;
mod intrinsic;
mod invariant;
mod levels;
mod linear;
mod loops;
mod merge;
mod number;
mod operator;
mod order;
mod place;
mod recall;
mod report;
mod require;
mod roll;
mod value;
mod walk;

pub use border::ty_shape;

use std::collections::{BTreeMap, BTreeSet};

use hushgate_circuits::build::Builder;
use hushgate_circuits::circuit::{Circuit, InputPort, OutputPort};
use hushgate_circuits::id::{self, Origin};
use hushgate_circuits::requirements;
use hushgate_circuits::shape::{Misfit, Value};

use crate::cost::Origins;
use crate::diagnostic::Diagnostic;
use crate::hir::{From, Function, FunctionId, Input, IntTy, Main, Output, Program, Requires, Ty};
use border::Supply;
use value::{Abstract, Bit, Level, Stage};
use walk::{Stop, Walk};

/// What compiling a program may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Expressions walked over.
    pub steps_max: u64,
    /// Integers that analysis keeps ranges of.
    pub vars_max: usize,
    /// Steps that one loop may take to be unrolled.
    pub unroll_steps_max: u64,
    /// Gates, as they are estimated, that one loop may become by being unrolled, if each iteration makes as many and rolling it costs none.
    pub unroll_work_max: u64,
    /// Gates, as they are estimated, that a function may become by being inlined; then it becomes a block. If none, it is one always.
    pub inline_work_max: u64,
    /// Gates that an iteration, or a call, makes at least, if it becomes a block for their sake alone.
    pub block_work_min: u64,
    /// Nodes of the circuit's main block.
    pub nodes_max: usize,
    /// Elements of an array that a loop makes.
    pub elements_max: u64,
    /// Bits of all inputs, and of all outputs.
    pub border_bits_max: u64,
    /// Expressions within expressions.
    pub depth_max: u32,
    /// Calls within calls.
    pub calls_max: u32,
}

impl Limits {
    /// What a machine of today does in seconds.
    pub const DEFAULT: Limits = Limits {
        steps_max: 20_000_000,
        vars_max: 1 << 25,
        unroll_steps_max: 1_000_000,
        unroll_work_max: 1_000_000,
        inline_work_max: 1_000_000,
        block_work_min: 4_096,
        nodes_max: 500_000_000,
        elements_max: 1 << 24,
        border_bits_max: 1 << 28,
        depth_max: 600,
        calls_max: 200,
    };
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::DEFAULT
    }
}

/// A circuit and where its gates come from.
#[derive(Clone, Debug)]
pub struct Built {
    /// The circuit.
    pub circuit: Circuit,
    /// What its origins mean.
    pub origins: Origins,
    /// For each input port, what stands for its declaration: what causes gates that check it.
    pub input_origins: Vec<Origin>,
}

/// Why there is no circuit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The program has no `main`.
    #[error("the program has no `main`")]
    NoMain,
    /// A public input is missing.
    #[error("no value for the public input `{0}`")]
    MissingPublic(String),
    /// A public input's value is not of its type.
    #[error("public input `{name}`: {misfit}")]
    PublicMisfit {
        /// The input.
        name: String,
        /// What is wrong with the value.
        misfit: Misfit,
    },
    /// The program has errors.
    #[error("the program has errors")]
    Refused(Vec<Diagnostic>),
}

/// Proves that nothing can go wrong, for all inputs: every function on its own, the tests, then `main`.
///
/// The functions share a budget of steps; each test, and `main`, has one to itself.
#[must_use]
pub fn analyse(program: &Program, limits: Limits) -> Vec<Diagnostic> {
    let mut walk = Walk::new(program, limits, None);
    let tests: BTreeSet<FunctionId> = program.tests.iter().map(|test| test.function).collect();
    let mut shared = 0;
    for (function, i) in program.functions.iter().zip(0..) {
        let is_test = tests.contains(&FunctionId(i));
        walk.steps = if is_test { 0 } else { shared };
        let is_main = program.main.as_ref().is_some_and(|main| main.function == FunctionId(i));
        if !is_main && is_closed(function) && walk.analyse_function(FunctionId(i), function).is_err() {
            return walk.diagnostics;
        }
        shared = if is_test { shared } else { walk.steps };
    }
    walk.steps = 0;
    if let Some(main) = &program.main {
        // Whether control comes back does not matter here, and a limit has been reported.
        let _ = walk.analyse_main(main);
    }
    walk.diagnostics
}

/// The circuit of `main`, with its public inputs bound to these values.
///
/// # Errors
/// If public values are missing or do not fit, or if something cannot be proven; [`analyse`] finds the latter for all values at once.
pub fn build(program: &Program, public: &BTreeMap<String, Value>, limits: Limits) -> Result<Built, BuildError> {
    let main = program.main.as_ref().ok_or(BuildError::NoMain)?;
    let values = public_values(program, main, public)?;
    let inputs = input_ports(program, main);
    let n_inputs: u64 = inputs.iter().fold(0, |sum, port| sum.saturating_add(port.shape.width()));
    let span = program.functions[main.function.0 as usize].span;
    if n_inputs > limits.border_bits_max {
        return Err(BuildError::Refused(vec![report::too_many_inputs(span, limits.border_bits_max)]));
    }
    let builder = Builder::new("main", n_inputs as u32).with_nodes_max(limits.nodes_max);
    let mut walk = Walk::new(program, limits, Some(builder));
    let outputs = output_ports(program, main);
    let wires = walk.build_main(main, &values);
    let input_origins = walk.input_origins(main);
    let Walk { builder, diagnostics, origins, blocks, .. } = walk;
    let (Ok(wires), Some(builder), true) = (wires, builder, diagnostics.is_empty()) else {
        return Err(BuildError::Refused(diagnostics));
    };
    let block =
        builder.finish(wires).map_err(|_| BuildError::Refused(vec![report::too_many_gates(span, limits.nodes_max)]))?;
    let parties = program.parties.iter().map(|party| party.name.clone()).collect();
    Ok(Built { circuit: blocks.into_circuit(block, parties, inputs, outputs), origins, input_origins })
}

impl Walk<'_> {
    /// One per input port.
    fn input_origins(&mut self, main: &Main) -> Vec<Origin> {
        let outside = self.origins.enter(main.function, self.program.functions[main.function.0 as usize].span);
        let mut ports = Vec::new();
        for input in &main.inputs {
            let n_ports = match &input.from {
                From::Public => 0,
                From::Party(_) => 1,
                From::Each(parties) => parties.len(),
            };
            ports.extend(std::iter::repeat_n(self.origins.origin(input.span), n_ports));
        }
        self.origins.leave(outside);
        ports
    }

    /// A function on all values of its parameters' types.
    fn analyse_function(&mut self, id: FunctionId, function: &Function) -> Result<(), Stop> {
        let facts = self.facts.mark();
        let params = &function.locals[..function.n_params as usize];
        // Not known, but not secret either: whether arguments are is looked at where they are given.
        let stage = Stage { level: Level::Public, source: 0 };
        let args = params.iter().map(|param| self.input(&param.ty, stage, &mut None)).collect();
        let result = self.call(id, args, function.span);
        self.facts.rollback(facts);
        self.exits.clear();
        match result {
            Err(Stop::Fatal) => Err(Stop::Fatal),
            _ => Ok(()),
        }
    }

    fn analyse_main(&mut self, main: &Main) -> Result<(), Stop> {
        let args = main.inputs.iter().map(|input| {
            let stage = self.input_stage(input);
            self.input(&input.ty, stage, &mut None)
        });
        let args = args.collect();
        self.call_main(main, args).map(drop)
    }

    /// The result of `main`, and whether all that it requires holds.
    fn call_main(&mut self, main: &Main, args: Vec<Abstract>) -> Result<(Abstract, Bit), Stop> {
        self.never.clear();
        (self.env, self.holds_at) = (vec![Some(Abstract::Bool(Bit::known(true)))], 0);
        let result = self.call(main.function, args, self.program.functions[main.function.0 as usize].span);
        let holds = self.holds();
        if holds.known == Some(false) || matches!(result, Err(Stop::Diverged)) {
            self.never_holds();
        }
        Ok((result?, holds))
    }

    /// The wires of all outputs.
    fn build_main(&mut self, main: &Main, values: &[Option<Value>]) -> Result<Vec<id::Wire>, Stop> {
        let wires = self.builder.as_ref().map(Builder::inputs).unwrap_or_default();
        let mut supply: Supply<'_> = Some(wires.iter());
        let mut args = Vec::with_capacity(main.inputs.len());
        for (input, value) in main.inputs.iter().zip(values) {
            let stage = self.input_stage(input);
            args.push(match value {
                Some(value) => self.bound(value, &input.ty, stage),
                None => self.input(&input.ty, stage, &mut supply),
            });
        }
        let function = &self.program.functions[main.function.0 as usize];
        let (result, holds) = self.call_main(main, args)?;
        let mut wires = Vec::new();
        let outside = self.origins.enter(main.function, function.span);
        self.at(function.span);
        match &result {
            Abstract::List(fields) if has_record(main) => {
                for (field, output) in fields.iter().zip(&main.outputs) {
                    self.output(field, &output.ty, &mut wires);
                }
            }
            value => main.outputs.iter().for_each(|output| self.output(value, &output.ty, &mut wires)),
        }
        if let Some(requires) = &main.requires {
            self.mask_outputs(requires, &holds, &mut wires);
        }
        self.origins.leave(outside);
        Ok(wires)
    }

    fn input_stage(&mut self, input: &Input) -> Stage {
        let name = &input.name;
        let party = |id: &crate::hir::PartyId| &self.program.parties[id.0 as usize].name;
        let (level, text) = match &input.from {
            From::Public => (Level::Public, format!("`{name}` is public")),
            From::Party(id) => (Level::Secret, format!("`{name}` comes from {}", party(id))),
            From::Each(ids) => {
                let family = ids.first().map_or("nobody", |id| party(id).split('[').next().unwrap_or_default());
                (Level::Secret, format!("`{name}` comes from each {family}"))
            }
        };
        self.source(level, text, input.span)
    }
}

/// Whether a function can be looked at on its own: all that its parameters hold is declared.
fn is_closed(function: &Function) -> bool {
    let params = &function.locals[..function.n_params as usize];
    function.standalone && params.iter().all(|param| !has_exact(&param.ty))
}

fn has_exact(ty: &Ty) -> bool {
    match ty {
        Ty::Exact => true,
        Ty::Array(element, _) => has_exact(element),
        Ty::Tuple(items) => items.iter().any(has_exact),
        // Fields and payloads are declared.
        Ty::Bool | Ty::Int(_) | Ty::Struct(_) | Ty::Enum(_) | Ty::Never => false,
    }
}

fn has_record(main: &Main) -> bool {
    main.outputs.iter().any(|output| !output.name.is_empty())
}

fn public_values(
    program: &Program,
    main: &Main,
    public: &BTreeMap<String, Value>,
) -> Result<Vec<Option<Value>>, BuildError> {
    let value = |input: &Input| {
        if input.from != From::Public {
            return Ok(None);
        }
        let name = input.name.clone();
        let value = public.get(&name).ok_or(BuildError::MissingPublic(name.clone()))?;
        ty_shape(program, &input.ty).encode(value).map_err(|misfit| BuildError::PublicMisfit { name, misfit })?;
        Ok(Some(value.clone()))
    };
    main.inputs.iter().map(value).collect()
}

/// What parties give and learn, as the circuit of `main` will have it; nothing without a `main`.
#[must_use]
pub fn border(program: &Program) -> Option<(Vec<InputPort>, Vec<OutputPort>)> {
    let main = program.main.as_ref()?;
    Some((input_ports(program, main), output_ports(program, main)))
}

/// One port per input; for a family, one per member.
fn input_ports(program: &Program, main: &Main) -> Vec<InputPort> {
    let mut ports = Vec::new();
    for Input { name, from, ty, .. } in &main.inputs {
        let port = |party: &crate::hir::PartyId, ty: &Ty| InputPort {
            name: name.clone(),
            party: id::PartyId(party.0),
            shape: ty_shape(program, ty),
        };
        match (from, ty) {
            (From::Public, _) => {}
            (From::Party(party), ty) => ports.push(port(party, ty)),
            (From::Each(parties), Ty::Array(element, _)) => {
                ports.extend(parties.iter().map(|party| port(party, element)))
            }
            (From::Each(_), _) => unreachable!("the checker has seen that `from each` gives an array"),
        }
    }
    ports
}

fn output_ports(program: &Program, main: &Main) -> Vec<OutputPort> {
    let port = |Output { name, to, ty, .. }: &Output| OutputPort {
        name: name.clone(),
        recipients: to.iter().map(|party| id::PartyId(party.0)).collect(),
        shape: ty_shape(program, ty),
    };
    let recipients = |requires: &Requires| requires.to.iter().map(|party| id::PartyId(party.0)).collect();
    let requires = main.requires.as_ref().map(|requires| {
        let reasons: Vec<String> = requires.reasons.iter().map(|reason| reason.to_string()).collect();
        requirements::port(recipients(requires), &reasons)
    });
    main.outputs.iter().map(port).chain(requires).collect()
}

impl Ty {
    /// # Panics
    /// If it is not a declared integer type: the checker has seen to that.
    pub(crate) fn declared(&self) -> &IntTy {
        match self {
            Ty::Int(ty) => ty,
            _ => unreachable!("the checker has seen that this is a declared integer type"),
        }
    }

    /// # Panics
    /// If it is not an array that memory can hold: the checker has seen to that.
    pub(crate) fn array_len(&self) -> usize {
        match self {
            Ty::Array(_, len) => usize::try_from(*len).expect("the checker limits the lengths of arrays"),
            _ => unreachable!("the checker has seen that this is an array"),
        }
    }
}

impl Program {
    /// The variants of an enum type.
    ///
    /// # Panics
    /// If it is not an enum: the checker has seen to that.
    pub(crate) fn variants(&self, ty: &Ty) -> &[(String, Ty)] {
        match ty {
            Ty::Enum(id) => &self.enums[id.0 as usize].variants,
            _ => unreachable!("the checker has seen that this is an enum"),
        }
    }

    /// The type of an element or field.
    pub(crate) fn part(&self, ty: &Ty, i: usize) -> Option<Ty> {
        match ty {
            Ty::Array(element, _) => Some((**element).clone()),
            Ty::Tuple(items) => items.get(i).cloned(),
            Ty::Struct(id) => self.structs[id.0 as usize].fields.get(i).map(|(_, ty)| ty.clone()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
