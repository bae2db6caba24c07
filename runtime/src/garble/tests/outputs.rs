//! Decoding and authentication of outputs: right bits pass, changed ones never do.

use super::super::output::*;
use super::*;

struct Outputs {
    session: Session,
    zero_labels: Vec<Label>,
    values: Vec<bool>,
    active: Vec<Label>,
}

const ID: [u8; 32] = [7; 32];

fn outputs(n: usize) -> Outputs {
    let mut rng = ChaCha8Rng::seed_from_u64(n as u64);
    let session = Session::random(&mut rng);
    let (zero_labels, values) = (random_labels(&mut rng, n), random_bits(&mut rng, n));
    let active = session.active(&zero_labels, &values);
    Outputs { session, zero_labels, values, active }
}

impl Outputs {
    fn context(&self) -> OutputContext<'_> {
        OutputContext { session: &ID, s: self.session.s, first_output: 3 }
    }

    fn digests(&self) -> OutputDigests {
        OutputDigests::new(self.context(), &self.session.delta, &self.zero_labels)
    }

    fn open_proof(&self, proof: OutputProof, permute: &PermuteBits) -> Result<Vec<bool>, OutputForged> {
        proof.open(self.context(), &self.session.delta, permute, &self.zero_labels)
    }
}

fn flip(block: Block, bit: usize) -> Block {
    Block::from(u128::from(block) ^ 1 << bit)
}

#[test]
fn honest_outputs_open_on_both_sides() {
    for n in [0, 1, 7, 8, 9, 100] {
        let outputs = outputs(n);
        let decode = DecodeBits::of(&outputs.zero_labels);
        let digests = OutputDigests::from_bytes(&outputs.digests().to_bytes(), n).unwrap();
        assert_eq!(digests.open(outputs.context(), &decode, &outputs.active), Ok(outputs.values.clone()));
        let proof = OutputProof::from_bytes(OutputProof::new(outputs.context(), &outputs.active).to_bytes());
        assert_eq!(outputs.open_proof(proof, &PermuteBits::of(&outputs.active)), Ok(outputs.values.clone()));
    }
}

#[test]
fn the_evaluator_refuses_changed_labels_bits_and_digests() {
    let outputs = outputs(10);
    let decode = DecodeBits::of(&outputs.zero_labels);
    for (i, bit) in [(0, 0), (3, 1), (9, 64), (5, 127)] {
        let mut active = outputs.active.clone();
        active[i] = flip(active[i], bit);
        assert_eq!(outputs.digests().open(outputs.context(), &decode, &active), Err(OutputForged));
        let mut bytes = outputs.digests().to_bytes();
        bytes[32 * i + 16 * usize::from(outputs.values[i]) + bit / 8] ^= 1 << (bit % 8);
        let digests = OutputDigests::from_bytes(&bytes, 10).unwrap();
        assert_eq!(digests.open(outputs.context(), &decode, &outputs.active), Err(OutputForged));
        let mut bits: Vec<bool> = decode.packed().iter().collect();
        bits[i] ^= true;
        let decode = DecodeBits::from_packed(PackedBits::new(bits));
        assert_eq!(outputs.digests().open(outputs.context(), &decode, &outputs.active), Err(OutputForged));
    }
}

#[test]
fn the_garbler_refuses_changed_bits_proofs_and_contexts() {
    let outputs = outputs(10);
    let proof = OutputProof::new(outputs.context(), &outputs.active);
    let permute = PermuteBits::of(&outputs.active);
    for i in 0..10 {
        let mut bits: Vec<bool> = permute.packed().iter().collect();
        bits[i] ^= true;
        let forged = PermuteBits::from_packed(PackedBits::new(bits));
        assert_eq!(outputs.open_proof(proof, &forged), Err(OutputForged));
        let mut active = outputs.active.clone();
        active[i] = flip(active[i], 0);
        let forged_proof = OutputProof::new(outputs.context(), &active);
        assert_eq!(outputs.open_proof(forged_proof, &PermuteBits::of(&active)), Err(OutputForged));
    }
    let other_session = OutputContext { session: &[8; 32], ..outputs.context() };
    assert_eq!(outputs.open_proof(OutputProof::new(other_session, &outputs.active), &permute), Err(OutputForged));
    let other_place = OutputContext { first_output: 4, ..outputs.context() };
    assert_eq!(outputs.open_proof(OutputProof::new(other_place, &outputs.active), &permute), Err(OutputForged));
}

/// A changed table or input label never turns an output unnoticed: an error, or the right answer.
#[test]
fn changed_tables_never_give_wrong_answers() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let (session, plan) = (Session::random(&mut rng), plans::repeated());
    let n_inputs = plan.main().n_inputs as usize;
    let (zero_labels, bits) = (random_labels(&mut rng, n_inputs), random_bits(&mut rng, n_inputs));
    let mut tables = Vec::new();
    let zero_outputs = session.garbler(Kernel::detect()).garble(&plan, &zero_labels, &mut tables).unwrap();
    let expected = run_plain(&plan, &bits);
    let context = OutputContext { session: &ID, s: session.s, first_output: 0 };
    let digests = OutputDigests::new(context, &session.delta, &zero_outputs);
    let mut n_refused = 0;
    for case in 0..tables.len() * 4 {
        let mut changed = tables.clone();
        changed[case / 4] = flip(changed[case / 4], [0, 1, 63, 127][case % 4]);
        let mut evaluator = session.evaluator(Kernel::detect());
        let active = evaluator.evaluate(&plan, &session.active(&zero_labels, &bits), &mut &changed[..]).unwrap();
        let at_evaluator = digests.open(context, &DecodeBits::of(&zero_outputs), &active);
        let proof = OutputProof::new(context, &active);
        let at_garbler = proof.open(context, &session.delta, &PermuteBits::of(&active), &zero_outputs);
        assert_eq!(at_evaluator, at_garbler);
        match at_evaluator {
            Ok(values) => assert_eq!(values, expected),
            Err(OutputForged) => n_refused += 1,
        }
    }
    assert!(n_refused > 0, "some change matters");
}

#[test]
fn packed_bits_refuse_wrong_lengths_and_padding() {
    let bits = [true, false, true, true, false, false, false, false, true];
    let packed = PackedBits::new(bits);
    assert_eq!(packed.bytes(), [0b1101, 1]);
    assert_eq!(packed.iter().collect::<Vec<_>>(), bits);
    assert_eq!(PackedBits::from_bytes(packed.bytes(), 9), Ok(packed));
    assert_eq!(PackedBits::from_bytes(&[], 0).map(|bits| bits.len()), Ok(0));
    let malformed = |bytes: &[u8], n| PackedBits::from_bytes(bytes, n).is_err();
    assert!(malformed(&[13, 2], 9) && malformed(&[13], 9) && malformed(&[13, 1, 0], 9) && malformed(&[0], 0));
    assert!(OutputDigests::from_bytes(&[0; 33], 1).is_err() && OutputDigests::from_bytes(&[0; 48], 1).is_err());
}
