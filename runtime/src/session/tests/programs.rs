//! Small programs for two parties.

use std::sync::Arc;

use hushgate_circuits::build::{Blocks, Builder, CallSpec};
use hushgate_circuits::circuit::{Circuit, InputPort, OutputPort};
use hushgate_circuits::evaluate::evaluate_bits;
use hushgate_circuits::id::{PartyId, Wire};
use hushgate_circuits::local::split;
use hushgate_circuits::schedule::{schedule, schedule_split};
use hushgate_circuits::shape::Shape;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

use crate::session::{SealedPlan, transfer_bytes};

/// A circuit and its plan; parties 0 (alice) and 1 (bob).
#[derive(Clone)]
pub(super) struct Program {
    pub(super) plan: SealedPlan,
    circuit: Arc<Circuit>,
}

impl Program {
    fn new(builder: Builder, inputs: &[(u32, u32)], outputs: Vec<(Vec<u32>, Vec<Wire>)>) -> Program {
        Program::with_blocks(Blocks::new(), builder, inputs, outputs)
    }

    fn with_blocks(
        blocks: Blocks,
        builder: Builder,
        inputs: &[(u32, u32)],
        outputs: Vec<(Vec<u32>, Vec<Wire>)>,
    ) -> Program {
        let input = |(i, &(party, width)): (usize, &(u32, u32))| InputPort {
            name: format!("in{i}"),
            party: PartyId(party),
            shape: Shape::unsigned(width),
        };
        let output = |(i, (recipients, wires)): (usize, &(Vec<u32>, Vec<Wire>))| OutputPort {
            name: format!("out{i}"),
            recipients: recipients.iter().copied().map(PartyId).collect(),
            shape: Shape::unsigned(wires.len() as u32),
        };
        let inputs = inputs.iter().enumerate().map(input).collect();
        let ports = outputs.iter().enumerate().map(output).collect();
        let wires = outputs.into_iter().flat_map(|(_, wires)| wires).collect();
        let main = builder.finish(wires).expect("small enough");
        let circuit = blocks.into_circuit(main, vec!["alice".into(), "bob".into()], inputs, ports);
        let plan = SealedPlan::new(schedule(&circuit)).expect("schedules are valid");
        Program { plan, circuit: Arc::new(circuit) }
    }

    /// The same with what the parties can compute by themselves taken out, for this garbler.
    pub(super) fn for_garbler(self, garbler: u32) -> Program {
        let split = split(&self.circuit, PartyId(garbler), &transfer_bytes).expect("small enough");
        Program { plan: SealedPlan::new(schedule_split(&split)).expect("schedules are valid"), ..self }
    }

    /// A circuit in which each party knows much: products of alice's and bob's bits, and of products of their own, to both.
    pub(super) fn products(width: u32) -> Program {
        let mut builder = Builder::new("main", 2 * width);
        let inputs = builder.inputs();
        let (alice, bob) = inputs.split_at(width as usize);
        let mut own =
            |bits: &[Wire]| -> Vec<Wire> { bits.windows(2).map(|pair| builder.and(pair[0], !pair[1])).collect() };
        let (of_alice, of_bob) = (own(alice), own(bob));
        let mut results = Vec::new();
        for (i, (&a, &b)) in of_alice.iter().zip(&of_bob).enumerate() {
            let product = builder.and(!a, b);
            let secret = builder.xor(product, inputs[i]);
            let next = builder.and(secret, product);
            results.extend([product, !secret, builder.and(next, !b), builder.and(next, a), a, !b]);
        }
        Program::new(builder, &[(0, width), (1, width)], vec![(vec![0, 1], results)])
    }

    /// Whether alice's number is smaller than bob's, to both; bob learns alice's lowest bit, a constant, and both twice.
    pub(super) fn millionaires(width: u32) -> Program {
        let mut builder = Builder::new("main", 2 * width);
        let mut less = Wire::FALSE;
        for i in 0..width {
            let (a, b) = (builder.input(i), builder.input(width + i));
            let (x, y) = (builder.xor(a, less), builder.xor(b, less));
            let both = builder.and(!x, y);
            less = builder.xor(less, both);
        }
        let low = builder.input(0);
        let outputs =
            vec![(vec![0, 1], vec![less]), (vec![1], vec![low, !low, Wire::TRUE, low]), (vec![0], vec![!less])];
        Program::new(builder, &[(0, width), (1, width)], outputs)
    }

    /// A circuit of exactly `n_ands` ANDs in eight chains that depend on both parties' inputs.
    pub(super) fn chains(n_ands: u32) -> Program {
        let mut builder = Builder::new("main", 16);
        let mut chains: Vec<Wire> = (0..8).map(|i| builder.input(i)).collect();
        let mut previous = builder.input(15);
        for i in 0..n_ands as usize {
            let operand = builder.xor(previous, builder.input(8 + (i / 8 % 8) as u32));
            let other = builder.xor(chains[i % 8], previous);
            let next = builder.and(other, !operand);
            previous = chains[i % 8];
            chains[i % 8] = builder.xor(next, operand);
        }
        let program = Program::new(builder, &[(0, 8), (1, 8)], vec![(vec![0, 1], chains)]);
        assert_eq!(program.plan.n_ands(), u64::from(n_ands), "no gate was folded or dropped");
        program
    }

    /// A block of more than a thousand ANDs on `n` bits of alice's, one after the other with all of bob's: iterations that do not wait for each other.
    pub(super) fn iterations(n: u32) -> Program {
        let mut body = Builder::new("body", 9);
        let bits = body.inputs();
        let mut last = bits[8];
        for i in 0..1025 {
            let sum = body.xor(last, bits[i % 8]);
            let product = body.and(sum, !bits[(i + 1 + i / 8) % 9]);
            last = body.xor(product, bits[(i + 3) % 8]);
        }
        let mut blocks = Blocks::new();
        let callee = blocks.add(body.finish(vec![last]).expect("small enough"));
        let mut main = Builder::new("main", n + 8);
        let inputs = main.inputs();
        let (alice, bob) = inputs.split_at(n as usize);
        let spec = CallSpec { callee, count: n.into(), n_state: 0, n_shared: 8 };
        let results = main.call(&blocks, spec, [bob, alice].concat()).expect("small enough");
        Program::with_blocks(blocks, main, &[(0, n), (1, 8)], vec![(vec![0, 1], results)])
    }

    /// The parity of bob's bits to both, and to alice also its conjunction with her only bit.
    pub(super) fn parity(n: u32) -> Program {
        let mut builder = Builder::new("main", 1 + n);
        let mut parity = Wire::FALSE;
        for i in 0..n {
            parity = builder.xor(parity, builder.input(1 + i));
        }
        let both = builder.and(parity, builder.input(0));
        Program::new(builder, &[(0, 1), (1, n)], vec![(vec![0, 1], vec![parity]), (vec![0], vec![both])])
    }

    /// Some gates over a few inputs of either party, every kind of output, to anybody or nobody.
    pub(super) fn random(seed: u64) -> Program {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let inputs: Vec<(u32, u32)> =
            (0..rng.random_range(0..5)).map(|_| (rng.random_range(0..2), rng.random_range(0..5))).collect();
        let mut builder = Builder::new("main", inputs.iter().map(|(_, width)| width).sum());
        let mut wires = [builder.inputs(), vec![Wire::FALSE]].concat();
        for _ in 0..rng.random_range(0..60) {
            let (a, b) = (any(&mut rng, &wires), any(&mut rng, &wires));
            wires.push(if rng.random() { builder.and(a, b) } else { builder.xor(a, b) });
        }
        let outputs = (0..rng.random_range(0..5)).map(|_| {
            let recipients = (0..2).filter(|_| rng.random_bool(0.7)).collect();
            (recipients, (0..rng.random_range(0..12)).map(|_| any(&mut rng, &wires)).collect())
        });
        let outputs = outputs.collect();
        Program::new(builder, &inputs, outputs)
    }

    /// The bits of all inputs that belong to a party.
    pub(super) fn inputs_of(&self, party: u32, bits: &[bool]) -> Vec<bool> {
        let mut bits = bits.iter();
        let ports = self.plan.inputs.iter().map(|port| {
            let of_port: Vec<bool> = bits.by_ref().take(port.shape.width() as usize).copied().collect();
            if port.party == PartyId(party) { of_port } else { Vec::new() }
        });
        ports.collect::<Vec<_>>().concat()
    }

    /// What the party learns, computed in the clear.
    pub(super) fn outputs_of(&self, party: u32, bits: &[bool]) -> Vec<Option<Vec<bool>>> {
        let mut outputs = evaluate_bits(&self.circuit, bits).into_iter();
        let ports = self.plan.outputs.iter().map(|port| {
            let of_port: Vec<bool> = outputs.by_ref().take(port.shape.width() as usize).collect();
            port.recipients.contains(&PartyId(party)).then_some(of_port)
        });
        ports.collect()
    }
}

fn any(rng: &mut impl Rng, wires: &[Wire]) -> Wire {
    wires[rng.random_range(0..wires.len())] ^ rng.random::<bool>()
}
