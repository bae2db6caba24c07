//! AND gates by the place in the source that caused them: a line, in a function, called along a path.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use hushgate_circuits::id::Origin;
use hushgate_circuits::local::Ands;
use hushgate_compiler::cost::ands_by_origin;
use hushgate_compiler::hir::FunctionId;

use crate::program::{Compiled, Hush};

/// AND gates of one place.
pub struct Spent {
    /// The file's name; empty where nothing in the source caused the gates.
    pub file: String,
    /// Counted from 1; 0 where nothing in the source caused the gates.
    pub line: u32,
    /// The functions from `main` to the one that holds the line.
    pub path: Vec<FunctionId>,
    /// How many, by what they cost.
    pub ands: Ands,
}

/// All AND gates executed, by line and path; they add up to the program's.
pub fn spent(compiled: &Compiled, hush: &Hush) -> Vec<Spent> {
    let origins = compiled.origins.as_ref().expect("a Hush program knows where its gates come from");
    let mut places: BTreeMap<(u32, u32, Vec<FunctionId>), Ands> = BTreeMap::new();
    for (origin, ands) in by_origin(compiled) {
        let key = origins.place(origin).map_or((u32::MAX, 0, Vec::new()), |place| {
            (place.span.file.0, hush.sources.position(place.span).line, origins.path(place))
        });
        let sum = places.entry(key).or_default();
        *sum = sum.plus(ands);
    }
    let name = |file: u32| {
        let mut files = hush.sources.files();
        files.find(|(id, _)| id.0 == file).map_or(String::new(), |(_, file)| file.name().to_owned())
    };
    let places = places.into_iter().filter(|(_, ands)| *ands != Ands::default());
    places.map(|((file, line, path), ands)| Spent { file: name(file), line, path, ands }).collect()
}

fn by_origin(compiled: &Compiled) -> BTreeMap<Origin, Ands> {
    match &compiled.division {
        Some(division) => division.ands.clone(),
        None => {
            let circuit = compiled.circuit.as_ref().expect("a Hush program keeps its circuit");
            let full = |(origin, full)| (origin, Ands { full, ..Ands::default() });
            ands_by_origin(circuit).into_iter().map(full).collect()
        }
    }
}

/// All of them, whatever they cost.
pub const fn total(ands: Ands) -> u64 {
    ands.full.saturating_add(ands.half).saturating_add(ands.local)
}

/// AND gates of one line in one function, or of one function.
pub struct Share {
    /// The file's name.
    pub file: String,
    /// The line; of a function, that of its name.
    pub line: u32,
    /// The function's name.
    pub function: String,
    /// How many, by what they cost.
    pub ands: Ands,
}

/// By line and function.
pub fn by_line(spent: &[Spent], hush: &Hush) -> Vec<Share> {
    let mut shares: Vec<Share> = Vec::new();
    let mut places = BTreeMap::new();
    for place in spent {
        let function = place.path.last().copied();
        let index = *places.entry((&place.file, place.line, function)).or_insert_with(|| {
            let function = function.map_or(String::new(), |id| name_of(id, hush));
            let (file, line) = (place.file.clone(), place.line);
            shares.push(Share { file, line, function, ands: Ands::default() });
            shares.len() - 1
        });
        shares[index].ands = shares[index].ands.plus(place.ands);
    }
    shares
}

/// By function, those of the functions that it calls not counted.
pub fn by_function(spent: &[Spent], hush: &Hush) -> Vec<Share> {
    let mut functions: BTreeMap<Option<FunctionId>, Ands> = BTreeMap::new();
    for place in spent {
        let ands = functions.entry(place.path.last().copied()).or_default();
        *ands = ands.plus(place.ands);
    }
    let share = |(id, ands): (Option<FunctionId>, Ands)| match id {
        Some(id) => {
            let (file, line) = declared_at(id, hush);
            Share { file, line, function: name_of(id, hush), ands }
        }
        None => Share { file: String::new(), line: 0, function: String::new(), ands },
    };
    functions.into_iter().map(share).collect()
}

/// What a function is called, with its generic arguments.
pub fn name_of(id: FunctionId, hush: &Hush) -> String {
    hush.program.functions[id.0 as usize].name.clone()
}

/// The file and line of a function's name.
pub fn declared_at(id: FunctionId, hush: &Hush) -> (String, u32) {
    let span = hush.program.functions[id.0 as usize].span;
    (hush.sources.file(span.file).name().to_owned(), hush.sources.position(span).line)
}

impl Share {
    /// As scripts get it.
    pub fn json(&self) -> Json {
        json!({
            "file": self.file,
            "line": self.line,
            "function": self.function,
            "and_gates": total(self.ands),
            "and_gates_half": self.ands.half,
            "and_gates_local": self.ands.local,
        })
    }
}
