use super::*;
use crate::build::{Blocks, Builder, CallSpec};

/// Two parties, a repeated call and gates of both kinds; valid.
fn sample() -> Circuit {
    let mut blocks = Blocks::new();
    let mut body = Builder::new("body", 2);
    let [state, each] = [body.input(0), body.input(1)];
    let both = body.and(state, each);
    let next = body.xor(both, each);
    let body = blocks.add(body.finish(vec![next, both]).unwrap());
    let mut main = Builder::new("main", 3);
    let [x, y, z] = [0, 1, 2].map(|i| main.input(i));
    let spec = CallSpec { callee: body, count: 2, n_state: 1, n_shared: 0 };
    let results = main.call(&blocks, spec, vec![x, y, z]).unwrap();
    let last = main.and(results[0], !results[1]);
    let parity = main.xor(last, results[2]);
    let main = main.finish(vec![parity, Wire::TRUE]).unwrap();
    let bit = |name: &str, party| InputPort { name: name.into(), party: PartyId(party), shape: Shape::Bool };
    let inputs = vec![bit("x", 0), bit("y", 1), bit("z", 1)];
    let output = OutputPort {
        name: String::new(),
        recipients: vec![PartyId(0), PartyId(1)],
        shape: Shape::Tuple(vec![Shape::Bool, Shape::Bool]),
    };
    blocks.into_circuit(main, vec!["alice".into(), "bob".into()], inputs, vec![output])
}

/// `sample` after `spoil` must fail as `expected`.
fn check(spoil: impl FnOnce(&mut Circuit), expected: Invalid) {
    let mut circuit = sample();
    spoil(&mut circuit);
    assert_eq!(verify(&circuit), Err(expected));
}

// Main's nodes: 0 false, 1..=3 inputs, 4..=6 results, 7 AND of 4 and 5, 8 XOR of 6 and 7.
const MAIN: BlockId = BlockId(1);
const AND: NodeId = NodeId(7);
const XOR: NodeId = NodeId(8);

fn node(circuit: &mut Circuit, id: NodeId) -> &mut Node {
    &mut circuit.blocks[1].nodes[id.0 as usize]
}

fn wire(node: u32) -> Wire {
    Wire::new(NodeId(node), false)
}

#[test]
fn what_the_builder_makes_is_valid() {
    assert_eq!(verify(&sample()), Ok(()));
}

#[test]
fn ports_fit_main_and_parties() {
    check(|c| c.blocks.clear(), Invalid::NoMain);
    let unknown = |port: &str| Invalid::UnknownParty { port: port.into(), party: PartyId(2), n_parties: 2 };
    check(|c| c.inputs[0].party = PartyId(2), unknown("x"));
    check(|c| c.outputs[0].recipients[1] = PartyId(2), unknown(""));
    check(|c| c.outputs[0].recipients.reverse(), Invalid::RecipientOrder { port: String::new() });
    check(
        |c| {
            c.inputs.pop();
        },
        Invalid::PortWidth { side: Side::Input, ports: 2, main: 3 },
    );
    check(
        |c| {
            c.outputs.pop();
        },
        Invalid::PortWidth { side: Side::Output, ports: 0, main: 2 },
    );
}

#[test]
fn nodes_stand_where_they_belong() {
    let layout = |id: u32, found, expected| Invalid::Layout { block: MAIN, node: NodeId(id), found, expected };
    check(|c| *node(c, NodeId(0)) = Node::Input, layout(0, "an input", "the constant"));
    check(|c| *node(c, NodeId(2)) = Node::False, layout(2, "the constant", "an input"));
    check(|c| *node(c, XOR) = Node::Input, layout(8, "an input", "a gate or a result"));
    check(
        |c| {
            c.blocks[1].nodes.truncate(2);
            c.blocks[1].origins.truncate(2);
        },
        layout(2, "missing", "an input"),
    );
    let counts = Invalid::OriginCount { block: MAIN, n_nodes: 9, n_origins: 8 };
    check(
        |c| {
            c.blocks[1].origins.pop();
        },
        counts,
    );
}

#[test]
fn gates_read_two_earlier_nodes_in_order() {
    check(|c| *node(c, AND) = Node::And(wire(4), wire(7)), Invalid::Forward { block: MAIN, node: AND, operand: AND });
    check(|c| *node(c, AND) = Node::And(wire(5), wire(4)), Invalid::OperandOrder { block: MAIN, node: AND });
    check(|c| *node(c, AND) = Node::And(wire(5), !wire(5)), Invalid::OperandOrder { block: MAIN, node: AND });
    check(|c| *node(c, AND) = Node::And(Wire::TRUE, wire(5)), Invalid::ConstantOperand { block: MAIN, node: AND });
    check(|c| *node(c, XOR) = Node::Xor(wire(6), !wire(7)), Invalid::ComplementedXor { block: MAIN, node: XOR });
}

#[test]
fn calls_fit_their_callees() {
    check(|c| c.blocks[1].calls[0].callee = MAIN, Invalid::Callee { block: MAIN, callee: MAIN });
    let counts = |count, n_args| Invalid::CallCounts { block: MAIN, call: 0, count, n_args, n_results: 3 };
    check(|c| c.blocks[1].calls[0].count = 0, counts(0, 3));
    check(|c| c.blocks[1].calls[0].count = u64::MAX, counts(u64::MAX, 3));
    check(
        |c| {
            c.blocks[1].calls[0].args.pop();
        },
        counts(2, 2),
    );
    check(|c| c.blocks[1].calls[0].n_shared = 9, counts(2, 3));
    let missing = Invalid::MissingResults { block: MAIN, call: 0 };
    check(|c| c.blocks[1].calls[0].first_result = NodeId(5), missing.clone());
    check(|c| c.blocks[1].calls[0].first_result = NodeId(u32::MAX), missing.clone());
    check(|c| *node(c, NodeId(5)) = Node::Xor(wire(1), wire(2)), missing);
    let stray = Invalid::StrayResult { block: MAIN, node: XOR };
    check(|c| *node(c, XOR) = Node::Result { call: 0, index: 2 }, stray.clone());
    check(|c| *node(c, XOR) = Node::Result { call: 1, index: 0 }, stray);
    let forward = Invalid::ForwardArgument { block: MAIN, call: 0, operand: NodeId(4) };
    check(|c| c.blocks[1].calls[0].args[1] = wire(4), forward);
}

#[test]
fn outputs_exist() {
    let dangling = Invalid::DanglingOutput { block: MAIN, output: 1, node: NodeId(9) };
    check(|c| c.blocks[1].outputs[1] = wire(9), dangling);
}
