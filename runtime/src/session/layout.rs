//! Whose bits stand where in a plan's inputs and outputs, for two given parties.
//!
//! In a plan for one garbler main's inputs are the garbler's bits, then what the evaluator enters.

use hushgate_circuits::circuit::{InputPort, OutputPort};
use hushgate_circuits::id::PartyId;
use hushgate_circuits::plan::Plan;

use super::{Misuse, Role};
use crate::block::Label;
use crate::ot::Labels;

/// The bits of `main`'s inputs and outputs by owner and recipient.
#[derive(Debug)]
pub(super) struct Layout {
    inputs: Vec<(Role, usize)>,
    outputs: Vec<Recipients>,
    /// Bits that the evaluator enters in place of its inputs, in a plan for one garbler.
    n_entered: Option<usize>,
}

/// Who learns an output port.
#[derive(Clone, Copy, Debug)]
struct Recipients {
    garbler: bool,
    evaluator: bool,
    width: usize,
}

impl Layout {
    /// The layout when these two run the plan and nobody else has inputs or outputs.
    pub(super) fn new(plan: &Plan, garbler: PartyId, evaluator: PartyId) -> Result<Layout, Misuse> {
        let name = |party: PartyId| plan.parties[party.0 as usize].clone();
        let role = |party: PartyId, port: &str| match party {
            party if party == garbler => Ok(Role::Garbler),
            party if party == evaluator => Ok(Role::Evaluator),
            party => Err(Misuse::ThirdParty {
                party: name(party),
                port: port.to_owned(),
                garbler: name(garbler),
                evaluator: name(evaluator),
            }),
        };
        let input = |port: &InputPort| Ok((role(port.party, &port.name)?, width(&port.shape)));
        let output = |port: &OutputPort| {
            let mut recipients = Recipients { garbler: false, evaluator: false, width: width(&port.shape) };
            for &party in &port.recipients {
                match role(party, &port.name)? {
                    Role::Garbler => recipients.garbler = true,
                    Role::Evaluator => recipients.evaluator = true,
                }
            }
            Ok(recipients)
        };
        Ok(Layout {
            inputs: plan.inputs.iter().map(input).collect::<Result<_, Misuse>>()?,
            outputs: plan.outputs.iter().map(output).collect::<Result<_, Misuse>>()?,
            n_entered: plan.local.as_ref().map(|local| local.n_entered() as usize),
        })
    }

    /// How many input bits this party gives.
    pub(super) fn n_inputs(&self, owner: Role) -> usize {
        self.inputs.iter().filter(|(role, _)| *role == owner).map(|(_, width)| width).sum()
    }

    /// How many labels the evaluator gets by oblivious transfer.
    pub(super) fn n_transfers(&self) -> usize {
        self.n_entered.unwrap_or_else(|| self.n_inputs(Role::Evaluator))
    }

    /// How many output bits this party learns.
    pub(super) fn n_outputs(&self, recipient: Role) -> usize {
        self.outputs.iter().filter(|port| port.is_for(recipient)).map(|port| port.width).sum()
    }

    /// The labels of main's inputs, from those of the two parties.
    ///
    /// # Panics
    /// If there are not as many as [`Layout::n_inputs`] and [`Layout::n_transfers`] say.
    pub(super) fn merge_inputs(&self, garbler: &[Label], evaluator: &[Label]) -> Labels {
        if self.n_entered.is_some() {
            assert_eq!((garbler.len(), evaluator.len()), (self.n_inputs(Role::Garbler), self.n_transfers()));
            return Labels::new([garbler, evaluator].concat());
        }
        let (mut garbler, mut evaluator) = (garbler, evaluator);
        let mut labels = Labels::new(Vec::with_capacity(garbler.len() + evaluator.len()));
        for &(owner, width) in &self.inputs {
            let source = if owner == Role::Garbler { &mut garbler } else { &mut evaluator };
            labels.extend_from_slice(source.split_off(..width).expect("each party has labels for all of its inputs"));
        }
        labels
    }

    /// The labels of the outputs that this party learns, from those of all outputs.
    pub(super) fn outputs_for(&self, recipient: Role, labels: &[Label]) -> Labels {
        let mut labels = labels;
        let mut opened = Labels::new(Vec::with_capacity(self.n_outputs(recipient)));
        for port in &self.outputs {
            let of_port = labels.split_off(..port.width).expect("each output has a label");
            if port.is_for(recipient) {
                opened.extend_from_slice(of_port);
            }
        }
        opened
    }

    /// The bits of each port, from those of [`Layout::outputs_for`].
    pub(super) fn split_outputs(&self, recipient: Role, bits: &[bool]) -> Vec<Option<Vec<bool>>> {
        let mut bits = bits;
        let mut take = |width| bits.split_off(..width).expect("each opened output has a bit").to_vec();
        self.outputs.iter().map(|port| port.is_for(recipient).then(|| take(port.width))).collect()
    }
}

impl Recipients {
    const fn is_for(self, recipient: Role) -> bool {
        match recipient {
            Role::Garbler => self.garbler,
            Role::Evaluator => self.evaluator,
        }
    }
}

/// How many input bits a party gives.
pub(super) fn bits_of_party(plan: &Plan, party: PartyId) -> usize {
    plan.inputs.iter().filter(|port| port.party == party).map(|port| width(&port.shape)).sum()
}

fn width(shape: &hushgate_circuits::shape::Shape) -> usize {
    usize::try_from(shape.width()).expect("the bits of a valid plan's ports fit 32 bits")
}
