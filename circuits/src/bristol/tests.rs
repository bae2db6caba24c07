//! Files that others made, files that we make, and files that are wrong.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::circuit::Circuit;
use crate::evaluate::evaluate_bits;
use crate::flatten::flatten;
use crate::random::{self, Size};
use crate::verify::verify;

mod conformance;

/// What the circuit in `text` gives for `inputs`, a string of bits.
fn run(text: &str, inputs: &str) -> String {
    let circuit = read(text).expect("the text is a circuit");
    assert_eq!(verify(&circuit), Ok(()));
    let bits: Vec<bool> = inputs.chars().map(|c| c == '1').collect();
    evaluate_bits(&circuit, &bits).into_iter().map(|bit| if bit { '1' } else { '0' }).collect()
}

fn shapes(circuit: &Circuit) -> (Vec<u64>, Vec<u64>) {
    let inputs = circuit.inputs.iter().map(|port| port.shape.width()).collect();
    (inputs, circuit.outputs.iter().map(|port| port.shape.width()).collect())
}

const EVERY_GATE: &str = "\
7 13
2 2 2
2 2 5

2 1 0 1 4 AND
2 1 0 1 5 XOR
4 2 0 4 2 3 6 7 MAND
1 1 4 8 INV
1 1 2 9 EQW
1 1 0 10 EQ
1 1 1 11 EQ
";

#[test]
fn every_gate_is_read() {
    let text = EVERY_GATE.replace("7 13", "7 12").replace("2 2 5", "1 6");
    for bits in 0..16 {
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| bits >> i & 1);
        let and = a & b;
        let inputs = format!("{a}{b}{c}{d}");
        let expected = format!("{}{}{}{c}01", a & c, and & d, 1 - and);
        assert_eq!(run(&text, &inputs), expected, "inputs {inputs}");
    }
}

#[test]
fn ports_are_named_and_owned() {
    let circuit = read("1 5\n2 1 3\n1 1\n\n2 1 0 3 4 AND\n").unwrap();
    assert_eq!(circuit.parties, ["p0", "p1"]);
    assert_eq!(
        circuit.inputs.iter().map(|p| (p.name.as_str(), p.party.0)).collect::<Vec<_>>(),
        [("in0", 0), ("in1", 1)]
    );
    assert_eq!(circuit.outputs[0].name, "out0");
    assert_eq!(circuit.outputs[0].recipients.len(), 2);
    assert_eq!(shapes(&circuit), (vec![1, 3], vec![1]));
}

#[test]
fn white_space_does_not_matter() {
    let plain = "1 3\n2 1 1\n1 1\n\n2 1 0 1 2 AND\n";
    for text in [
        plain.replace('\n', "\r\n"),
        plain.replace('\n', "  \n\n"),
        plain.replace(' ', "\t  "),
        plain.trim_end().to_owned(),
        plain.replace("\n\n", "\n"),
        format!("\n  \n {plain}\n\n"),
    ] {
        assert_eq!(read(&text), read(plain), "{text:?}");
    }
}

#[test]
fn headers_of_two_lines_are_read() {
    let old = read("2 6\n2 2   1\n\n2 1 0 2 4 AND\n2 1 4 1 5 XOR\n").unwrap();
    assert_eq!(shapes(&old), (vec![2, 2], vec![1]));
    let old_with_one_input = read("1 4\n3 0 1\n\n2 1 0 2 3 AND\n").unwrap();
    assert_eq!(shapes(&old_with_one_input), (vec![3], vec![1]));
    let inferred = read("4 8\n1 4\n2 1 0 1 4 AND\n2 1 4 1 5 XOR\n2 1 2 3 6 XOR\n2 1 2 3 7 AND\n").unwrap();
    assert_eq!(shapes(&inferred), (vec![4], vec![3]));
}

#[test]
fn outputs_may_be_inputs_constants_or_nothing() {
    assert_eq!(run("0 2\n1 2\n1 1\n", "01"), "1");
    assert_eq!(run("0 0\n0\n0\n", ""), "");
    assert_eq!(run("1 1\n0\n1 1\n1 1 1 0 EQ", ""), "1");
}

fn check_error(text: &str, expected: &str) {
    assert_eq!(read(text).expect_err("the text is wrong").to_string(), expected);
}

#[test]
fn errors_name_line_finding_and_expectation() {
    let header = "2 4\n2 1 1\n1 1\n\n";
    let gates = |gates: &str| format!("{header}{gates}\n");
    check_error("", "line 1: found the end of the file; expected the number of gates and the number of wires");
    check_error("hello", "line 1: found a gate; expected the number of gates and the number of wires");
    check_error("1 2 3\n", "line 1: found 3 numbers; expected the number of gates and the number of wires");
    check_error("1 2\n\n", "line 2: found the end of the file; expected the number of inputs, then the width of each");
    check_error(
        "1 3\n3 1 1\n1 1\n",
        "line 2: found 3, then 2 widths; expected the number of inputs, then the width of each",
    );
    check_error(
        "1 3\n2 1 1\n1\n",
        "line 3: found 1, then 0 widths; expected the number of outputs, then the width of each",
    );
    check_error("1 3\n2 2 2\n1 1\n", "line 2: inputs of 4 bits in all; the circuit has only 3 wires");
    let words = "numbers, and in a gate's line its name after them";
    check_error(&gates("2 1 0 x 2 AND"), &format!("line 5: found `2 1 0 x 2 AND`; expected {words}"));
    check_error(&gates("2 1 0 -1 2 AND"), &format!("line 5: found `2 1 0 -1 2 AND`; expected {words}"));
    let gate = "expected a gate: its numbers of inputs and outputs, its wires, its name";
    check_error(&gates("2 1 0 1 2"), &format!("line 5: found only numbers; {gate}"));
    check_error(&gates("2 XOR"), &format!("line 5: found `XOR` without both counts; {gate}"));
    check_error(&gates("2 1 0 1 2 OR"), "line 5: found gate `OR`; expected XOR, AND, INV, EQ, EQW or MAND");
    check_error(&gates("2 1 0 1 AND"), "line 5: AND with 2 numbers after the two counts; its counts ask for 3");
    check_error(&gates("1 1 0 2 AND"), "line 5: AND with 1 inputs and 1 outputs; expected 2 and 1");
    check_error(
        &gates("3 1 0 1 0 2 MAND"),
        "line 5: MAND with 3 inputs and 1 outputs; expected twice as many inputs as outputs",
    );
    check_error(&gates("1 1 2 2 EQ"), "line 5: EQ assigns 2; expected 0 or 1");
    check_error(&gates("2 1 0 9 2 XOR"), "line 5: wire 9 does not exist: the header announces 4 wires, 0 to 3");
    let early = "line 5: wire 3 is read before anything drives it; list the gates in the order of their evaluation";
    check_error(&gates("2 1 0 3 2 XOR\n2 1 0 1 3 AND"), early);
    check_error(&gates("2 1 0 1 0 XOR"), "line 5: wire 0 is driven twice: by two gates, or by a gate and an input");
    check_error(&gates("2 1 0 1 2 XOR"), "line 5: 1 gates; the header announces 2");
    check_error(
        "1 4\n2 1 1\n1 1\n2 1 0 1 2 XOR",
        "line 4: 3 wires are inputs or driven by gates; the header announces 4, and nothing drives wire 3",
    );
}

/// Whatever a header says: the counts of the old format are checked as those of the new one are.
#[test]
fn old_files_are_checked_too() {
    let old = "2 6\n2 2 1\n\n2 1 0 2 4 AND\n2 1 4 1 5 XOR\n";
    assert!(read(old).is_ok() && read(&format!("\u{feff}{}", old.replace('\n', "\r\n"))).is_ok());
    let not_driven =
        "line 4: wire 5 is read before anything drives it; list the gates in the order of their evaluation";
    check_error(&old.replace("2 1 0 2 4", "2 1 0 5 4"), not_driven);
    check_error(
        &old.replace("4 1 5", "4 1 4"),
        "line 5: wire 4 is driven twice: by two gates, or by a gate and an input",
    );
    check_error(&old.replace("2 1 4 1 5 XOR\n", ""), "line 4: 1 gates; the header announces 2");
    check_error(&old.replace("2 2 1", "2 2 7"), "line 2: outputs of 7 bits in all; the circuit has only 6 wires");
    let header = check_header(&old.replace("2 2 1", "3 2 1"));
    assert!(header.starts_with("line 2: found three numbers and no line for outputs; expected"), "{header}");
}

fn check_header(text: &str) -> String {
    read(text).expect_err("the header is wrong").to_string()
}

#[test]
fn huge_counts_are_refused_before_they_are_allocated() {
    let huge = u64::MAX;
    check_error(
        &format!("{huge} {huge}\n1 {huge}\n1 1\n"),
        "line 1: the header announces 18446744073709551615 wires, more than a file of 69 bytes can describe",
    );
    check_error(
        &format!("1 3\n2 {huge} {huge}\n1 1\n"),
        &format!("line 2: inputs of {huge} bits in all; the circuit has only 3 wires"),
    );
    let counts = format!("line 4: AND with 3 numbers after the two counts; its counts ask for {huge}");
    check_error(&format!("1 3\n2 1 1\n1 1\n{huge} {huge} 0 1 2 AND"), &counts);
}

/// Writing and reading gives the circuit back, but for names, types and origins.
fn check_round_trip(circuit: &Circuit) {
    let text = write(circuit).expect("the circuit is small");
    let back = read(&text).expect("what we write is right");
    assert_eq!(verify(&back), Ok(()));
    assert_eq!(write(&back).as_ref(), Ok(&text), "reading and writing changes nothing");
    assert_eq!(shapes(&back), shapes(circuit));
}

proptest! {
    #[test]
    fn written_circuits_mean_the_same(seed: u64) {
        let circuit = random::circuit(seed, Size { n_blocks: 3, n_nodes: 60 });
        let flat = flatten(&circuit, 1 << 20).unwrap();
        let back = read(&write(&circuit).unwrap()).unwrap();
        prop_assert_eq!(verify(&back), Ok(()));
        prop_assert_eq!(shapes(&back), shapes(&circuit));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for _ in 0..8 {
            let inputs = random::inputs(&circuit, &mut rng);
            prop_assert_eq!(evaluate_bits(&back, &inputs), evaluate_bits(&flat, &inputs));
        }
    }

    /// Inputs of the first party first, then those of others.
    #[test]
    fn circuits_in_the_old_format_mean_the_same(seed: u64) {
        let circuit = random::circuit(seed, Size { n_blocks: 3, n_nodes: 60 });
        let ordered = in_old_order(&circuit);
        prop_assert_eq!(verify(&ordered), Ok(()));
        let Ok(text) = write_old(&circuit) else { return Ok(()) };
        prop_assert!(text.lines().skip(2).all(|line| line.is_empty() || ["AND", "XOR", "INV"].iter().any(|gate| line.ends_with(gate))));
        let back = read(&text).unwrap();
        prop_assert_eq!(verify(&back), Ok(()));
        let bits = |first: bool| -> u64 {
            circuit.inputs.iter().filter(|port| (port.party.0 == 0) == first).map(|port| port.shape.width()).sum()
        };
        let inputs = if bits(false) == 0 { vec![bits(true)] } else { vec![bits(true), bits(false)] };
        prop_assert_eq!(shapes(&back).0, inputs);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for _ in 0..8 {
            let inputs = random::inputs(&circuit, &mut rng);
            let mut rest = &inputs[..];
            let (mut first, mut others) = (Vec::new(), Vec::new());
            for port in &circuit.inputs {
                let bits = rest.split_off(..port.shape.width() as usize).unwrap();
                if port.party.0 == 0 { &mut first } else { &mut others }.extend_from_slice(bits);
            }
            let in_order = [first, others].concat();
            prop_assert_eq!(evaluate_bits(&back, &in_order), evaluate_bits(&circuit, &inputs));
            prop_assert_eq!(evaluate_bits(&ordered, &in_order), evaluate_bits(&circuit, &inputs));
        }
    }

    #[test]
    fn what_was_read_survives_the_round_trip(seed: u64) {
        let circuit = random::circuit(seed, Size { n_blocks: 3, n_nodes: 60 });
        let once = read(&write(&circuit).unwrap()).unwrap();
        check_round_trip(&once);
        prop_assert_eq!(read(&write(&once).unwrap()), Ok(once));
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC*", numbers in "([0-9]{1,3}[ \n]){0,40}") {
        let _ = read(&text);
        let _ = read(&numbers);
    }

    #[test]
    fn mutated_files_never_panic(
        seed: u64,
        edits in prop::collection::vec((any::<prop::sample::Index>(), "[0-9 \n]{0,3}|AND|XOR|MAND|EQ"), 1..4),
    ) {
        let circuit = random::circuit(seed, Size { n_blocks: 2, n_nodes: 40 });
        let mut text = write(&circuit).unwrap();
        for (at, with) in edits {
            let at = at.index(text.len());
            text.replace_range(at..at + 1, &with);
        }
        if let Ok(circuit) = read(&text) {
            prop_assert_eq!(verify(&circuit), Ok(()));
            check_round_trip(&circuit);
        }
    }
}
