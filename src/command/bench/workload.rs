//! What is garbled: blocks that feed themselves, so that few inputs make many gates, and one that does not, built from gadgets; and the bare
//! kernel's batch. The one definition for `hushgate bench` and the benches.

use std::convert::Infallible;

use hushgate_circuits::build::{Blocks, Builder, CallSpec};
use hushgate_circuits::circuit::{InputPort, OutputPort};
use hushgate_circuits::gadgets::{aes, compare, multiply, sha2};
use hushgate_circuits::id::{PartyId, Wire};
use hushgate_circuits::plan::{And, Operand, Plan, PlanBlock, Step};
use hushgate_circuits::schedule::schedule;
use hushgate_circuits::shape::Shape;
use hushgate_runtime::block::{Block, Label};
use hushgate_runtime::garble::{TABLE_BLOCKS_MAX, TableSink, TableSource};
use rand::CryptoRng;

/// A block that is repeated: its first outputs become its first inputs.
pub struct Workload {
    /// As in the figures' names.
    pub name: &'static str,
    n_state: u32,
    n_shared: u32,
    /// Inputs of each repetition alone.
    n_each: u32,
    build: fn(&mut Builder, &[Wire]) -> Vec<Wire>,
}

/// What `garble/W`, `evaluate/W` and `session/…/W` are measured on.
pub const WORKLOADS: [Workload; 6] = [
    Workload { name: "aes128", n_state: 128, n_shared: 128, n_each: 0, build: encrypt },
    Workload { name: "sha256", n_state: 256, n_shared: 512, n_each: 0, build: compress },
    Workload {
        name: "mul64",
        n_state: 64,
        n_shared: 64,
        n_each: 0,
        build: |b, w| multiply::multiply_wrapping(b, &w[..64], &w[64..], 64),
    },
    Workload { name: "chain", n_state: 1, n_shared: 6, n_each: 0, build: chain },
    Workload { name: "wide", n_state: LAYER, n_shared: LAYER, n_each: 0, build: layer },
    Workload { name: "aes128-many", n_state: 0, n_shared: 128, n_each: 128, build: encrypt_with },
];

/// Gates of the chain, and of the wide layer.
const LAYER: u32 = 4_096;

impl Workload {
    /// The block, repeated until there are at least `n_ands` gates. One party gives what changes, the other what stays.
    pub fn plan(&self, n_ands: u64) -> Plan {
        let n_inputs = self.n_state + self.n_shared + self.n_each;
        let mut builder = Builder::new(self.name, n_inputs);
        let inputs = builder.inputs();
        let outputs = (self.build)(&mut builder, &inputs);
        let block = builder.finish(outputs).expect("a workload is small");
        let count = n_ands.div_ceil(block.n_ands()).max(1);
        let n_each = if self.n_each == 0 { 0 } else { self.n_each * u32::try_from(count).expect("few inputs fit") };
        let mut blocks = Blocks::new();
        let callee = blocks.add(block);
        let mut main = Builder::new("main", self.n_state + n_each + self.n_shared);
        let spec = CallSpec { callee, count, n_state: self.n_state, n_shared: self.n_shared };
        let inputs = main.inputs();
        let (state, rest) = inputs.split_at(self.n_state as usize);
        let (each, shared) = rest.split_at(n_each as usize);
        let outputs = main.call(&blocks, spec, [state, shared, each].concat()).expect("a workload is small");
        let n_outputs = outputs.len() as u32;
        let main = main.finish(outputs).expect("a workload is small");
        two_party(blocks, main, self.n_state + n_each, self.n_shared, n_outputs)
    }
}

/// Yao's millionaires: one comparison of 64 bits.
pub fn millionaires() -> Plan {
    let mut main = Builder::new("main", 128);
    let inputs = main.inputs();
    let richer = compare::less(&mut main, &inputs[..64], &inputs[64..]);
    let main = main.finish(vec![richer]).expect("a comparison is small");
    two_party(Blocks::new(), main, 64, 64, 1)
}

/// The lower half of a product of 32 bits: about a thousand ANDs.
pub fn small_product() -> Plan {
    let mut main = Builder::new("main", 64);
    let inputs = main.inputs();
    let product = multiply::multiply_wrapping(&mut main, &inputs[..32], &inputs[32..], 32);
    let main = main.finish(product).expect("a product is small");
    two_party(Blocks::new(), main, 32, 32, 32)
}

/// The parity of bob's bits and one of alice's.
pub fn parity(n: u32) -> Plan {
    let mut main = Builder::new("main", 1 + n);
    let inputs = main.inputs();
    let sum = inputs[1..].iter().fold(inputs[0], |sum, &bit| main.xor(sum, bit));
    let main = main.finish(vec![sum]).expect("a million XORs are small");
    two_party(Blocks::new(), main, 1, n, 1)
}

fn two_party(blocks: Blocks, main: hushgate_circuits::circuit::Block, alice: u32, bob: u32, out: u32) -> Plan {
    let bits = |n: u32| Shape::Array { element: Box::new(Shape::Bool), len: n.into() };
    let input = |name: &str, party, n| InputPort { name: name.into(), party: PartyId(party), shape: bits(n) };
    let result = OutputPort { name: "result".into(), recipients: vec![PartyId(0), PartyId(1)], shape: bits(out) };
    let parties = vec!["alice".into(), "bob".into()];
    schedule(&blocks.into_circuit(main, parties, vec![input("a", 0, alice), input("b", 1, bob)], vec![result]))
}

fn encrypt(b: &mut Builder, w: &[Wire]) -> Vec<Wire> {
    aes::aes_128(b, words(&w[128..]), words(&w[..128])).concat()
}

/// As `encrypt`, the key first.
fn encrypt_with(b: &mut Builder, w: &[Wire]) -> Vec<Wire> {
    aes::aes_128(b, words(&w[..128]), words(&w[128..])).concat()
}

fn compress(b: &mut Builder, w: &[Wire]) -> Vec<Wire> {
    sha2::sha256_compress(b, words(&w[..256]), words(&w[256..])).concat()
}

/// Each AND waits for the one before.
fn chain(b: &mut Builder, w: &[Wire]) -> Vec<Wire> {
    let step = |last: Wire, i: u32| !b.and(last, w[1 + (i % 6) as usize]);
    vec![(0..LAYER).fold(w[0], step)]
}

/// No AND waits for another.
fn layer(b: &mut Builder, w: &[Wire]) -> Vec<Wire> {
    let (state, shared) = w.split_at(LAYER as usize);
    (0..state.len()).map(|i| b.and(state[i], shared[(i * 7 + 1) % shared.len()])).collect()
}

fn words<const WIDTH: usize, const N: usize>(wires: &[Wire]) -> [[Wire; WIDTH]; N] {
    std::array::from_fn(|i| std::array::from_fn(|k| wires[WIDTH * i + k]))
}

/// Independent gates of the bare kernel: labels and tables stay in L1.
pub const KERNEL_ANDS: u32 = 256;

/// One batch for the bare kernel, the bound that everything else is compared with.
pub fn kernel_batch() -> PlanBlock {
    let n = KERNEL_ANDS;
    let and = |i: u32| And {
        dst: i,
        a: Operand::new(n + i * 7 % n, i.is_multiple_of(3)),
        b: Operand::new(n + i, i.is_multiple_of(2)),
    };
    PlanBlock {
        n_inputs: 2 * n,
        n_slots: 2 * n,
        steps: vec![Step::And(n)],
        ands: (0..n).map(and).collect(),
        ..PlanBlock::default()
    }
}

/// Random labels.
pub fn labels(n: usize, rng: &mut impl CryptoRng) -> Vec<Label> {
    (0..n).map(|_| Block::random(rng)).collect()
}

/// One buffer of tables, used over and over: measures no memory traffic. What is evaluated from it is nonsense, at the same cost.
pub struct Chunk(Vec<Block>);

impl Chunk {
    pub fn new() -> Chunk {
        Chunk(vec![Block::ZERO; TABLE_BLOCKS_MAX])
    }

    /// Several threads ask for more at once than one does.
    fn grow_to(&mut self, n_blocks: usize) {
        if self.0.len() < n_blocks {
            self.0.resize(n_blocks, Block::ZERO);
        }
    }
}

impl TableSink for Chunk {
    type Error = Infallible;

    fn room(&mut self, n_blocks: usize) -> Result<&mut [Block], Infallible> {
        self.grow_to(n_blocks);
        Ok(&mut self.0[..n_blocks])
    }
}

impl TableSource for Chunk {
    type Error = Infallible;

    fn take(&mut self, n_blocks: usize) -> Result<&[Block], Infallible> {
        self.grow_to(n_blocks);
        Ok(&self.0[..n_blocks])
    }
}
