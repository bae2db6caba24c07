use super::*;
use crate::build::{Blocks, Builder, CallSpec};
use crate::id::{BlockId, Wire};

/// `and` of a state and an input, `count` times, at origin 1; then one AND at origin 2.
fn repeated(count: u64, levels: u32) -> Circuit {
    let mut blocks = Blocks::new();
    let mut inner = Builder::new("inner", 2);
    inner.set_origin(Origin(1));
    let both = inner.and(inner.input(0), inner.input(1));
    let parity = inner.xor(both, inner.input(0));
    let mut callee = blocks.add(inner.finish(vec![parity]).unwrap());
    for _ in 0..levels {
        callee = repeat(&mut blocks, callee, count);
    }
    let mut main = Builder::new("main", 2);
    let [x, y] = [main.input(0), main.input(1)];
    main.set_origin(Origin(2));
    let state = call(&mut main, &blocks, callee, count, [x, y]);
    let out = main.and(state, y);
    blocks.into_circuit(main.finish(vec![out]).unwrap(), vec![], vec![], vec![])
}

fn repeat(blocks: &mut Blocks, callee: BlockId, count: u64) -> BlockId {
    let mut outer = Builder::new("outer", 2);
    let [x, y] = [outer.input(0), outer.input(1)];
    let state = call(&mut outer, blocks, callee, count, [x, y]);
    blocks.add(outer.finish(vec![state]).unwrap())
}

fn call(builder: &mut Builder, blocks: &Blocks, callee: BlockId, count: u64, args: [Wire; 2]) -> Wire {
    builder.call(blocks, CallSpec { callee, count, n_state: 1, n_shared: 1 }, args.to_vec()).unwrap()[0]
}

#[test]
fn repetitions_multiply() {
    let stats = stats(&repeated(10, 1));
    assert_eq!((stats.n_ands, stats.n_xors, stats.and_depth), (101, 100, 101));
    assert_eq!(stats.ands_by_origin, BTreeMap::from([(Origin(1), 100), (Origin(2), 1)]));
    assert_eq!(stats.n_nodes_stored, 5 + 4 + 5);
}

#[test]
fn counts_saturate() {
    let stats = stats(&repeated(u64::MAX, 4));
    assert_eq!((stats.n_ands, stats.and_depth), (u128::MAX, u64::MAX));
    assert_eq!(stats.ands_by_origin[&Origin(1)], u128::MAX);
}
