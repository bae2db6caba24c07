//! What the passes give and take: gates, seconds, memory.
//!
//! `cargo bench -p hushgate-circuits --bench passes -- adders 10000000 2` makes a flat circuit of textbook adders (or `mixed`: adders,
//! multipliers, S-boxes, selects, comparisons, sums) of so many gates and runs the passes of that level on it. It prints gates per second and
//! the most memory of the whole process, the making of the circuit included, for each gate. `-- gadgets 3` runs them on every
//! gadget of the table, and `-- FILE.txt 3` on a circuit in Bristol Fashion. Without arguments: a million gates of each kind.

use std::time::Instant;

use hushgate_circuits::bristol;
use hushgate_circuits::build::{Blocks, Builder};
use hushgate_circuits::circuit::{Circuit, InputPort, OutputPort};
use hushgate_circuits::gadgets::{aes, compare, multiply, select, table};
use hushgate_circuits::id::{PartyId, Wire};
use hushgate_circuits::optimize::{LEVEL_DEFAULT, PASSES};
use hushgate_circuits::shape::Shape;
use hushgate_circuits::stats::stats;

fn main() {
    // Cargo adds a flag of its own.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let number = |i: usize| args.get(i).map(|n| n.parse::<usize>().expect("a number"));
    let level = |i: usize| number(i).map_or(LEVEL_DEFAULT, |level| level as u8);
    match args.first().map(String::as_str) {
        Some("gadgets") => table::circuits().for_each(|(name, circuit)| measure(&name, circuit, level(1))),
        Some(file) if file.ends_with(".txt") => {
            let text = std::fs::read_to_string(file).expect("a readable file");
            measure(file, bristol::read(&text).expect("a circuit in Bristol Fashion"), level(1));
        }
        wanted => {
            for (name, step) in [("adders", adders as Step), ("mixed", mixed)] {
                if wanted.is_none_or(|wanted| wanted == name) {
                    measure(name, circuit(step, number(1).unwrap_or(1_000_000)), level(2));
                }
            }
        }
    }
}

fn measure(name: &str, mut circuit: Circuit, level: u8) {
    let before = stats(&circuit);
    println!("{name}, level {level}: {} ANDs, {} XORs", before.n_ands, before.n_xors);
    let mut seconds = 0.0;
    for pass in PASSES.iter().filter(|pass| pass.levels.contains(&level)) {
        let start = Instant::now();
        circuit = (pass.run)(circuit);
        let taken = start.elapsed().as_secs_f64();
        seconds += taken;
        let costs = stats(&circuit);
        println!("  {}: {} ANDs, {} XORs; {taken:.2} s", pass.name, costs.n_ands, costs.n_xors);
    }
    let n_gates = (before.n_ands + before.n_xors) as f64;
    println!("  {:.2} million gates per second", n_gates / seconds / 1e6);
    if let Some(bytes) = peak_bytes() {
        println!("  at most {:.1} bytes per gate", bytes as f64 / n_gates);
    }
}

/// The most memory that this process ever had, where the system tells.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

const WORD: usize = 32;

type Word = Vec<Wire>;

/// Changes one word of the state; told how many steps there were before.
type Step = fn(&mut Builder, &mut [Word], usize);

/// A flat circuit of about so many gates: steps over a state of 64 words.
fn circuit(step: Step, n_gates: usize) -> Circuit {
    let n_words = 64;
    let mut builder = Builder::new("main", (n_words * WORD) as u32);
    let mut state: Vec<Word> = builder.inputs().chunks(WORD).map(<[Wire]>::to_vec).collect();
    for i in 0.. {
        if builder.n_nodes() >= n_gates {
            break;
        }
        step(&mut builder, &mut state, i);
    }
    let main = builder.finish(state.concat()).expect("far below the limit");
    let words = Shape::Array { element: Box::new(Shape::unsigned(WORD as u32)), len: n_words as u64 };
    let input = InputPort { name: "state".into(), party: PartyId(0), shape: words.clone() };
    let output = OutputPort { name: String::new(), recipients: vec![PartyId(0)], shape: words };
    Blocks::new().into_circuit(main, vec!["p".into()], vec![input], vec![output])
}

fn adders(b: &mut Builder, state: &mut [Word], i: usize) {
    let (x, y) = operands(state, i);
    state[i % 64] = textbook_add(b, &x, &y);
}

fn mixed(b: &mut Builder, state: &mut [Word], i: usize) {
    let (x, y) = operands(state, i);
    state[i % 64] = match i / 64 % 6 {
        0 => textbook_add(b, &x, &y),
        1 => multiply::multiply_wrapping(b, &x, &y, WORD),
        2 => x.chunks(8).flat_map(|byte| aes::sbox(b, byte.try_into().expect("a byte has eight bits"))).collect(),
        3 => {
            let less = compare::less(b, &x, &y);
            select::select(b, less, &x, &y)
        }
        4 => (0..WORD).map(|k| [7, 18, 3].iter().fold(y[k], |sum, r| b.xor(sum, x[(k + r) % WORD]))).collect(),
        _ => compare::max(b, &x, &y),
    };
}

/// Two words that differ from step to step.
fn operands(state: &[Word], i: usize) -> (Word, Word) {
    (state[i % 64].clone(), state[(i * 7 + i / 64 + 1) % 64].clone())
}

/// A sum whose carries are majorities of three products.
fn textbook_add(b: &mut Builder, x: &[Wire], y: &[Wire]) -> Word {
    let mut carry = Wire::FALSE;
    let mut sum = Vec::new();
    for (&p, &q) in x.iter().zip(y) {
        let half = b.xor(p, q);
        sum.push(b.xor(half, carry));
        let (both, left, right) = (b.and(p, q), b.and(p, carry), b.and(q, carry));
        let some = b.or(left, right);
        carry = b.or(both, some);
    }
    sum
}
