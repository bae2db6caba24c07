//! The rows: what is measured, and what the best compiler or public circuit elsewhere gives for the same function.

/// A row of the table.
pub struct Row {
    /// As in `circuits/NAME`.
    pub name: &'static str,
    /// In words.
    pub what: &'static str,
    pub subject: Subject,
    /// ANDs of the best compiler or public circuit for the same function, where one is known.
    pub best_elsewhere: Option<u64>,
}

/// What a row measures.
pub enum Subject {
    /// A row of the gadgets' table, by its name there.
    Gadget(&'static str),
    /// The text of a program in Hush.
    Program(&'static str),
}

const fn gadget(name: &'static str, what: &'static str, best_elsewhere: Option<u64>) -> Row {
    Row { name, what, subject: Subject::Gadget(what), best_elsewhere }
}

macro_rules! program {
    ($name:literal, $what:literal, $best:expr) => {
        Row {
            name: $name,
            what: $what,
            subject: Subject::Program(include_str!(concat!("../../../../benches/circuits/", $name, ".hush"))),
            best_elsewhere: $best,
        }
    };
}

/// All rows.
pub const ROWS: &[Row] = &[
    gadget("add32", "add 32", Some(31)),
    gadget("add64", "add 64", Some(63)),
    gadget("less64", "less 64", Some(64)),
    gadget("equal64", "equal 64", Some(63)),
    gadget("select64", "select 64", Some(64)),
    gadget("shift32", "shift left 32 by 5 bits", Some(160)),
    gadget("mul32", "multiply 32×32→32", Some(993)),
    gadget("mul64", "multiply 64×64→64", Some(4_006)),
    gadget("mul32-full", "multiply 32×32→64", Some(1_745)),
    gadget("mul64-full", "multiply 64×64→128", Some(5_760)),
    gadget("div32", "divide 32, quotient", Some(1_085)),
    gadget("div64", "divide 64, quotient", Some(4_221)),
    gadget("divrem32", "divide 32, quotient and remainder", Some(1_117)),
    gadget("divrem64", "divide 64, quotient and remainder", Some(4_285)),
    gadget("div32-by10", "divide 32 by 10, quotient", Some(113)),
    gadget("sqrt32", "square root 32", None),
    gadget("sqrt64", "square root 64", None),
    gadget("popcount32", "population count 32", Some(41)),
    gadget("popcount64", "population count 64", Some(75)),
    gadget("hamming160", "Hamming distance 160", Some(312)),
    gadget("hamming1600", "Hamming distance 1600", Some(3_190)),
    gadget("edit50", "edit distance 50×50, 4-bit symbols", Some(120_360)),
    gadget("sbox", "AES S-box", Some(32)),
    gadget("aes128", "AES-128 with key schedule", Some(6_400)),
    gadget("sha256", "SHA-256, one block", Some(22_573)),
    gadget("keccak", "Keccak-f[1600]", Some(38_400)),
    gadget("sort16", "sort 16×32", Some(5_120)),
    gadget("sort128", "sort 128×32", Some(114_688)),
    gadget("read64", "read 64×32 at a secret index", Some(2_016)),
    gadget("read1024", "read 1024×32 at a secret index", Some(32_736)),
    gadget("write64", "write 64×32 at a secret index", Some(65_576)),
    gadget("write1024", "write 1024×32 at a secret index", Some(1_048_624)),
    program!("f32-add", "binary32 sum", Some(986)),
    program!("f32-mul", "binary32 product", Some(3_571)),
    program!("f32-div", "binary32 quotient", Some(3_809)),
    program!("f32-sqrt", "binary32 square root", Some(3_006)),
    program!("f32-less", "binary32 comparison", Some(213)),
    program!("f64-add", "binary64 sum", Some(5_385)),
    program!("f64-mul", "binary64 product", Some(19_626)),
    program!("millionaires32", "millionaires, 32 bits", Some(32)),
    program!("millionaires64", "millionaires, 64 bits", Some(64)),
    program!("vickrey64", "Vickrey auction, 64 + 64 bids", None),
    program!("edit64", "edit distance 64×64 of bytes", None),
    program!("psi-count256", "set intersection 256, count", Some(184_972)),
    program!("psi-sum256", "set intersection 256, sum", None),
    program!("psi-sum1024", "set intersection 1,024, sum", None),
    program!("hamming1024", "Hamming distance 1,024", None),
    program!("matmul8", "matrix product 8×8×8", Some(522_304)),
    program!("matmul16", "matrix product 16×16×16", None),
    program!("sort64", "sort 64", None),
    program!("sort1024", "sort 1,024", None),
    program!("aes128-hush", "AES-128, key and block of two parties", Some(6_400)),
    program!("sha256-hush", "SHA-256 of 55 bytes", None),
    program!("hmac-sha256", "HMAC-SHA-256 of 64 bytes", None),
    program!("knn", "5 nearest of 128 points", None),
    program!("decision-tree", "decision tree of depth 8", None),
    program!("dijkstra32", "shortest way, 32 places", None),
    program!("double-auction1000", "double auction, 1,000 levels", None),
];
