use proptest::prelude::*;

use super::*;
use crate::evaluate::evaluate_block;
use crate::verify::verify_block;

fn builder() -> (Builder, Wire, Wire, Wire) {
    let builder = Builder::new("test", 3);
    let [x, y, z] = [0, 1, 2].map(|i| builder.input(i));
    (builder, x, y, z)
}

#[test]
fn constants_and_repetitions_cost_nothing() {
    let (mut b, x, _, _) = builder();
    assert_eq!(b.and(x, Wire::TRUE), x);
    assert_eq!(b.and(Wire::FALSE, x), Wire::FALSE);
    assert_eq!(b.and(x, x), x);
    assert_eq!(b.and(x, !x), Wire::FALSE);
    assert_eq!(b.xor(x, !x), Wire::TRUE);
    assert_eq!(b.xor(x, Wire::TRUE), !x);
    assert_eq!(b.or(x, !x), Wire::TRUE);
    assert_eq!(b.select(x, Wire::TRUE, Wire::FALSE), x);
    assert_eq!(b.select(x, x, !x), Wire::TRUE);
    assert_eq!((b.n_ands(), b.n_nodes()), (0, 4));
}

#[test]
fn each_pair_is_multiplied_once() {
    let (mut b, x, y, _) = builder();
    let xy = b.and(x, y);
    assert_eq!(b.and(y, x), xy);
    let x_only = b.and(x, !y);
    assert_eq!(x_only, b.xor(x, xy));
    b.and(!x, y);
    b.or(x, y);
    let parity = b.xor(x, y);
    b.and(x, parity);
    b.and(!parity, y);
    assert_eq!(b.n_ands(), 1);
}

#[test]
fn products_absorb_their_factors() {
    let (mut b, x, y, z) = builder();
    let xy = b.and(x, y);
    assert_eq!(b.and(x, xy), xy);
    assert_eq!(b.and(!y, xy), Wire::FALSE);
    assert_eq!(b.and(!x, !xy), !x);
    assert_eq!(b.or(x, xy), x);
    let x_without_y = b.and(x, !xy);
    assert_eq!(b.xor(x_without_y, xy), x);
    assert_eq!(b.n_ands(), 1);
    let yz = b.and(!y, z);
    assert_eq!(b.and(xy, yz), Wire::FALSE);
    assert_eq!(b.n_ands(), 2);
}

#[test]
fn xors_cancel() {
    let (mut b, x, y, z) = builder();
    let xy = b.xor(x, !y);
    let yz = b.xor(y, z);
    assert_eq!(b.xor(xy, x), !y);
    assert_eq!(b.xor(xy, yz), !b.xor(x, z));
}

#[test]
fn finish_drops_what_no_output_needs() {
    let mut callees = Blocks::new();
    let mut inner = Builder::new("inner", 2);
    let product = inner.and(inner.input(0), inner.input(1));
    let inner = callees.add(inner.finish(vec![product]).unwrap());
    let (mut b, x, y, z) = builder();
    b.call(&callees, CallSpec::once(inner), vec![x, y]).unwrap();
    b.and(x, y);
    let [live] = b.call(&callees, CallSpec::once(inner), vec![y, z]).unwrap()[..] else { panic!("one result") };
    let out = b.and(live, x);
    let block = b.finish(vec![out]).unwrap();
    assert_eq!((block.nodes.len(), block.calls.len(), block.origins.len()), (6, 1, 6));
    assert_eq!(block.nodes[4], Node::Result { call: 0, index: 0 });
    assert_eq!(block.calls[0].first_result, NodeId(4));
}

#[test]
fn calls_hand_constants_and_arguments_through() {
    let mut callees = Blocks::new();
    let mut body = Builder::new("body", 3);
    let [state, shared, each] = [0, 1, 2].map(|i| body.input(i));
    let next = body.xor(state, each);
    let body = callees.add(body.finish(vec![next, Wire::TRUE, !shared, each, state]).unwrap());
    let (mut b, x, y, z) = builder();
    let spec = CallSpec { callee: body, count: 2, n_state: 1, n_shared: 1 };
    let results = b.call(&callees, spec, vec![x, y, z, x]).unwrap();
    assert_eq!(results.len(), 9);
    assert_eq!(results[1..5], [Wire::TRUE, !y, z, x], "first iteration");
    assert_eq!(results[5..8], [Wire::TRUE, !y, x], "second iteration");
    assert_ne!(results[8], x, "the second iteration's state is computed");
}

#[test]
fn blocks_that_main_does_not_reach_are_left_out() {
    let mut blocks = Blocks::new();
    let mut ids = Vec::new();
    for name in ["unused", "used"] {
        let mut inner = Builder::new(name, 2);
        let product = inner.and(inner.input(0), inner.input(1));
        ids.push(blocks.add(inner.finish(vec![product]).unwrap()));
    }
    let (mut b, x, y, _) = builder();
    let outputs = b.call(&blocks, CallSpec::once(ids[1]), vec![x, y]).unwrap();
    let circuit = blocks.into_circuit(b.finish(outputs).unwrap(), vec![], vec![], vec![]);
    assert_eq!(circuit.blocks.iter().map(|block| &block.name[..]).collect::<Vec<_>>(), ["used", "test"]);
    assert_eq!(circuit.main().calls[0].callee, BlockId(0));
}

#[test]
fn a_full_builder_stops_and_says_so() {
    let (b, x, y, z) = builder();
    let mut b = b.with_nodes_max(5);
    let xy = b.and(x, y);
    assert!(!b.is_full());
    b.and(xy, z);
    b.xor(x, z);
    assert!(b.is_full());
    assert_eq!(b.n_nodes(), 5);
    assert_eq!(b.finish(vec![xy]), Err(TooLarge { block: "test".into(), nodes_max: 5 }));
}

#[test]
fn origins_are_stamped_on_new_nodes() {
    let (mut b, x, y, z) = builder();
    assert_eq!(b.set_origin(Origin(7)), Origin(0));
    let xy = b.and(x, y);
    assert_eq!(b.set_origin(Origin(9)), Origin(7));
    let out = b.and(xy, z);
    let block = b.finish(vec![out]).unwrap();
    assert_eq!(block.origins[4..], [Origin(7), Origin(9)]);
}

/// What a random program does with two earlier wires (and a third, for selects).
#[derive(Clone, Copy, Debug)]
struct Step {
    kind: u8,
    operands: [u8; 3],
    complements: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..4u8, any::<[u8; 3]>(), any::<u8>());
    let step = step.prop_map(|(kind, operands, complements)| Step { kind, operands, complements });
    proptest::collection::vec(step, 1..80)
}

proptest! {
    /// All 64 inputs of six variables at once; few variables, so that the local rules meet each other.
    #[test]
    fn local_rules_keep_the_meaning(steps in steps()) {
        let inputs: [u64; 6] = std::array::from_fn(|i| (0..64).fold(0, |lane, k: u64| lane | (k >> i & 1) << k));
        let mut builder = Builder::new("random", 6);
        let mut wires = [vec![Wire::FALSE], builder.inputs()].concat();
        let mut values = [vec![0], inputs.to_vec()].concat();
        for Step { kind, operands, complements } in steps {
            let picked = [0, 1, 2].map(|i| (usize::from(operands[i]) % wires.len(), complements >> i & 1 == 1));
            let [x, y, z] = picked.map(|(i, complement)| wires[i] ^ complement);
            let [u, v, w] = picked.map(|(i, complement)| values[i] ^ u64::from(complement).wrapping_neg());
            let (wire, value) = match kind {
                0 => (builder.and(x, y), u & v),
                1 => (builder.xor(x, y), u ^ v),
                2 => (builder.or(x, y), u | v),
                _ => (builder.select(x, y, z), u & v | !u & w),
            };
            wires.push(wire);
            values.push(value);
        }
        let block = builder.finish(wires).unwrap();
        prop_assert_eq!(verify_block(&[], &block), Ok(()));
        prop_assert_eq!(evaluate_block(&[], &block, &inputs), values);
    }
}
