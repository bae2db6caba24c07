//! The same circuit with its inputs and outputs in another order.

use crate::circuit::{Block, Circuit, Node};
use crate::id::{NodeId, Wire};

/// The verified circuit whose input `i` is input `inputs[i]` of this one, and likewise its outputs.
///
/// # Panics
/// If `inputs` or `outputs` is not a permutation of the circuit's ports.
#[must_use]
pub fn with_ports_in_order(circuit: &Circuit, inputs: &[usize], outputs: &[usize]) -> Circuit {
    let mut moved = vec![NodeId(0); circuit.main().n_inputs as usize];
    let widths: Vec<usize> = circuit.inputs.iter().map(|port| port.shape.width() as usize).collect();
    bits_in_order(&widths, inputs).zip(1..).for_each(|(old, new)| moved[old] = NodeId(new));
    let mut reordered = circuit.clone();
    reordered.inputs = inputs.iter().map(|&i| circuit.inputs[i].clone()).collect();
    reordered.outputs = outputs.iter().map(|&i| circuit.outputs[i].clone()).collect();
    let main = reordered.blocks.last_mut().expect("a verified circuit has a main block");
    rename_inputs(main, &moved);
    let widths: Vec<usize> = circuit.outputs.iter().map(|port| port.shape.width() as usize).collect();
    main.outputs = bits_in_order(&widths, outputs).map(|old| main.outputs[old]).collect();
    reordered
}

/// For each bit of ports in this order, which it was before.
fn bits_in_order(widths: &[usize], order: &[usize]) -> impl Iterator<Item = usize> {
    assert_eq!(widths.len(), order.len(), "every port has a place");
    let mut starts = vec![0; widths.len()];
    (1..widths.len()).for_each(|i| starts[i] = starts[i - 1] + widths[i - 1]);
    order.iter().flat_map(move |&i| starts[i]..starts[i] + widths[i]).collect::<Vec<_>>().into_iter()
}

/// Gives the block's inputs other places; operands stay in ascending order.
fn rename_inputs(main: &mut Block, moved: &[NodeId]) {
    let rename = |wire: Wire| match (wire.node().0 as usize).checked_sub(1).and_then(|input| moved.get(input)) {
        Some(&node) => Wire::new(node, wire.is_complemented()),
        None => wire,
    };
    let operands = |a: Wire, b: Wire| {
        let (a, b) = (rename(a), rename(b));
        if a.node() < b.node() { (a, b) } else { (b, a) }
    };
    for node in &mut main.nodes {
        match node {
            Node::And(a, b) | Node::Xor(a, b) => (*a, *b) = operands(*a, *b),
            Node::False | Node::Input | Node::Result { .. } => {}
        }
    }
    main.calls.iter_mut().flat_map(|call| &mut call.args).for_each(|arg| *arg = rename(*arg));
    main.outputs.iter_mut().for_each(|output| *output = rename(*output));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::evaluate::evaluate_bits;
    use crate::random::{self, Size};
    use crate::verify::verify;

    proptest! {
        #[test]
        fn ports_take_their_bits_along(seed: u64) {
            let circuit = random::circuit(seed, Size { n_blocks: 3, n_nodes: 60 });
            let turned = |n: usize| (0..n).rev().collect::<Vec<_>>();
            let order = [turned(circuit.inputs.len()), turned(circuit.outputs.len())];
            let reordered = with_ports_in_order(&circuit, &order[0], &order[1]);
            prop_assert_eq!(verify(&reordered), Ok(()));
            prop_assert_eq!(&with_ports_in_order(&reordered, &order[0], &order[1]), &circuit);
            let parts = |bits: &[bool], widths: Vec<u64>| -> Vec<bool> {
                let mut rest = bits;
                let parts: Vec<&[bool]> =
                    widths.iter().map(|&width| rest.split_off(..width as usize).unwrap()).collect();
                parts.into_iter().rev().flatten().copied().collect()
            };
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let inputs = random::inputs(&circuit, &mut rng);
            let outputs = evaluate_bits(&circuit, &inputs);
            let in_widths = circuit.inputs.iter().map(|port| port.shape.width()).collect();
            let out_widths = circuit.outputs.iter().map(|port| port.shape.width()).collect();
            let found = evaluate_bits(&reordered, &parts(&inputs, in_widths));
            prop_assert_eq!(found, parts(&outputs, out_widths));
        }
    }
}
