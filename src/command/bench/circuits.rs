//! AND gates of what the gadgets build, under the names that scripts rely on.

use hushgate_circuits::gadgets::table;

use super::Bench;

/// A figure's name, and the gadget's in the table of `benches/gadgets.md`.
const ROWS: [(&str, &str); 30] = [
    ("add32", "add 32"),
    ("add64", "add 64"),
    ("millionaires64", "less 64"),
    ("equal64", "equal 64"),
    ("select64", "select 64"),
    ("mul32", "multiply 32×32→32"),
    ("mul64", "multiply 64×64→64"),
    ("mul32-full", "multiply 32×32→64"),
    ("mul64-full", "multiply 64×64→128"),
    ("div32", "divide 32, quotient"),
    ("div64", "divide 64, quotient"),
    ("divrem32", "divide 32, quotient and remainder"),
    ("divrem64", "divide 64, quotient and remainder"),
    ("div32-by10", "divide 32 by 10, quotient"),
    ("sqrt32", "square root 32"),
    ("sqrt64", "square root 64"),
    ("popcount32", "population count 32"),
    ("popcount64", "population count 64"),
    ("hamming160", "Hamming distance 160"),
    ("hamming1600", "Hamming distance 1600"),
    ("edit50", "edit distance 50×50, 4-bit symbols"),
    ("aes128", "AES-128 with key schedule"),
    ("sha256", "SHA-256, one block"),
    ("keccak", "Keccak-f[1600]"),
    ("sort16", "sort 16×32"),
    ("sort128", "sort 128×32"),
    ("read64", "read 64×32 at a secret index"),
    ("read1024", "read 1024×32 at a secret index"),
    ("write64", "write 64×32 at a secret index"),
    ("write1024", "write 1024×32 at a secret index"),
];

/// Builds each gadget and counts.
pub fn run(bench: &mut Bench) {
    for (name, gadget) in ROWS {
        let cost = table::cost_of(gadget).expect("every gadget named here is in the table");
        bench.add_with(&format!("circuits/{name}"), cost.n_ands as f64, "AND", &[("xor_gates", cost.n_xors as f64)]);
    }
}
