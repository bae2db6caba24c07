//! Plans on plain bits: what garbling them must give. The oracle of tests, and of the scheduler.

use zeroize::Zeroizing;

use super::{Local, Operand, Plan, PlanBlock, PlanCall, Step};

/// The output bits of a valid plan on `inputs`, the bits of all input ports in order.
///
/// # Panics
/// If there are not as many bits as inputs, or if the plan is not valid.
#[must_use]
pub fn run(plan: &Plan, inputs: &[bool]) -> Vec<bool> {
    let Some(local) = &plan.local else {
        return run_main(&plan.blocks, inputs);
    };
    let (mut known, mut others) = (Vec::new(), Vec::new());
    let mut rest = inputs;
    for port in &plan.inputs {
        let of_port = rest.split_off(..port.shape.width() as usize).expect("one bit for every input");
        if port.party == local.garbler { &mut known } else { &mut others }.extend_from_slice(of_port);
    }
    assert!(rest.is_empty(), "one bit for every input");
    known.extend_from_slice(&run_own(local, &others));
    run_main(&plan.blocks, &known)
}

/// What the evaluator enters, from the bits of its input ports in order.
///
/// # Panics
/// As [`run`].
#[must_use]
pub fn run_own(local: &Local, inputs: &[bool]) -> Zeroizing<Vec<bool>> {
    Zeroizing::new(run_main(&local.own, inputs))
}

fn run_main(blocks: &[PlanBlock], inputs: &[bool]) -> Vec<bool> {
    let main = blocks.last().expect("a valid plan has a main block");
    assert_eq!(inputs.len(), main.n_inputs as usize, "one bit for every input");
    run_block(blocks, main, inputs)
}

fn run_block(blocks: &[PlanBlock], block: &PlanBlock, inputs: &[bool]) -> Vec<bool> {
    let mut frame = Zeroizing::new(vec![false; block.n_slots as usize]);
    frame[..inputs.len()].copy_from_slice(inputs);
    let (mut xors, mut ands, mut calls) = (&block.xors[..], block.ands.iter(), block.calls.iter());
    let mut and_xors = block.and_xors.iter();
    let added = |frame: &[bool], operand: Operand| operand != block.nothing() && read(frame, operand);
    for step in &block.steps {
        match *step {
            Step::Xor { n_operands, n } => {
                let (now, later) = xors.split_at(n as usize * (1 + n_operands as usize));
                for gate in now.chunks(1 + n_operands as usize) {
                    let sum = gate[1..].iter().fold(false, |sum, &operand| sum ^ added(&frame, operand));
                    frame[gate[0].slot() as usize] = sum;
                }
                xors = later;
            }
            Step::AndXor(n) => {
                for gate in and_xors.by_ref().take(n as usize) {
                    let a = read(&frame, gate.and.a) ^ added(&frame, gate.a_plus);
                    let b = read(&frame, gate.and.b) ^ added(&frame, gate.b_plus);
                    frame[gate.and.dst as usize] = a & b ^ added(&frame, gate.c);
                }
            }
            Step::And(n) | Step::Known(_, n) => {
                for gate in ands.by_ref().take(n as usize) {
                    frame[gate.dst as usize] = read(&frame, gate.a) & read(&frame, gate.b);
                }
            }
            Step::Call => run_call(blocks, calls.next().expect("a valid plan has a call for every step"), &mut frame),
        }
    }
    block.outputs.iter().map(|&operand| read(&frame, operand)).collect()
}

/// Iterates the callee; the layout of arguments and results is that of [`crate::circuit::Call`].
fn run_call(blocks: &[PlanBlock], call: &PlanCall, frame: &mut [bool]) {
    let callee = &blocks[call.callee.0 as usize];
    let (n_state, n_carried) = (call.n_state as usize, (call.n_state + call.n_shared) as usize);
    let n_each = callee.n_inputs as usize - n_carried;
    let args: Vec<bool> = call.args.iter().map(|&operand| read(frame, operand)).collect();
    let mut inputs = Zeroizing::new(args[..n_carried + n_each].to_vec());
    let (state_results, mut results) = call.results.split_at(n_state);
    for iteration in 0..call.count {
        if n_each > 0 {
            let start = n_carried + iteration as usize * n_each;
            inputs[n_carried..].copy_from_slice(&args[start..start + n_each]);
        }
        let outputs = run_block(blocks, callee, &inputs);
        let (state, each) = outputs.split_at(n_state);
        inputs[..n_state].copy_from_slice(state);
        let (slots, rest) = results.split_at(each.len());
        write(frame, slots, each);
        results = rest;
    }
    write(frame, state_results, &inputs[..n_state]);
}

fn read(frame: &[bool], operand: Operand) -> bool {
    let value = !operand.is_constant() && frame[operand.slot() as usize];
    value ^ operand.is_complemented()
}

fn write(frame: &mut [bool], slots: &[u32], bits: &[bool]) {
    for (&slot, &bit) in slots.iter().zip(bits) {
        if slot != PlanCall::UNUSED {
            frame[slot as usize] = bit;
        }
    }
}
