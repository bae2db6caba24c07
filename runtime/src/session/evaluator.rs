//! The evaluator's side of a run.

use hushgate_circuits::plan::run_own;
use rand::CryptoRng;

use super::error::StepError;
use super::inputs::{PublicLabels, SEED_BYTES};
use super::transfer::{ReceiverOts, Supply, bound};
use super::{Counters, Phase, Role, Run, outputs, tables};
use crate::block::Block;
use crate::channel::Link;
use crate::garble::output::{OutputProof, PermuteBits};
use crate::garble::{Evaluator, known};
use crate::ot::Labels;
use crate::ot::base::BaseDraft;
use crate::wire::{Decoder, FrameKind, Length};

/// What the evaluator keeps from run to run.
pub(super) struct State {
    ots: ReceiverOts,
    counters: Counters,
}

impl State {
    pub(super) fn new(supply: Supply, draft: Option<BaseDraft>) -> State {
        State { ots: ReceiverOts::new(supply, draft), counters: Counters::default() }
    }
}

#[cfg(test)]
impl State {
    /// The numbers that the next run begins with.
    pub(super) fn counters(&self) -> Counters {
        self.counters
    }
}

/// All inputs have labels.
struct Labelled {
    state: State,
    s: Block,
    constant: Block,
    active_labels: Labels,
}

/// All tables have been evaluated.
struct Evaluated {
    state: State,
    s: Block,
    active_labels: Labels,
}

/// Runs the plan; the bits that the evaluator learns.
pub(super) async fn run(
    run: &Run<'_>,
    link: &mut Link,
    state: State,
    inputs: &[bool],
    rng: &mut (impl CryptoRng + Send),
) -> Result<(State, Vec<bool>), StepError> {
    let labelled = take_labels(run, link, state, inputs, rng).await?;
    let evaluated = evaluate(run, link, labelled).await?;
    let bits = open(run, link, &evaluated).await?;
    Ok((State { counters: run.after(evaluated.state.counters), ..evaluated.state }, bits))
}

async fn take_labels(
    run: &Run<'_>,
    link: &mut Link,
    state: State,
    inputs: &[bool],
    rng: &mut (impl CryptoRng + Send),
) -> Result<Labelled, StepError> {
    run.clock.enter(Phase::Inputs);
    let State { ots, counters } = state;
    let entered = run.plan.local.as_ref().map(|local| run_own(local, inputs));
    let entered = entered.as_ref().map_or(inputs, |bits| &bits[..]);
    let (ots, ours, flow) = ots.labels(link, entered, rng).await?;
    let mut message = Vec::new();
    link.receiver.receive(FrameKind::Seed, Length::Exactly(SEED_BYTES), &mut message).await?;
    let seed = Decoder::new(&message).array().map_err(StepError::payload(FrameKind::Seed))?;
    let public = PublicLabels::new(&bound(&run.id, &flow), &seed, run.layout.n_inputs(Role::Garbler));
    let active_labels = match run.plan.local {
        Some(_) => {
            let theirs = known::actives_of_garbler(run.layout.n_inputs(Role::Garbler));
            run.layout.merge_inputs(&theirs, &known::actives_of_evaluator(ours, entered))
        }
        None => run.layout.merge_inputs(&public.inputs, &ours),
    };
    Ok(Labelled { state: State { ots, counters }, s: public.s, constant: public.constant, active_labels })
}

async fn evaluate(run: &Run<'_>, link: &mut Link, labelled: Labelled) -> Result<Evaluated, StepError> {
    run.clock.enter(Phase::Tables);
    let Labelled { state, s, constant, active_labels } = labelled;
    let evaluator = Evaluator::new(run.kernel, s, constant, state.counters.next_gate);
    let evaluator = evaluator.on(run.threads);
    let active_labels = tables::evaluate(evaluator, run.plan, active_labels, &mut link.receiver).await?;
    Ok(Evaluated { state, s, active_labels })
}

/// Opens our outputs first: a garbler that cheated with them gets no answer.
async fn open(run: &Run<'_>, link: &mut Link, evaluated: &Evaluated) -> Result<Vec<bool>, StepError> {
    run.clock.enter(Phase::Outputs);
    let Evaluated { state, s, active_labels } = evaluated;
    let context = run.output_context(*s, state.counters.next_output);
    let ours = run.layout.outputs_for(Role::Evaluator, active_labels);
    let message = link.receiver.receive_message(FrameKind::Decoding, outputs::decoding_bytes(ours.len())).await?;
    let (decode, digests) =
        outputs::decode_decoding(&message, ours.len()).map_err(StepError::payload(FrameKind::Decoding))?;
    let bits = digests.open(context, &decode, &ours)?;
    let theirs = run.layout.outputs_for(Role::Garbler, active_labels);
    let proof = OutputProof::new(context, &theirs);
    let results = [PermuteBits::of(&theirs).packed().bytes(), &proof.to_bytes()].concat();
    link.sender.send_message(FrameKind::Results, &results).await?;
    Ok(bits)
}
