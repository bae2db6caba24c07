//! Random circuits for tests: hierarchies with calls and repeats, every kind of argument and output.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::circuit::{Block, Call, Circuit, InputPort, Node, OutputPort};
use crate::id::{BlockId, NodeId, Origin, PartyId, Wire};
use crate::shape::Shape;

/// How large random circuits get.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) n_blocks: usize,
    pub(crate) n_nodes: usize,
}

/// A circuit that keeps every invariant, the same for the same seed.
pub(crate) fn circuit(seed: u64, size: Size) -> Circuit {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut blocks = Vec::new();
    for _ in 0..rng.random_range(1..=size.n_blocks) {
        let block = random_block(&mut rng, &blocks, size.n_nodes);
        blocks.push(block);
    }
    let main = blocks.last().unwrap();
    let (n_inputs, n_outputs) = (main.n_inputs, main.outputs.len() as u32);
    let input = |name: &str, party, width| InputPort { name: name.into(), party, shape: Shape::unsigned(width) };
    let output = OutputPort {
        name: "out".into(),
        recipients: vec![PartyId(0), PartyId(1)],
        shape: Shape::Array { element: Box::new(Shape::Bool), len: n_outputs.into() },
    };
    Circuit {
        parties: vec!["alice".into(), "bob".into()],
        inputs: vec![input("a", PartyId(0), n_inputs / 2), input("b", PartyId(1), n_inputs - n_inputs / 2)],
        outputs: vec![output],
        blocks,
    }
}

/// As many random bits as main has inputs.
pub(crate) fn inputs(circuit: &Circuit, rng: &mut impl Rng) -> Vec<bool> {
    (0..circuit.main().n_inputs).map(|_| rng.random()).collect()
}

fn random_block(rng: &mut impl Rng, callees: &[Block], n_nodes: usize) -> Block {
    let n_inputs = rng.random_range(0..12u32);
    let mut block = Block { n_inputs, nodes: vec![Node::False], ..Block::default() };
    block.nodes.extend((0..n_inputs).map(|_| Node::Input));
    let n_gates = rng.random_range(0..=n_nodes);
    while block.nodes.len() < n_gates {
        let dice = rng.random_range(0..100);
        if dice < 5 && !callees.is_empty() && block.calls.len() < 6 {
            push_call(rng, &mut block, callees);
        } else if block.nodes.len() > 2 {
            push_gate(rng, &mut block, dice < 50);
        } else {
            break;
        }
    }
    block.outputs = (0..rng.random_range(0..12)).map(|_| any_wire(rng, &block)).collect();
    block.origins = (0..block.nodes.len()).map(|_| Origin(rng.random_range(0..5))).collect();
    block
}

/// A wire of any node, recent ones more often; sometimes a constant.
fn any_wire(rng: &mut impl Rng, block: &Block) -> Wire {
    let n_nodes = block.nodes.len();
    let first = if rng.random() { n_nodes.saturating_sub(20) } else { 0 };
    Wire::new(NodeId(rng.random_range(first..n_nodes) as u32), rng.random())
}

fn push_gate(rng: &mut impl Rng, block: &mut Block, is_and: bool) {
    let (a, b) = (any_wire(rng, block), any_wire(rng, block));
    let (a, b) = if a.node() < b.node() { (a, b) } else { (b, a) };
    if a.as_constant().is_some() || a.node() == b.node() {
        return;
    }
    let plain = |wire: Wire| Wire::new(wire.node(), false);
    block.nodes.push(if is_and { Node::And(a, b) } else { Node::Xor(plain(a), plain(b)) });
}

fn push_call(rng: &mut impl Rng, block: &mut Block, callees: &[Block]) {
    let id = rng.random_range(0..callees.len());
    let callee = &callees[id];
    let n_outputs = callee.outputs.len() as u32;
    let n_state = rng.random_range(0..=callee.n_inputs.min(n_outputs));
    let n_shared = rng.random_range(0..=callee.n_inputs - n_state);
    let count = rng.random_range(1..=4u32);
    let n_args = n_state + n_shared + count * (callee.n_inputs - n_state - n_shared);
    let n_results = n_state + count * (n_outputs - n_state);
    if n_results == 0 {
        return;
    }
    let args = (0..n_args).map(|_| any_wire(rng, block)).collect();
    let first_result = NodeId(block.nodes.len() as u32);
    let call = block.calls.len() as u32;
    block.nodes.extend((0..n_results).map(|index| Node::Result { call, index }));
    let callee = BlockId(id as u32);
    block.calls.push(Call { callee, count: count.into(), n_state, n_shared, args, first_result, n_results });
}
