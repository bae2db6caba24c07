//! What another wrote without folding becomes what the builder would have made.

use super::*;
use crate::circuit::Node;
use crate::id::{NodeId, Origin};
use crate::random::{self, Size};

#[test]
fn equal_and_dead_gates_go() {
    let mut circuit = random::circuit(1, Size { n_blocks: 1, n_nodes: 0 });
    let wire = |node: u32| Wire::new(NodeId(node), false);
    let nodes = vec![
        Node::False,
        Node::Input,
        Node::Input,
        Node::And(wire(1), wire(2)),
        Node::And(wire(1), wire(2)),
        Node::Xor(wire(3), wire(4)),
        Node::And(!wire(1), wire(5)),
        Node::Xor(wire(1), wire(4)),
    ];
    let origins = (0..8).map(Origin).collect();
    let outputs = vec![wire(6), wire(7)];
    circuit.blocks = vec![Block { name: "main".into(), n_inputs: 2, nodes, origins, calls: vec![], outputs }];
    let main = run(circuit).blocks.pop().unwrap();
    let kept = [Node::False, Node::Input, Node::Input, Node::And(wire(1), wire(2)), Node::Xor(wire(1), wire(3))];
    assert_eq!(main.nodes, kept);
    assert_eq!(main.origins[3..], [Origin(3), Origin(7)]);
    assert_eq!(main.outputs, [Wire::FALSE, wire(4)]);
}
