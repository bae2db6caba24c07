//! Overflow is impossible: small programs that store values in declared types without `wrap` or `saturate`, so that only a proof lets
//! them pass, are run on every input there is.
//!
//! Of an accepted program the interpreter computes the exact meaning with whole numbers of any size; it stops where a value leaves its
//! type, a divisor is 0 or an index lies outside. It must not stop, and the circuit must give the same.

use std::collections::BTreeMap;

use hushgate_circuits::evaluate::evaluate_values;
use hushgate_circuits::optimize::{LEVEL_DEFAULT, optimize};
use hushgate_circuits::shape::Value;
use hushgate_compiler::interpret::run;
use hushgate_compiler::{Options, Sources, check};
use num_bigint::BigInt;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::lowered::built;

/// Accepted programs that are run; `EXACT` in the environment asks for more.
const PROGRAMS: u32 = 500;
/// The inputs: names, types, and their ends.
const INPUTS: [(&str, &str, i64, i64); 3] = [("x", "u3", 0, 7), ("y", "i3", -4, 3), ("z", "u3 in 1..=5", 1, 5)];

#[test]
fn no_accepted_program_overflows_on_any_input() {
    let wanted = std::env::var("EXACT").ok().and_then(|n| n.parse().ok()).unwrap_or(PROGRAMS);
    let first: u64 = std::env::var("FIRST_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let (mut n_accepted, mut seed) = (0, first);
    while n_accepted < wanted {
        let text = Small::new(seed).program();
        if agrees_everywhere(&text, seed) {
            n_accepted += 1;
        }
        seed += 1;
    }
    let n_tried = seed - first;
    assert!(u64::from(n_accepted) * 20 > n_tried, "{n_accepted} of {n_tried} programs are accepted");
    assert!(u64::from(n_accepted) * 10 < n_tried * 9, "{n_accepted} of {n_tried} programs are accepted");
}

/// Whether a program is accepted; then it is run on all inputs.
fn agrees_everywhere(text: &str, seed: u64) -> bool {
    let checked = check(&Sources { name: "small", text, load: &|_| None }, &Options::default());
    let Some(program) = checked.program else { return false };
    let plain = built(&program, &BTreeMap::new()).circuit;
    let optimized = optimize(plain.clone(), LEVEL_DEFAULT);
    let ends = INPUTS.map(|(.., lo, hi)| lo..=hi);
    for x in ends[0].clone() {
        for y in ends[1].clone() {
            for z in ends[2].clone() {
                let inputs = [x, y, z].map(|n| Value::Int(BigInt::from(n)));
                let exact = run(&program, &inputs);
                let exact = exact.unwrap_or_else(|error| panic!("seed {seed}: {error:?} on {x}, {y}, {z}\n{text}"));
                for circuit in [&plain, &optimized] {
                    let found = evaluate_values(circuit, &inputs).expect("the inputs fit");
                    assert_eq!(found, exact, "seed {seed}: on {x}, {y}, {z}\n{text}");
                }
            }
        }
    }
    true
}

/// Makes a program over the inputs.
struct Small {
    rng: ChaCha8Rng,
    names: Vec<String>,
    n_names: u32,
}

impl Small {
    fn new(seed: u64) -> Small {
        let names = INPUTS.iter().map(|(name, ..)| (*name).to_owned()).collect();
        Small { rng: ChaCha8Rng::seed_from_u64(seed), names, n_names: 0 }
    }

    fn program(mut self) -> String {
        let params: Vec<String> = INPUTS.iter().map(|(name, ty, ..)| format!("{name}: {ty} from a")).collect();
        let mut body = String::new();
        for _ in 0..1 + self.below(3) {
            body += &self.statement(1);
        }
        format!("party a;\n\nfn main({}) -> i48 to a {{\n{body}    {}\n}}\n", params.join(", "), self.number(2))
    }

    fn statement(&mut self, depth: usize) -> String {
        let pad = "    ".repeat(depth);
        match self.below(if depth < 3 { 7 } else { 3 }) {
            0..=2 => {
                let (ty, value) = (self.ty(), self.number(2));
                format!("{pad}let {}: {ty} = {value};\n", self.new_name())
            }
            3 => format!("{pad}let {} = {};\n", "_", self.number(2)),
            4 | 5 => {
                let condition = self.condition();
                let n_outer = self.names.len();
                let inner = self.statement(depth + 1) + &self.statement(depth + 1);
                self.names.truncate(n_outer);
                format!("{pad}if {condition} {{\n{inner}{pad}}}\n")
            }
            _ => {
                let (ty, start, n) = (self.ty(), self.number(1), 1 + self.below(5));
                let (total, i) = (self.new_name(), self.new_name());
                let step = self.number(2);
                let n_outer = self.names.len() - 1;
                self.names.truncate(n_outer);
                format!("{pad}let mut {total}: {ty} = {start};\n{pad}for {i} in 0..{n} {{ {total} = {step}; }}\n")
            }
        }
    }

    fn new_name(&mut self) -> String {
        self.n_names += 1;
        let name = format!("v{}", self.n_names);
        self.names.push(name.clone());
        name
    }

    fn ty(&mut self) -> String {
        let width = 2 + self.below(7);
        match self.below(4) {
            0 => format!("i{width}"),
            1 => format!("u{width} in 0..={}", 1 + self.below((1 << width) - 1)),
            _ => format!("u{width}"),
        }
    }

    fn condition(&mut self) -> String {
        let op = ["<", "<=", ">", ">=", "==", "!="][self.below(6) as usize];
        let one = format!("{} {op} {}", self.number(1), self.number(1));
        match self.below(4) {
            0 => format!("{one} && {} >= {}", self.number(1), self.number(1)),
            1 => format!("{one} || {} < {}", self.number(1), self.number(1)),
            _ => one,
        }
    }

    fn number(&mut self, depth: u32) -> String {
        if depth == 0 || self.below(5) == 0 {
            return match self.below(4) {
                0 => self.below(9).to_string(),
                _ => self.names[self.rng.random_range(0..self.names.len())].clone(),
            };
        }
        let d = depth - 1;
        match self.below(17) {
            0 | 1 => format!("({} + {})", self.number(d), self.number(d)),
            2..=4 => format!("({} - {})", self.number(d), self.number(d)),
            5 => format!("({} * {})", self.number(d), self.number(d)),
            6 => format!("({} / {})", self.number(d), self.number(d)),
            7 => format!("({} % {})", self.number(d), self.number(d)),
            8 => format!("({} >> {})", self.number(d), self.below(4)),
            9 => format!("({} << {})", self.number(d), self.below(4)),
            10 => {
                let op = ["&", "|", "^"][self.below(3) as usize];
                format!("({} {op} {})", self.number(d), self.number(d))
            }
            11 => {
                let op = ["min", "max"][self.below(2) as usize];
                format!("{op}({}, {})", self.number(d), self.number(d))
            }
            12 => format!("({}).abs()", self.number(d)),
            13 => {
                let (a, b, w) = (self.number(d), self.number(d), self.number(0));
                format!("(({a} * {w} + {b} * (7 - {w})) / 7)")
            }
            14 => {
                let (a, b) = (self.number(0), self.number(0));
                format!("({a} - {a} / {b} * {b})")
            }
            15 => {
                let (a, k) = (self.number(0), self.below(3));
                format!("({a} - (({a} >> {k}) << {k}))")
            }
            _ => format!("(if {} {{ {} }} else {{ {} }})", self.condition(), self.number(d), self.number(d)),
        }
    }

    fn below(&mut self, n: u32) -> u32 {
        self.rng.random_range(0..n)
    }
}
