//! The garbler's side of a session, after the handshake.

use rand::CryptoRng;

use super::error::StepError;
use super::inputs::{PublicLabels, SEED_BYTES};
use super::{Phase, Role, Run, outputs, tables, transfer};
use crate::block::{Block, Delta};
use crate::channel::{FrameReceiver, FrameSender, Link};
use crate::garble::Garbler;
use crate::garble::output::{DecodeBits, OutputDigests};
use crate::ot::Labels;
use crate::wire::FrameKind;

/// All inputs have labels.
struct Labelled {
    delta: Delta,
    s: Block,
    constant: Block,
    zero_labels: Labels,
}

/// All tables have been sent.
struct Garbled {
    delta: Delta,
    s: Block,
    zero_labels: Labels,
}

/// Runs the session; the bits that the garbler learns.
pub(super) async fn run(
    run: &Run<'_>,
    link: &mut Link,
    inputs: &[bool],
    rng: &mut (impl CryptoRng + Send),
) -> Result<Vec<bool>, StepError> {
    let labelled = give_labels(run, link, inputs, rng).await?;
    // Listening while sending: a peer that gives up is heard at once.
    let (sender, receiver) = (&link.sender, &mut link.receiver);
    let (garbled, results) = tokio::try_join!(garble(run, sender, labelled), receive_results(run, receiver))?;
    open(run, garbled, &results)
}

async fn give_labels(
    run: &Run<'_>,
    link: &mut Link,
    inputs: &[bool],
    rng: &mut (impl CryptoRng + Send),
) -> Result<Labelled, StepError> {
    run.clock.enter(Phase::Inputs);
    let delta = Delta::random(rng);
    let mut seed = [0; SEED_BYTES];
    rng.fill_bytes(&mut seed);
    let n_theirs = run.layout.n_inputs(Role::Evaluator);
    let theirs = transfer::send(link, &run.terms.session, &delta, n_theirs, rng).await?;
    link.sender.send_message(FrameKind::Seed, &seed).await?;
    let public = PublicLabels::new(&run.terms.session, &seed, inputs.len());
    let zero_labels = run.layout.merge_inputs(&public.zero_labels(&delta, inputs), &theirs);
    Ok(Labelled { delta, s: public.s, constant: public.constant, zero_labels })
}

async fn garble(run: &Run<'_>, sender: &FrameSender, labelled: Labelled) -> Result<Garbled, StepError> {
    run.clock.enter(Phase::Tables);
    let Labelled { delta, s, constant, zero_labels } = labelled;
    let garbler = Garbler::new(run.kernel, &delta, s, constant, 0);
    let zero_labels = tables::garble(garbler, run.plan, zero_labels, sender).await?;
    run.clock.enter(Phase::Outputs);
    let theirs = run.layout.outputs_for(Role::Evaluator, &zero_labels);
    let digests = OutputDigests::new(run.output_context(s), &delta, &theirs);
    let decoding = [DecodeBits::of(&theirs).packed().bytes(), &digests.to_bytes()].concat();
    sender.send_message(FrameKind::Decoding, &decoding).await?;
    Ok(Garbled { delta, s, zero_labels })
}

async fn receive_results(run: &Run<'_>, receiver: &mut FrameReceiver) -> Result<Vec<u8>, StepError> {
    let n = run.layout.n_outputs(Role::Garbler);
    Ok(receiver.receive_message(FrameKind::Results, outputs::results_bytes(n)).await?)
}

fn open(run: &Run<'_>, garbled: Garbled, results: &[u8]) -> Result<Vec<bool>, StepError> {
    let Garbled { delta, s, zero_labels } = garbled;
    let ours = run.layout.outputs_for(Role::Garbler, &zero_labels);
    let (permute, proof) =
        outputs::decode_results(results, ours.len()).map_err(StepError::payload(FrameKind::Results))?;
    Ok(proof.open(run.output_context(s), &delta, &permute, &ours)?)
}
