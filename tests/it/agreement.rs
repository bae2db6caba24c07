//! Several answers to one question: interpreter, plain circuit, optimised circuit, and garbled run, on generated programs and inputs.
//!
//! A program is named by its seed. Most are garbled and evaluated in memory, table by table; every so many run as a whole
//! session, with handshake, oblivious transfer and authenticated outputs. Each does so once with everything garbled in full, and once for
//! each garbler with what the parties can compute by themselves taken out.

use std::collections::BTreeMap;

use hushgate_circuits::circuit::OutputPort;
use hushgate_circuits::evaluate::evaluate_bits;
use hushgate_circuits::id::PartyId;
use hushgate_circuits::local::split;
use hushgate_circuits::optimize::optimize;
use hushgate_circuits::plan::{self, Plan};
use hushgate_circuits::schedule::{schedule, schedule_split};
use hushgate_circuits::shape::Value;
use hushgate_compiler::hir::{From, Program};
use hushgate_compiler::lower::{Limits, analyse, build, ty_shape};
use hushgate_compiler::{Options, Sources, check, generate, interpret};
use hushgate_runtime::block::{Block, Delta};
use hushgate_runtime::channel::{Timeouts, memory};
use hushgate_runtime::garble::output::{DecodeBits, OutputContext, OutputDigests, OutputProof, PermuteBits};
use hushgate_runtime::garble::{Evaluator, Garbler, Threads, known};
use hushgate_runtime::kernel::Kernel;
use hushgate_runtime::session::{self, RoleChoice, SealedPlan, SessionConfig, Stop};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Accepted programs that are compared, in CI too; `PROGRAMS` in the environment asks for more, `FIRST_SEED` for others.
const PROGRAMS: u64 = 5_000;
/// One in so many runs as a session.
const SESSION_EVERY: u64 = 25;
/// One in so many is optimised at the highest level, which takes long.
const THOROUGH_EVERY: u64 = 50;
/// Loops are rolled wherever they can be.
const ROLLING: Limits = Limits { unroll_steps_max: 0, ..Limits::DEFAULT };

#[test]
fn interpreter_circuit_and_garbled_run_agree() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut n_accepted = 0;
    let mut seed = number("FIRST_SEED").unwrap_or(0);
    while n_accepted < number("PROGRAMS").unwrap_or(PROGRAMS) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let text = generate::program(&mut rng);
        let checked = check(&Sources { name: "generated", text: &text, load: &|_| None }, &Options::default());
        if let Some(program) = checked.program {
            // Every other program with its loops rolled, if it can be proven so.
            let rolls = n_accepted % 2 == 1 && analyse(&program, ROLLING).is_empty();
            let level = if n_accepted % THOROUGH_EVERY == 0 { 3 } else { (n_accepted / 2 % 3) as u8 };
            let limits = if rolls { ROLLING } else { Limits::DEFAULT };
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                Question::new(&program, limits, level, &mut rng)
            }));
            let Ok(question) = outcome else { panic!("seed {seed}, program {n_accepted}, level {level}:\n{text}") };
            for plan in &question.plans {
                let answer = question.garbled_in_memory(plan, &mut rng);
                answer.unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
                if n_accepted % SESSION_EVERY == 0 {
                    let answer = runtime.block_on(question.session(plan, &mut rng));
                    answer.unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
                }
            }
            n_accepted += 1;
        }
        seed += 1;
    }
}

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// A program with inputs, and the answer on which interpreter, circuit and plans agree.
struct Question {
    /// For any garbler, for the first party, and for the second.
    plans: [Plan; 3],
    /// The bits of all input ports.
    inputs: Vec<bool>,
    /// The bits of all output ports.
    answer: Vec<bool>,
}

impl Question {
    fn new(program: &Program, limits: Limits, level: u8, rng: &mut ChaCha8Rng) -> Question {
        let main = program.main.as_ref().expect("generated programs have a `main`");
        let values: Vec<Value> =
            main.inputs.iter().map(|input| generate::value(&ty_shape(program, &input.ty), rng)).collect();
        let named = || main.inputs.iter().zip(&values);
        let public: BTreeMap<String, Value> = named()
            .filter(|(input, _)| input.from == From::Public)
            .map(|(input, value)| (input.name.clone(), value.clone()))
            .collect();
        let circuit = build(program, &public, limits).expect("an accepted program builds").circuit;

        let secret = named().flat_map(|(input, value)| match (&input.from, value) {
            (From::Public, _) => &[][..],
            (From::Each(_), Value::List(members)) => members,
            (_, value) => std::slice::from_ref(value),
        });
        let inputs: Vec<bool> =
            circuit.inputs.iter().zip(secret).flat_map(|(port, value)| port.shape.encode(value).unwrap()).collect();
        let ran = interpret::run_main(program, &values).expect("an accepted program runs");
        // Where a requirement does not hold every bit is 0, also where no value of the type looks so.
        let bits = |(port, value): (&OutputPort, &Value)| match ran.unmet {
            Some(_) => vec![false; port.shape.width() as usize],
            None => port.shape.encode(value).unwrap(),
        };
        let answer: Vec<bool> = circuit.outputs.iter().zip(&ran.outputs).flat_map(bits).collect();
        assert_eq!(evaluate_bits(&circuit, &inputs), answer, "the circuit disagrees with the interpreter");
        let circuit = optimize(circuit, level);
        assert_eq!(evaluate_bits(&circuit, &inputs), answer, "the optimised circuit disagrees with the interpreter");
        let plan_for =
            |party| schedule_split(&split(&circuit, PartyId(party), &session::transfer_bytes).expect("it is small"));
        let plans = [schedule(&circuit), plan_for(0), plan_for(1)];
        for plan in &plans {
            assert_eq!(plan::run(plan, &inputs), answer, "a plan disagrees with the interpreter");
            assert!(plan.table_bytes() <= plans[0].table_bytes());
        }
        Question { plans, inputs, answer }
    }

    /// Garbles and evaluates, and opens all outputs towards both sides.
    fn garbled_in_memory(&self, plan: &Plan, rng: &mut ChaCha8Rng) -> Result<(), String> {
        let (delta, s, constant) = (Delta::random(rng), Block::random(rng), Block::random(rng));
        let (zero, active) = self.labels(plan, &delta, rng);
        let mut tables: Vec<Block> = Vec::new();
        let kernel = Kernel::detect();
        let Ok(zero) = Garbler::new(kernel, &delta, s, constant, 0).garble(plan, &zero, &mut tables);
        let mut source = tables.as_slice();
        let mut evaluator = Evaluator::new(kernel, s, constant, 0);
        let active = evaluator.evaluate(plan, &active, &mut source).map_err(|error| error.to_string())?;

        let context = OutputContext { session: &[7; 32], s, first_output: 0 };
        let digests = OutputDigests::new(context, &delta, &zero);
        let evaluators = digests.open(context, &DecodeBits::of(&zero), &active).map_err(|error| error.to_string())?;
        let proof = OutputProof::new(context, &active);
        let garblers =
            proof.open(context, &delta, &PermuteBits::of(&active), &zero).map_err(|error| error.to_string())?;
        if evaluators != self.answer || garblers != self.answer {
            return Err("the garbled run disagrees with the interpreter".to_owned());
        }
        Ok(())
    }

    /// The zero labels and the active labels of main's inputs.
    fn labels(&self, plan: &Plan, delta: &Delta, rng: &mut ChaCha8Rng) -> (Vec<Block>, Vec<Block>) {
        let mut random = |n: usize| -> Vec<Block> { (0..n).map(|_| Block::random(rng)).collect() };
        let active_of = |zero: &[Block], bits: &[bool]| -> Vec<Block> {
            zero.iter().zip(bits).map(|(x0, &x)| *x0 ^ delta.times(x)).collect()
        };
        let Some(local) = &plan.local else {
            let zero = random(self.inputs.len());
            return (zero.clone(), active_of(&zero, &self.inputs));
        };
        let ours = self.inputs_of(local.garbler.0);
        let entered = plan::run_own(local, &self.inputs_of(1 - local.garbler.0));
        let sent = random(entered.len());
        let received = active_of(&sent, &entered).into();
        let zero = [known::zeros_of_garbler(delta, &ours), known::zeros_of_evaluator(sent.into())];
        let active = [known::actives_of_garbler(ours.len()), known::actives_of_evaluator(received, &entered)];
        (zero.map(|labels| labels.to_vec()).concat(), active.map(|labels| labels.to_vec()).concat())
    }

    /// Runs a whole session between both parties.
    async fn session(&self, plan: &Plan, rng: &mut ChaCha8Rng) -> Result<(), String> {
        let plan = SealedPlan::new(plan.clone()).map_err(|invalid| invalid.to_string())?;
        let (first, second) = memory::pair();
        let mut rngs = [ChaCha8Rng::from_rng(rng), ChaCha8Rng::from_rng(rng)];
        let [first_rng, second_rng] = &mut rngs;
        let inputs = [self.inputs_of(0), self.inputs_of(1)];
        let (first, second) = tokio::join!(
            session::run(first, config(&plan, 0), &inputs[0], first_rng),
            session::run(second, config(&plan, 1), &inputs[1], second_rng)
        );
        for (party, outcome) in [(0, first), (1, second)] {
            let outcome = outcome.map_err(|error| error.to_string())?;
            if outcome.outputs != self.outputs_of(party) {
                return Err(format!("the session gives party {party} another result than the interpreter"));
            }
        }
        Ok(())
    }

    fn inputs_of(&self, party: u32) -> Vec<bool> {
        let mut rest = self.inputs.as_slice();
        let mut own = Vec::new();
        for port in &self.plans[0].inputs {
            let (bits, after) = rest.split_at(port.shape.width() as usize);
            rest = after;
            if port.party.0 == party {
                own.extend_from_slice(bits);
            }
        }
        own
    }

    fn outputs_of(&self, party: u32) -> Vec<Option<Vec<bool>>> {
        let mut rest = self.answer.as_slice();
        let mut own = Vec::new();
        for port in &self.plans[0].outputs {
            let (bits, after) = rest.split_at(port.shape.width() as usize);
            rest = after;
            own.push(port.recipients.iter().any(|recipient| recipient.0 == party).then(|| bits.to_vec()));
        }
        own
    }
}

fn config(plan: &SealedPlan, party: u32) -> SessionConfig {
    SessionConfig {
        plan: plan.clone(),
        n_runs: 1,
        then: Vec::new(),
        party: PartyId(party),
        role: RoleChoice::Auto,
        agreement: Vec::new(),
        origin: Vec::new(),
        timeouts: Timeouts::default(),
        network: None,
        stop: Stop::default(),
        kernel: Kernel::detect(),
        threads: Threads::ONE,
    }
}
