//! Where gates come from: every gate belongs to a place in the source and to the calls that led there.
//!
//! [`Origins`] numbers pairs of a span and a call path while a circuit is built; the numbers are the circuit's
//! [`Origin`]s. [`by_line`] adds up the gates of a finished circuit.

use std::collections::{BTreeMap, HashMap};

use hushgate_circuits::circuit::{Circuit, Node};
use hushgate_circuits::id::Origin;

use crate::hir::FunctionId;
use crate::source::{SourceMap, Span};

/// What the origins of a circuit's gates mean.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    places: Vec<Place>,
    contexts: Vec<Context>,
    numbers: HashMap<(Span, ContextId), Origin>,
    callees: HashMap<(ContextId, FunctionId, Span), ContextId>,
    current: ContextId,
}

/// Position of a call path in [`Origins`]; 0 is "nowhere".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ContextId(u32);

/// What caused a gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The expression.
    pub span: Span,
    /// The function that it stands in, and how control came there.
    pub context: ContextId,
}

/// A function, called from somewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Context {
    /// The function.
    pub function: FunctionId,
    /// Who called it; nobody for `main`.
    pub caller: ContextId,
    /// The call.
    pub span: Span,
}

/// Gates of one line in one function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineCost {
    /// The file's name; empty for gates of unknown origin.
    pub file: String,
    /// The line, counted from 1; 0 for gates of unknown origin.
    pub line: u32,
    /// The function that the line belongs to.
    pub function: Option<FunctionId>,
    /// AND gates executed.
    pub and_gates: u64,
}

impl Origins {
    /// The number of a place in the function that is being compiled.
    pub(crate) fn origin(&mut self, span: Span) -> Origin {
        let (places, context) = (&mut self.places, self.current);
        *self.numbers.entry((span, context)).or_insert_with(|| {
            places.push(Place { span, context });
            Origin(u32::try_from(places.len()).unwrap_or(0))
        })
    }

    /// Goes into a call; returns where to come back to.
    pub(crate) fn enter(&mut self, function: FunctionId, span: Span) -> ContextId {
        let (contexts, caller) = (&mut self.contexts, self.current);
        self.current = *self.callees.entry((caller, function, span)).or_insert_with(|| {
            contexts.push(Context { function, caller, span });
            ContextId(u32::try_from(contexts.len()).unwrap_or(0))
        });
        caller
    }

    pub(crate) fn leave(&mut self, caller: ContextId) {
        self.current = caller;
    }

    /// The function that is being compiled.
    pub(crate) fn function(&self) -> Option<FunctionId> {
        self.context(self.current).map(|context| context.function)
    }

    /// What an origin means; nothing for 0 and for numbers of other circuits.
    #[must_use]
    pub fn place(&self, origin: Origin) -> Option<&Place> {
        self.places.get((origin.0 as usize).checked_sub(1)?)
    }

    /// The call that a context stands for.
    #[must_use]
    pub fn context(&self, id: ContextId) -> Option<&Context> {
        self.contexts.get((id.0 as usize).checked_sub(1)?)
    }

    /// The functions from `main` to the one that holds the place.
    #[must_use]
    pub fn path(&self, place: &Place) -> Vec<FunctionId> {
        let mut path = Vec::new();
        let mut at = self.context(place.context);
        while let Some(context) = at {
            path.push(context.function);
            at = self.context(context.caller);
        }
        path.reverse();
        path
    }
}

/// AND gates executed, by origin, in ascending order of origins; they sum up to all of the circuit's.
#[must_use]
pub fn ands_by_origin(circuit: &Circuit) -> BTreeMap<Origin, u64> {
    let mut runs = vec![0u64; circuit.blocks.len()];
    if let Some(main) = runs.last_mut() {
        *main = 1;
    }
    let mut ands = BTreeMap::new();
    for (i, block) in circuit.blocks.iter().enumerate().rev() {
        let n_runs: u64 = runs[i];
        for call in &block.calls {
            let callee = &mut runs[call.callee.0 as usize];
            *callee = callee.saturating_add(n_runs.saturating_mul(call.count));
        }
        for (node, origin) in block.nodes.iter().zip(&block.origins) {
            if matches!(node, Node::And(..)) {
                let sum: &mut u64 = ands.entry(*origin).or_default();
                *sum = sum.saturating_add(n_runs);
            }
        }
    }
    ands
}

/// AND gates executed, by file, line and function, in that order.
#[must_use]
pub fn by_line(circuit: &Circuit, origins: &Origins, sources: &SourceMap) -> Vec<LineCost> {
    sum_by_line(ands_by_origin(circuit), origins, sources)
}

/// Gates by file, line and function, in that order, from gates by origin.
#[must_use]
pub fn sum_by_line(
    ands: impl IntoIterator<Item = (Origin, u64)>,
    origins: &Origins,
    sources: &SourceMap,
) -> Vec<LineCost> {
    let mut lines: BTreeMap<(u32, u32, Option<FunctionId>), u64> = BTreeMap::new();
    for (origin, ands) in ands {
        let key = origins.place(origin).map_or((u32::MAX, 0, None), |place| {
            let function = origins.context(place.context).map(|context| context.function);
            (place.span.file.0, sources.position(place.span).line, function)
        });
        *lines.entry(key).or_default() += ands;
    }
    let name = |file| sources.find(crate::source::FileId(file)).map(|file| file.name().to_owned()).unwrap_or_default();
    let lines = lines.into_iter();
    lines.map(|((file, line, function), and_gates)| LineCost { file: name(file), line, function, and_gates }).collect()
}
