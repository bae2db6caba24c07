//! What a FILE argument stands for: a Hush program, a plan, or a Bristol Fashion circuit.
//!
//! All three end as a [`Compiled`] plan. Only a Hush program has parameters, public inputs, tests and source lines.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use anyhow::Context;
use num_bigint::BigInt;

use hushgate_circuits::circuit::{Circuit, InputPort, OutputPort};
use hushgate_circuits::id::{Origin, PartyId};
use hushgate_circuits::local::{Ands, Draft, Split};
use hushgate_circuits::optimize::optimize;
use hushgate_circuits::plan::{Plan, ReadError};
use hushgate_circuits::shape::Value;
use hushgate_circuits::{bristol, schedule};
use hushgate_compiler::budget;
use hushgate_compiler::cost::Origins;
use hushgate_compiler::diagnostic::{Code, render};
use hushgate_compiler::interpret::ErrorKind;
use hushgate_compiler::lower::{self, BuildError, Built, Limits};
use hushgate_compiler::source::{SourceMap, Span};
use hushgate_compiler::{Options, Sources, check, hir, interpret};
use hushgate_runtime::session;
use hushgate_runtime::shares::split::split as split_for_two;

use crate::cli::{Common, DataArgs};
use crate::command::trace::Trace;
use crate::data::{Given, Numbers, Source, Unique, bind, bind_runs, bind_table, list};
use crate::failure::Failure;
use crate::files::read_text;
use crate::proposal::{Sealed, SourceText};
use crate::{progress, seating, terminal};

/// The name that stands for the public inputs where a party is expected.
pub const PUBLIC: &str = "public";

/// A program as it was read, before its public inputs are known.
pub enum Program {
    /// From source.
    Hush(Box<Hush>),
    /// From a Bristol Fashion file.
    Circuit(Circuit),
    /// From a `.plan` file.
    Plan(Arc<Plan>),
}

/// A checked Hush program.
pub struct Hush {
    /// Its text, for messages.
    pub sources: SourceMap,
    /// What the checker made of it.
    pub program: hir::Program,
    /// Names and texts of its own files, the root first; the standard library is the compiler's.
    pub files: Vec<SourceText>,
    /// The proposal that it comes from.
    pub proposal: Option<Box<Sealed>>,
}

/// How a program becomes a plan.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// How much to optimise.
    pub opt_level: u8,
    /// Whether each party computes by itself what it can.
    pub local: bool,
    /// Who is to garble, if the user says so.
    pub garbler: Option<&'a str>,
    /// The two who compute, if the user says so.
    pub computing: Option<&'a str>,
}

/// A program that two parties can run.
pub struct Compiled {
    /// What they execute.
    pub plan: Arc<Plan>,
    /// What each party computes by itself; nothing without a circuit, or if that was not asked for.
    pub division: Option<Division>,
    /// The circuit, optimised, unless it was read from a plan.
    pub circuit: Option<Circuit>,
    /// Where gates come from, if there is source.
    pub origins: Option<Origins>,
    /// Build-time parameters and their values.
    pub params: Vec<(String, String)>,
    /// Digest of the public inputs' values, by name.
    pub public: Vec<(String, [u8; 32])>,
    /// The circuit of the program's own parties, where others compute for them.
    whole: Option<Circuit>,
    /// The program's own parties, inputs and outputs, also where others compute for them.
    pub border: Ports,
}

/// Who gives and who learns what.
#[derive(Clone)]
pub struct Ports {
    /// The parties.
    pub parties: Vec<String>,
    /// What they give.
    pub inputs: Vec<InputPort>,
    /// What they learn.
    pub outputs: Vec<OutputPort>,
}

impl Ports {
    fn of(plan: &Plan) -> Ports {
        Ports { parties: plan.parties.clone(), inputs: plan.inputs.clone(), outputs: plan.outputs.clone() }
    }
}

/// What those who take part without computing need to know.
pub struct Outline {
    /// Who gives and who learns what.
    pub border: Ports,
    /// The two who compute.
    pub computing: Vec<String>,
    /// Digest of what they execute.
    pub digest: [u8; 32],
}

/// How a circuit was divided, and why so.
pub struct Division {
    /// By party, the bytes that both would send in all if it garbled.
    pub bytes: Vec<u64>,
    /// ANDs executed, by what caused them.
    pub ands: BTreeMap<Origin, Ands>,
}

/// A program's file and the folder where its data are looked for.
pub struct Located {
    /// The program's own file.
    pub file: PathBuf,
    /// The folder that was named in its place, if one was.
    pub folder: Option<PathBuf>,
}

/// Finds the program that `path` names: itself, or in a folder `NAME.hush` named like it, or `main.hush`.
pub fn locate(path: &Path) -> Result<Located, Failure> {
    if !path.is_dir() {
        return Ok(Located { file: path.to_owned(), folder: None });
    }
    let name = path.canonicalize().ok().and_then(|full| Some(full.file_name()?.to_str()?.to_owned()));
    let own = name.map(|name| path.join(format!("{name}.hush")));
    let candidates = own.into_iter().chain([path.join("main.hush")]);
    match candidates.into_iter().find(|file| file.is_file()) {
        Some(file) => Ok(Located { file, folder: Some(path.to_owned()) }),
        None => Err(Failure::Usage(format!(
            "the folder {} holds no program: expected a .hush file named like the folder, or main.hush",
            path.display()
        ))),
    }
}

/// Reads the program at `path`, whatever its kind.
pub fn load(path: &Path, common: &Common) -> Result<Program, Failure> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("hush" | "proposal") => load_hush(path, false, common).map(|hush| Program::Hush(Box::new(hush))),
        Some("plan") if common.opt.is_some() => {
            Err(Failure::Usage("--opt is for programs and circuits: a plan is finished".to_owned()))
        }
        Some("plan") => {
            no_parameters(common, "a plan").and_then(|()| load_plan(path)).map(|plan| Program::Plan(plan.into()))
        }
        Some("txt") => no_parameters(common, "a circuit").and_then(|()| load_bristol(path)).map(Program::Circuit),
        _ => Err(Failure::Usage(format!(
            "{} is not a program: expected a .hush file, a folder with one, a .proposal, a .plan, or a Bristol Fashion .txt",
            path.display()
        ))),
    }
}

/// Reads and checks a Hush program, or the one in a proposal, tests included; warnings go to standard error.
pub fn load_tested(path: &Path, common: &Common) -> Result<Hush, Failure> {
    load_hush(path, true, common)
}

fn load_hush(path: &Path, with_tests: bool, common: &Common) -> Result<Hush, Failure> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("proposal") => load_proposal(path, with_tests, common),
        Some("hush") => {
            let text = read_text(path)?;
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            let load = |module: &str| read_text(&folder.join(module)).ok();
            let params = parameters(&common.set)?;
            check_hush(
                &Sources { name: &path.display().to_string(), text: &text, load: &load },
                params,
                with_tests,
                common,
            )
        }
        _ => Err(Failure::Usage(format!("{} is not a Hush program: expected a .hush file", path.display()))),
    }
}

/// Checks a program. Its tests may be about other parameters than those that are set: where they are not what is asked for, they may have errors.
fn check_hush(
    sources: &Sources<'_>,
    params: BTreeMap<String, BigInt>,
    with_tests: bool,
    common: &Common,
) -> Result<Hush, Failure> {
    let name = Path::new(sources.name).file_name().map_or(sources.name.into(), |name| name.to_string_lossy());
    let files = RefCell::new(vec![SourceText { name: name.into_owned(), text: sources.text.to_owned() }]);
    let load = |module: &str| {
        let text = (sources.load)(module)?;
        let known = files.borrow().iter().any(|file| file.name == module);
        if !known {
            files.borrow_mut().push(SourceText { name: module.to_owned(), text: text.clone() });
        }
        Some(text)
    };
    let sources = Sources { load: &load, ..*sources };
    let has_params = !params.is_empty();
    let options = Options { params, ..Options::default() };
    let mut checked = check(&sources, &options);
    if checked.program.is_none() && has_params && !with_tests {
        let without_tests = check(&sources, &Options { without_tests: true, ..options });
        checked = if without_tests.program.is_some() { without_tests } else { checked };
    }
    let Some(program) = checked.program else {
        return Err(Failure::diagnostics(&checked.sources, &checked.diagnostics, terminal::color()));
    };
    if !checked.diagnostics.is_empty() && !common.quiet {
        eprintln!("{}", render(&checked.sources, &checked.diagnostics, terminal::color()));
    }
    let mut files = files.into_inner();
    files[1..].sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Hush { sources: checked.sources, program, files, proposal: None })
}

/// The program that a proposal holds, with the parameters that it fixes.
fn load_proposal(path: &Path, with_tests: bool, common: &Common) -> Result<Hush, Failure> {
    if !common.set.is_empty() || common.opt.is_some() || common.no_local {
        return Err(Failure::Usage(
            "--set, --opt and --no-local are for programs: a proposal has fixed them".to_owned(),
        ));
    }
    let sealed = Sealed::read(path)?;
    let proposal = &sealed.proposal;
    let text = |name: &str| proposal.sources.iter().find(|file| file.name == name).map(|file| file.text.clone());
    let root = proposal.sources.first().ok_or_else(|| {
        Failure::Usage(format!("{}: the proposal has no source: it was not made by hushgate propose", path.display()))
    })?;
    let fixed: Vec<String> = proposal.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let sources = Sources { name: &root.name, text: &root.text, load: &text };
    let hush = check_hush(&sources, parameters(&fixed)?, with_tests, common)?;
    Ok(Hush { proposal: Some(Box::new(sealed)), ..hush })
}

/// Checks a program of one file that is not on disk.
pub fn load_text(name: &str, text: &str, common: &Common) -> Result<Hush, Failure> {
    check_hush(&Sources { name, text, load: &|_| None }, parameters(&common.set)?, false, common)
}

/// Checks a module of the standard library as a program of its own.
pub fn load_library(module: &str, common: &Common) -> Result<Hush, Failure> {
    let Some(text) = hushgate_compiler::std::text(module) else {
        let known: Vec<&str> = hushgate_compiler::std::names().collect();
        return Err(Failure::Usage(format!(
            "the standard library has no module `{module}`; its modules are: {}",
            known.join(", ")
        )));
    };
    let options = Options { params: parameters(&common.set)?, ..Options::default() };
    let name = format!("std/{module}.hush");
    let checked = check(&Sources { name: &name, text, load: &|_| None }, &options);
    match checked.program {
        Some(program) => Ok(Hush { sources: checked.sources, program, files: Vec::new(), proposal: None }),
        None => Err(Failure::diagnostics(&checked.sources, &checked.diagnostics, terminal::color())),
    }
}

fn load_plan(path: &Path) -> Result<Plan, Failure> {
    let cannot_read = || format!("cannot read {}", path.display());
    let file = std::fs::File::open(path).with_context(cannot_read)?;
    match Plan::read(file) {
        Err(ReadError::File(kind)) => Err(io::Error::from(kind)).with_context(cannot_read).map_err(Failure::from),
        read => read.map_err(|error| Failure::Program(format!("error: {}: {error}", path.display()))),
    }
}

/// The circuit in a Bristol file, with the names, types and owners that its sidecar says, if it has one.
fn load_bristol(path: &Path) -> Result<Circuit, Failure> {
    let text = read_text(path)?;
    let wrong =
        |path: &Path, error: &dyn std::fmt::Display| Failure::Program(format!("error: {}: {error}", path.display()));
    let circuit = bristol::read(&text).map_err(|error| wrong(path, &error))?;
    let sidecar = sidecar_of(path);
    if !sidecar.exists() {
        return Ok(circuit);
    }
    bristol::apply_sidecar(circuit, &text, &read_text(&sidecar)?).map_err(|error| wrong(&sidecar, &error))
}

/// Where the sidecar of a Bristol file is: `OUT.txt.json` of `OUT.txt`.
pub fn sidecar_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

fn no_parameters(common: &Common, what: &str) -> Result<(), Failure> {
    match common.set.as_slice() {
        [] => Ok(()),
        _ => Err(Failure::Usage(format!("--set is for Hush programs: {what} has no parameters left"))),
    }
}

fn parameters(set: &[String]) -> Result<BTreeMap<String, BigInt>, Failure> {
    let mut params = BTreeMap::new();
    for text in set {
        let parsed = text.split_once('=').and_then(|(name, value)| Some((name, value.replace('_', "").parse().ok()?)));
        let Some((name, value)) = parsed else {
            return Err(Failure::Usage(format!(
                "--set {text}: expected NAME=VALUE with a whole number, as in --set N=12"
            )));
        };
        if params.insert(name.to_owned(), value).is_some() {
            return Err(Failure::Usage(format!("--set {name} is given twice")));
        }
    }
    Ok(params)
}

impl Program {
    /// The parties, in the program's order.
    pub fn parties(&self) -> Vec<String> {
        match self {
            Program::Hush(hush) => hush.program.parties.iter().map(|party| party.name.clone()).collect(),
            Program::Circuit(circuit) => circuit.parties.clone(),
            Program::Plan(plan) => plan.parties.clone(),
        }
    }

    /// The proposal that it comes from, if it does.
    pub fn proposal(&self) -> Option<&Sealed> {
        match self {
            Program::Hush(hush) => hush.proposal.as_deref(),
            _ => None,
        }
    }

    /// What was agreed to stand once only in each side's data.
    pub fn unique(&self) -> &[String] {
        self.proposal().map_or(&[], |sealed| &sealed.proposal.unique)
    }

    /// The public inputs: what both sides must give alike.
    pub fn public(&self) -> Result<Vec<InputPort>, Failure> {
        match self {
            Program::Hush(hush) => hush.public(),
            _ => Ok(Vec::new()),
        }
    }

    /// Its own source files; none, if it comes from no source.
    pub fn files(&self) -> &[SourceText] {
        match self {
            Program::Hush(hush) => &hush.files,
            _ => &[],
        }
    }

    /// Build-time parameters and their values.
    pub fn params(&self) -> Vec<(String, String)> {
        match self {
            Program::Hush(hush) => hush.params(),
            _ => Vec::new(),
        }
    }

    /// Who gives and who learns what.
    pub fn border(&self) -> Result<Ports, Failure> {
        match self {
            Program::Hush(hush) => hush.border(),
            Program::Circuit(Circuit { parties, inputs, outputs, .. }) => {
                Ok(Ports { parties: parties.clone(), inputs: inputs.clone(), outputs: outputs.clone() })
            }
            Program::Plan(plan) => Ok(Ports::of(plan)),
        }
    }

    /// What those who take part without computing need to know.
    ///
    /// A proposal is believed which digest its program has: those who compute have compared it before they approved, and do so again when they run.
    /// Whoever shares need not compile a program for a thousand.
    pub fn outline(&self, inputs: &Inputs, target: Target<'_>) -> Result<Outline, Failure> {
        if let (Program::Hush(hush), Some(sealed)) = (self, self.proposal()) {
            let border = hush.border()?;
            sealed.check_border(&border)?;
            return Ok(Outline { border, computing: sealed.proposal.computing.to_vec(), digest: sealed.program()? });
        }
        let compiled = self.compile(&inputs.public(self)?, target)?;
        let digest = compiled.plan.digest();
        Ok(Outline { border: compiled.border, computing: compiled.plan.parties.clone(), digest })
    }

    /// Binds the public inputs, optimises the circuit, and makes the plan.
    pub fn compile(&self, public: &BTreeMap<String, Value>, target: Target<'_>) -> Result<Compiled, Failure> {
        match self {
            Program::Hush(hush) => hush.compile(public, target),
            Program::Circuit(circuit) => Compiled::new(circuit.clone(), &[], target),
            Program::Plan(plan) => finished(plan, target).map(|()| Compiled::from(Arc::clone(plan))),
        }
    }
}

/// Whether a plan that was read is what is asked for.
fn finished(plan: &Plan, target: Target<'_>) -> Result<(), Failure> {
    if let Some(local) = &plan.local {
        let garbler = &plan.parties[local.garbler.0 as usize];
        if !target.local {
            return Err(Failure::Usage(format!(
                "the plan lets each party compute by itself what it can, and {garbler} garble: build it with --no-local"
            )));
        }
        if let Some(wanted) = target.garbler.filter(|wanted| wanted != garbler) {
            return Err(Failure::Usage(format!(
                "the plan is for {garbler} to garble: build it with --garbler {wanted}, or with --no-local for any party"
            )));
        }
    }
    Ok(())
}

impl Compiled {
    /// The circuit after the passes of a level, and its plan.
    ///
    /// Where more than two parties take part, or others compute than take part, it is the circuit of the two who compute.
    fn new(circuit: Circuit, input_origins: &[Origin], target: Target<'_>) -> Result<Compiled, Failure> {
        progress::say("optimising");
        let whole = optimize(circuit, target.opt_level);
        progress::say("dividing and scheduling");
        let border =
            Ports { parties: whole.parties.clone(), inputs: whole.inputs.clone(), outputs: whole.outputs.clone() };
        let pair = match border.parties.len() {
            0 | 1 if target.computing.is_none() => None,
            _ => Some(seating::computing(&border.parties, target.computing)?).filter(|pair| border.parties != *pair),
        };
        let (circuit, whole) = match pair {
            None => (whole, None),
            Some([a, b]) => {
                let circuit = split_for_two(whole.clone(), [&a, &b], input_origins)
                    .map_err(|error| Failure::Program(format!("error: {a} and {b} cannot compute for all: {error}")))?;
                (circuit, Some(whole))
            }
        };
        // Known operands are for sessions of two semi-honest parties, the only ones that there are.
        let divided = if target.local && circuit.parties.len() == 2 { Some(divide(&circuit, target)?) } else { None };
        let (plan, division) = match divided {
            Some((split, division)) => (schedule::schedule_split(&split), Some(division)),
            None => (schedule::schedule(&circuit), None),
        };
        Ok(Compiled { circuit: Some(circuit), whole, division, border, ..Compiled::from(Arc::new(plan)) })
    }

    /// Who garbles, if the plan is for one garbler.
    pub fn fixed_garbler(&self) -> Option<&str> {
        self.plan.local.as_ref().map(|local| self.plan.parties[local.garbler.0 as usize].as_str())
    }

    /// Who garbles: the plan's garbler, or for a plan of any garbler the first party, as it does if nobody wants it otherwise.
    pub fn garbler(&self) -> PartyId {
        self.plan.local.as_ref().map_or(PartyId(0), |local| local.garbler)
    }
}

impl Compiled {
    /// The circuit of the program's own border, where it is known.
    pub fn whole(&self) -> Option<&Circuit> {
        self.whole.as_ref().or(self.circuit.as_ref())
    }
}

/// Nodes that an evaluation of the circuit goes through, calls included.
pub fn executed_nodes(circuit: &Circuit) -> u64 {
    let mut executed: Vec<u64> = Vec::new();
    for block in &circuit.blocks {
        let calls = block.calls.iter().map(|call| call.count.saturating_mul(executed[call.callee.0 as usize]));
        executed.push(calls.fold(block.nodes.len() as u64, u64::saturating_add));
    }
    executed.last().copied().unwrap_or(0)
}

impl From<Arc<Plan>> for Compiled {
    fn from(plan: Arc<Plan>) -> Compiled {
        let border = Ports::of(&plan);
        let (params, public) = (Vec::new(), Vec::new());
        Compiled { plan, division: None, circuit: None, origins: None, params, public, whole: None, border }
    }
}

/// The circuit divided for the party that is to garble; if the user does not say who, for the one with which fewer bytes are
/// sent, or the first.
fn divide(circuit: &Circuit, target: Target<'_>) -> Result<(Split, Division), Failure> {
    let wanted = target.garbler.map(|name| party_index(&circuit.parties, name)).transpose()?;
    let drafts = [0, 1].map(|index| Draft::new(circuit, PartyId(index), &session::transfer_bytes));
    let mut bytes =
        drafts.each_ref().map(|draft| all_bytes(circuit, draft.garbler(), draft.n_entered(), draft.table_bytes()));
    let chosen = wanted.unwrap_or(usize::from(bytes[1] < bytes[0]));
    let draft = drafts.into_iter().nth(chosen).expect("there is one for each party");
    let split = draft.split().map_err(|error| Failure::Program(format!("error: {error}")))?;
    let ands = split.ands_by_origin();
    let table_bytes = ands.values().copied().fold(Ands::default(), Ands::plus).table_bytes();
    bytes[chosen] = all_bytes(circuit, split.garbler, split.n_entered(), table_bytes);
    Ok((split, Division { bytes: bytes.to_vec(), ands }))
}

/// Bytes of tables, oblivious transfers and outputs.
fn all_bytes(circuit: &Circuit, garbler: PartyId, n_entered: u64, table_bytes: u64) -> u64 {
    let n_outputs = |is_for: &dyn Fn(PartyId) -> bool| {
        let ports = circuit.outputs.iter().filter(|port| port.recipients.iter().any(|&party| is_for(party)));
        ports.map(|port| port.shape.width() as usize).sum()
    };
    let of_garbler = n_outputs(&|party| party == garbler);
    let of_evaluator = n_outputs(&|party| party != garbler);
    let outputs = session::output_bytes(of_garbler, of_evaluator) as u64;
    [session::transfer_bytes(n_entered), outputs].into_iter().fold(table_bytes, u64::saturating_add)
}

impl Hush {
    /// `main`, without which a program can only be checked and tested.
    fn main(&self) -> Result<&hir::Main, Failure> {
        let missing = || Failure::Usage("the program has no `main`: it can be checked and tested, not run".to_owned());
        self.program.main.as_ref().ok_or_else(missing)
    }

    /// What parties give and learn.
    pub fn border(&self) -> Result<Ports, Failure> {
        self.main()?;
        let (inputs, outputs) = lower::border(&self.program).expect("the program has a main");
        Ok(Ports { parties: self.program.parties.iter().map(|party| party.name.clone()).collect(), inputs, outputs })
    }

    fn params(&self) -> Vec<(String, String)> {
        self.program.params.iter().map(|param| (param.name.clone(), param.value.to_string())).collect()
    }

    /// The public inputs, as ports of nobody.
    pub fn public(&self) -> Result<Vec<InputPort>, Failure> {
        let public = self.main()?.inputs.iter().filter(|input| input.from == hir::From::Public);
        let port = |input: &hir::Input| InputPort {
            name: input.name.clone(),
            party: PartyId(u32::MAX),
            shape: lower::ty_shape(&self.program, &input.ty),
        };
        Ok(public.map(port).collect())
    }

    /// Binds the public inputs, optimises the circuit, and makes the plan.
    fn compile(&self, public: &BTreeMap<String, Value>, target: Target<'_>) -> Result<Compiled, Failure> {
        let proposed = self.proposal.as_ref().map(|sealed| sealed.proposal.computing.join(","));
        let target = self.proposal.as_ref().map_or(target, |sealed| sealed.target());
        let target = Target { computing: proposed.as_deref().or(target.computing), ..target };
        let ports = self.public()?;
        let built = lower::build(&self.program, public, Limits::default()).map_err(|error| match error {
            BuildError::Refused(diagnostics) => {
                let failure = Failure::diagnostics(&self.sources, &diagnostics, terminal::color());
                match failure {
                    // The program is fine, as checking it has shown; the public inputs are not.
                    Failure::Program(drawn) if diagnostics.iter().any(|found| found.code == Code::NeverHolds) => {
                        Failure::Unmet(drawn)
                    }
                    failure => failure,
                }
            }
            error => Failure::Program(format!("error: {error}")),
        })?;
        let params = self.params();
        let public = ports.iter().map(|port| (port.name.clone(), value_digest(port, &public[&port.name]))).collect();
        let Built { circuit, origins, input_origins } = built;
        let compiled = Compiled::new(circuit, &input_origins, target)?;
        let compiled = Compiled { origins: Some(origins), params, public, ..compiled };
        self.within_budgets(Some(&compiled), target.opt_level)?;
        self.proposal.as_ref().map_or(Ok(()), |sealed| sealed.check_program(&compiled))?;
        Ok(compiled)
    }

    /// Whether functions, and the program if it is compiled, cost no more than `#[max_and(…)]` allows.
    pub fn within_budgets(&self, compiled: Option<&Compiled>, opt_level: u8) -> Result<(), Failure> {
        let optimized = |circuit| optimize(circuit, opt_level);
        let mut found = budget::check_functions(&self.program, &self.sources, optimized);
        if let Some(Compiled { circuit: Some(circuit), origins: Some(origins), .. }) = compiled {
            found.extend(budget::check_main(&self.program, &self.sources, circuit, origins));
        }
        match found.is_empty() {
            true => Ok(()),
            false => Err(Failure::diagnostics(&self.sources, &found, terminal::color())),
        }
    }

    /// What the program gives in the clear, in the order of the plan's outputs, and why and where it fails if it does:
    /// the interpreter's answer.
    ///
    /// `values` are those of each party's ports, in order. With `trace` every named value goes to standard error.
    pub fn interpret(
        &self,
        public: &BTreeMap<String, Value>,
        values: &[Vec<Value>],
        trace: bool,
    ) -> Result<(Vec<Value>, Option<Unmet>), Failure> {
        let mut values: Vec<_> = values.iter().map(|values| values.iter().cloned()).collect();
        let mut next = |party: &hir::PartyId| values[party.0 as usize].next().expect("bound values are complete");
        let input = |input: &hir::Input| match &input.from {
            hir::From::Party(party) => next(party),
            hir::From::Each(parties) => Value::List(parties.iter().map(&mut next).collect()),
            hir::From::Public => public[&input.name].clone(),
        };
        let inputs: Vec<Value> = self.main()?.inputs.iter().map(input).collect();
        let ran = if trace {
            let mut printer = Trace::new(&self.program, &self.sources, |line| eprintln!("{line}"));
            interpret::run_traced(&self.program, &inputs, Box::new(move |event| printer.event(event)))
        } else {
            interpret::run_main(&self.program, &inputs)
        };
        let ran =
            ran.map_err(|error| Failure::Program(format!("error: {}: {}", self.place(error.span), error.kind)))?;
        let unmet = ran.unmet.and_then(|error| match &error.kind {
            ErrorKind::Unmet(reason) => Some((reason.to_string(), self.place(error.span))),
            _ => None,
        });
        Ok((ran.outputs, unmet))
    }

    /// `FILE:LINE:COLUMN`.
    pub fn place(&self, span: Span) -> String {
        let position = self.sources.position(span);
        format!("{}:{}:{}", self.sources.file(span.file).name(), position.line, position.column)
    }
}

/// The reason of a requirement that does not hold, and its place.
pub type Unmet = (String, String);

/// Digest of a public input's value, for the two sides to compare.
fn value_digest(port: &InputPort, value: &Value) -> [u8; 32] {
    let bits = port.shape.encode(value).unwrap_or_default();
    let bytes: Vec<u8> = bits.into_iter().map(u8::from).collect();
    let mut hasher = blake3::Hasher::new_derive_key("hushgate 2026 public input");
    hasher.update(port.name.as_bytes()).update(&[0]).update(&bytes);
    *hasher.finalize().as_bytes()
}

/// The data that the user gave, by party.
#[derive(Clone, Default)]
pub struct Inputs {
    given: BTreeMap<String, Vec<Given>>,
    folder: Option<PathBuf>,
    numbers: Rc<Numbers>,
    unique: Rc<Unique>,
}

impl Inputs {
    /// Reads `PARTY=DATA` and `PARTY.NAME=DATA`. Where `own` is a party, data without a party are its own.
    pub fn parse(
        options: &[String],
        parties: &[String],
        own: Option<&str>,
        folder: Option<PathBuf>,
    ) -> Result<Inputs, Failure> {
        let mut inputs = Inputs { folder, ..Inputs::default() };
        for option in options {
            if let Some((family, data)) = option.split_once('=').filter(|_| own.is_none()) {
                let list = Source::parse(data, &format!("--input {family}"));
                let members = members(parties, family);
                let n_members = members.len();
                for (index, member) in members.into_iter().enumerate() {
                    let source = Source::Member { list: Box::new(list.clone()), index, n_members };
                    inputs.given.entry(member.clone()).or_default().push(Given {
                        parameter: None,
                        source,
                        numbers: Rc::default(),
                        unique: Rc::default(),
                    });
                }
                if n_members > 0 {
                    continue;
                }
            }
            let (party, parameter, data) = split_input(option, parties, own)?;
            let source = Source::parse(data, &format!("--input {party}"));
            let given = Given { parameter, source, numbers: Rc::default(), unique: Rc::default() };
            inputs.given.entry(party.to_owned()).or_default().push(given);
        }
        Ok(inputs)
    }

    /// The same, read as the options say and as was agreed, which is what must stand there once only; `ports` are all inputs that options may be
    /// about.
    pub fn written(mut self, args: &DataArgs, agreed: &[String], ports: &[&InputPort]) -> Result<Inputs, Failure> {
        let numbers = Numbers::parse(args.numbers.as_deref(), &args.decimals).map_err(Failure::Usage)?;
        if let Some(name) = numbers.unknown(ports) {
            return Err(Failure::Usage(format!(
                "--decimals {name}: no input and no field of an input that is a whole number has this name"
            )));
        }
        check_unique(&args.unique, ports)?;
        self.numbers = Rc::new(numbers);
        self.unique = Rc::new(Unique::new(args.unique.iter().chain(agreed).cloned()));
        for given in self.given.values_mut().flatten() {
            (given.numbers, given.unique) = (self.numbers.clone(), self.unique.clone());
        }
        Ok(self)
    }

    /// The parties that data were given for.
    pub fn parties(&self) -> BTreeSet<&str> {
        self.given.keys().map(String::as_str).collect()
    }

    /// The values of one party's inputs, in order; from the folder where the user gave none.
    pub fn bind(&self, party: &str, ports: &[&InputPort]) -> Result<Vec<Value>, Failure> {
        Ok(bind(party, ports, &self.given_to(party, ports)?)?)
    }

    /// The values of one party's inputs in each run: one run, or as many as a CSV file has rows.
    pub fn bind_runs(&self, party: &str, ports: &[&InputPort]) -> Result<Vec<Vec<Value>>, Failure> {
        Ok(bind_runs(party, ports, &self.given_to(party, ports)?)?)
    }

    /// The values of one party's inputs in each row of a table; one row, where the party gives nothing.
    pub fn bind_table(&self, party: &str, ports: &[&InputPort]) -> Result<Vec<Vec<Value>>, Failure> {
        Ok(bind_table(party, ports, &self.given_to(party, ports)?)?)
    }

    /// The data for a party's inputs.
    fn given_to(&self, party: &str, ports: &[&InputPort]) -> Result<Vec<Given>, Failure> {
        match self.given.get(party) {
            Some(_) if ports.is_empty() => {
                Err(Failure::Usage(format!("--input {party}: the program takes no input from {party}")))
            }
            Some(given) => Ok(given.clone()),
            None if ports.is_empty() => Ok(Vec::new()),
            None => Ok(self.beside(party)),
        }
    }

    /// `PARTY.json` or `PARTY.csv` in the program's folder.
    fn beside(&self, party: &str) -> Vec<Given> {
        let Some(folder) = &self.folder else { return Vec::new() };
        let candidates = ["json", "csv"].map(|extension| folder.join(format!("{party}.{extension}")));
        let file = candidates.into_iter().find(|file| file.is_file());
        let given = |file| Given {
            parameter: None,
            source: Source::File(file),
            numbers: self.numbers.clone(),
            unique: self.unique.clone(),
        };
        file.map(given).into_iter().collect()
    }

    /// The values of the public inputs, by name; nothing where there are some and no data for any of them.
    pub fn public_if_given(&self, program: &Program) -> Result<Option<BTreeMap<String, Value>>, Failure> {
        let ports = program.public()?;
        let is_fixed = ports.is_empty() || program.proposal().is_some();
        if is_fixed || !self.given_to(PUBLIC, &ports.iter().collect::<Vec<_>>())?.is_empty() {
            return self.public(program).map(Some);
        }
        Ok(None)
    }

    /// The values of the public inputs, by name.
    pub fn public(&self, program: &Program) -> Result<BTreeMap<String, Value>, Failure> {
        let ports = program.public()?;
        let values = match program.proposal() {
            Some(_) if self.given.contains_key(PUBLIC) => {
                return Err(Failure::Usage("--input public: the proposal has fixed the public inputs".to_owned()));
            }
            Some(sealed) => sealed.public(&ports)?,
            None => self.bind(PUBLIC, &ports.iter().collect::<Vec<_>>())?,
        };
        Ok(ports.into_iter().map(|port| port.name).zip(values).collect())
    }
}

/// Whether each of these names is that of an input, or of a field in one.
pub fn check_unique(names: &[String], ports: &[&InputPort]) -> Result<(), Failure> {
    match Unique::new(names.iter().cloned()).unknown(ports) {
        Some(name) => Err(Failure::Usage(format!("--unique {name}: no input and no field of an input has this name"))),
        None => Ok(()),
    }
}

/// Splits an `--input` into party, parameter and data.
fn split_input<'a>(
    option: &'a str,
    parties: &[String],
    own: Option<&'a str>,
) -> Result<(&'a str, Option<String>, &'a str), Failure> {
    let known = |name: &str| name == PUBLIC || parties.iter().any(|party| party == name);
    let inline = option.trim_start().starts_with(['{', '[']);
    let (name, data) = match option.split_once('=') {
        Some(split) if !inline => split,
        _ => {
            let own = own.ok_or_else(|| {
                Failure::Usage(format!("--input {option}: expected PARTY=DATA; {}", party_list(parties)))
            })?;
            return Ok((own, None, option));
        }
    };
    if known(name) {
        return Ok((name, None, data));
    }
    match (name.rsplit_once('.'), own) {
        (Some((party, parameter)), _) if known(party) => Ok((party, Some(parameter.to_owned()), data)),
        (_, Some(own)) => Ok((own, Some(name.to_owned()), data)),
        _ => Err(Failure::Usage(format!("--input {name}=…: there is no party of this name; {}", party_list(parties)))),
    }
}

/// The members of a family of parties.
fn members<'a>(parties: &'a [String], family: &str) -> Vec<&'a String> {
    parties.iter().filter(|party| party.split_once('[').is_some_and(|(name, _)| name == family)).collect()
}

fn party_list(parties: &[String]) -> String {
    format!("the program's parties are {}", list(parties.iter().map(String::as_str)))
}

/// The position of the party called `name`.
pub fn party_index(parties: &[String], name: &str) -> Result<usize, Failure> {
    parties
        .iter()
        .position(|party| party == name)
        .ok_or_else(|| Failure::Usage(format!("there is no party {name:?}; {}", party_list(parties))))
}

/// The ports that a party gives, in order.
pub fn ports_of(inputs: &[InputPort], party: usize) -> Vec<&InputPort> {
    inputs.iter().filter(|port| port.party.0 as usize == party).collect()
}
