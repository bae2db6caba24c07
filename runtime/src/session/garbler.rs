//! The garbler's side of a run.

use rand::CryptoRng;

use super::error::StepError;
use super::inputs::{PublicLabels, SEED_BYTES};
use super::transfer::{SenderOts, Supply, bound};
use super::{Counters, Phase, Role, Run, outputs, tables};
use crate::block::{Block, Delta};
use crate::channel::{FrameReceiver, FrameSender, Link};
use crate::garble::output::{DecodeBits, OutputDigests};
use crate::garble::{Garbler, known};
use crate::ot::Labels;
use crate::ot::base::BaseDraft;
use crate::wire::FrameKind;

/// What the garbler keeps from run to run.
pub(super) struct State {
    delta: Delta,
    ots: SenderOts,
    counters: Counters,
}

impl State {
    pub(super) fn new(supply: Supply, draft: Option<BaseDraft>, rng: &mut impl CryptoRng) -> State {
        let delta = Delta::random(rng);
        State { ots: SenderOts::new(supply, &delta, draft), delta, counters: Counters::default() }
    }
}

#[cfg(test)]
impl State {
    /// The numbers that the next run begins with.
    pub(super) fn counters(&self) -> Counters {
        self.counters
    }

    pub(super) fn delta(&self) -> &Delta {
        &self.delta
    }
}

/// All inputs have labels.
struct Labelled {
    state: State,
    s: Block,
    constant: Block,
    zero_labels: Labels,
}

/// All tables have been sent.
struct Garbled {
    state: State,
    s: Block,
    zero_labels: Labels,
}

/// Runs the plan; the bits that the garbler learns.
pub(super) async fn run(
    run: &Run<'_>,
    link: &mut Link,
    state: State,
    inputs: &[bool],
    rng: &mut (impl CryptoRng + Send),
) -> Result<(State, Vec<bool>), StepError> {
    let labelled = give_labels(run, link, state, inputs, rng).await?;
    // Listening while sending: a peer that gives up is heard at once.
    let (sender, receiver) = (&link.sender, &mut link.receiver);
    let (garbled, results) = tokio::try_join!(garble(run, sender, labelled), receive_results(run, receiver))?;
    let bits = open(run, &garbled, &results)?;
    Ok((State { counters: run.after(garbled.state.counters), ..garbled.state }, bits))
}

async fn give_labels(
    run: &Run<'_>,
    link: &mut Link,
    state: State,
    inputs: &[bool],
    rng: &mut (impl CryptoRng + Send),
) -> Result<Labelled, StepError> {
    run.clock.enter(Phase::Inputs);
    let State { delta, ots, counters } = state;
    let (ots, theirs, flow) = ots.labels(link, run.layout.n_transfers(), rng).await?;
    let mut seed = [0; SEED_BYTES];
    rng.fill_bytes(&mut seed);
    link.sender.send_message(FrameKind::Seed, &seed).await?;
    let public = PublicLabels::new(&bound(&run.id, &flow), &seed, inputs.len());
    let zero_labels = match run.plan.local {
        Some(_) => {
            run.layout.merge_inputs(&known::zeros_of_garbler(&delta, inputs), &known::zeros_of_evaluator(theirs))
        }
        None => run.layout.merge_inputs(&public.zero_labels(&delta, inputs), &theirs),
    };
    Ok(Labelled { state: State { delta, ots, counters }, s: public.s, constant: public.constant, zero_labels })
}

async fn garble(run: &Run<'_>, sender: &FrameSender, labelled: Labelled) -> Result<Garbled, StepError> {
    run.clock.enter(Phase::Tables);
    let Labelled { state, s, constant, zero_labels } = labelled;
    let garbler = Garbler::new(run.kernel, &state.delta, s, constant, state.counters.next_gate);
    let garbler = garbler.on(run.threads);
    let zero_labels = tables::garble(garbler, run.plan, zero_labels, sender).await?;
    run.clock.enter(Phase::Outputs);
    let theirs = run.layout.outputs_for(Role::Evaluator, &zero_labels);
    let digests = OutputDigests::new(run.output_context(s, state.counters.next_output), &state.delta, &theirs);
    let decoding = [DecodeBits::of(&theirs).packed().bytes(), &digests.to_bytes()].concat();
    sender.send_message(FrameKind::Decoding, &decoding).await?;
    Ok(Garbled { state, s, zero_labels })
}

async fn receive_results(run: &Run<'_>, receiver: &mut FrameReceiver) -> Result<Vec<u8>, StepError> {
    let n = run.layout.n_outputs(Role::Garbler);
    Ok(receiver.receive_message(FrameKind::Results, outputs::results_bytes(n)).await?)
}

fn open(run: &Run<'_>, garbled: &Garbled, results: &[u8]) -> Result<Vec<bool>, StepError> {
    let Garbled { state, s, zero_labels } = garbled;
    let ours = run.layout.outputs_for(Role::Garbler, zero_labels);
    let (permute, proof) =
        outputs::decode_results(results, ours.len()).map_err(StepError::payload(FrameKind::Results))?;
    let context = run.output_context(*s, state.counters.next_output);
    Ok(proof.open(context, &state.delta, &permute, &ours)?)
}
