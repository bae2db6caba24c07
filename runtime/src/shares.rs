//! Many participants, two computing parties: everybody else sends each of the two a share of its inputs.
//!
//! A participant splits each input bit x into x_A ⊕ x_B, of which x_A is random, and each output bit that it will learn is masked with a pad that
//! it splits alike. One share enters as an input of the garbler, the other as one of the evaluator, and XOR is free: the number of participants costs no
//! AND gate. [`mod@split`] makes the circuit of the two, [`envelope`] seals a share for the one who may open it.
//!
//! # Security
//! Each share alone is random: neither computing party learns anything of a participant's inputs or outputs from what it holds. The two together hold
//! everything. That they do not put it together is the assumption under which participants are protected; participants
//! need no trust in each other, and none in the network.

pub mod envelope;
pub mod split;
