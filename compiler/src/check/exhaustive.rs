//! Which values no arm of a `match` takes, and which arms take nothing.
//!
//! The usefulness algorithm of Maranget, "Warnings for pattern matching" (JFP 2007), with integer ranges split at the ends of
//! all ranges of a column. Works on the patterns of [`crate::hir`]; a counter bounds the work, as the problem is NP-hard.

use num_bigint::BigInt;

use super::types::{Origin, Types};
use crate::hir::{Pattern, Ty};

/// Rows that are looked at before giving up.
const STEPS_MAX: usize = 3_000_000;
/// Arms of a `match` in which unreachable ones are looked for.
const ARMS_MAX: usize = 1_000;
/// Missing cases that are listed.
pub(super) const LISTED_MAX: usize = 4;

/// The match is too intricate to be checked.
pub(super) struct TooComplex;

/// Cases that none of `rows` takes, in words, at most one more than [`LISTED_MAX`].
pub(super) fn missing(types: &Types, rows: &[&Pattern], ty: &Ty) -> Result<Vec<String>, TooComplex> {
    let mut search = Search { types, steps: 0 };
    let rows = rows.iter().map(|pattern| vec![*pattern]).collect();
    let cases = search.missing(rows, std::slice::from_ref(ty))?;
    let mut texts: Vec<String> = cases.iter().map(|case| case[0].text(types, ty)).collect();
    texts.dedup();
    Ok(texts)
}

/// Positions of the arms that can never be reached, since those above take all they would. Arms with a guard take nothing from
/// those below.
pub(super) fn unreachable(types: &Types, arms: &[(&Pattern, bool)], ty: &Ty) -> Result<Vec<usize>, TooComplex> {
    let mut search = Search { types, steps: 0 };
    let mut above: Vec<Vec<&Pattern>> = Vec::new();
    let mut dead = Vec::new();
    if arms.len() > ARMS_MAX {
        return Ok(dead);
    }
    for (i, (pattern, guarded)) in arms.iter().enumerate() {
        if !search.useful(above.clone(), vec![pattern], std::slice::from_ref(ty))? {
            dead.push(i);
        }
        if !guarded {
            above.push(vec![pattern]);
        }
    }
    Ok(dead)
}

/// A value of which only what matters is said.
#[derive(Clone)]
enum Case {
    Any,
    Bool(bool),
    /// From, to; without an end where nothing bounds it.
    Range(Option<BigInt>, Option<BigInt>),
    Aggregate(Vec<Case>),
    Variant(u32, Box<Case>),
}

/// What a pattern looks at first.
#[derive(Clone, PartialEq)]
enum Head {
    Bool(bool),
    Range(Option<BigInt>, Option<BigInt>),
    Aggregate(usize),
    Variant(u32),
}

type Row<'p> = Vec<&'p Pattern>;

struct Search<'t> {
    types: &'t Types,
    steps: usize,
}

static ANY: Pattern = Pattern::Any;

impl Search<'_> {
    fn step(&mut self, n_rows: usize) -> Result<(), TooComplex> {
        self.steps += 1 + n_rows;
        if self.steps > STEPS_MAX { Err(TooComplex) } else { Ok(()) }
    }

    /// Vectors of values that no row takes.
    fn missing(&mut self, rows: Vec<Row<'_>>, tys: &[Ty]) -> Result<Vec<Vec<Case>>, TooComplex> {
        self.step(rows.len())?;
        if rows.iter().any(|row| row.iter().all(|pattern| matches!(pattern, Pattern::Any | Pattern::Bind(_, None)))) {
            return Ok(Vec::new());
        }
        let Some((first, rest)) = tys.split_first() else {
            return Ok(if rows.is_empty() { vec![Vec::new()] } else { Vec::new() });
        };
        let rows = flatten(rows);
        let mut cases = Vec::new();
        let heads = self.heads(&rows, first);
        for (head, rows) in heads.iter().zip(split(&rows, &heads)) {
            let fields = self.fields(head, first);
            let n = fields.len();
            let inner: Vec<Ty> = fields.into_iter().chain(rest.iter().cloned()).collect();
            for mut case in self.missing(rows, &inner)? {
                let tail = case.split_off(n);
                cases.push([vec![build(head, case)], tail].concat());
            }
            if cases.len() > LISTED_MAX {
                cases.truncate(LISTED_MAX + 1);
                return Ok(cases);
            }
        }
        if heads.is_empty() {
            let below = rows.into_iter().map(|row| row[1..].to_vec()).collect();
            cases = self.missing(below, rest)?.into_iter().map(|case| [vec![Case::Any], case].concat()).collect();
        }
        Ok(cases)
    }

    /// Whether `row` takes something that none of `rows` takes.
    fn useful(&mut self, rows: Vec<Row<'_>>, row: Row<'_>, tys: &[Ty]) -> Result<bool, TooComplex> {
        self.step(rows.len())?;
        let Some((first, rest)) = tys.split_first() else { return Ok(rows.is_empty()) };
        let rows = flatten(rows);
        for row in flatten(vec![row]) {
            let mut all = rows.clone();
            all.push(row.clone());
            let heads = self.heads(&all, first);
            for head in &heads {
                let Some(row) = specialise(std::slice::from_ref(&row), head).pop() else { continue };
                let tys: Vec<Ty> = self.fields(head, first).into_iter().chain(rest.iter().cloned()).collect();
                if self.useful(specialise(&rows, head), row, &tys)? {
                    return Ok(true);
                }
            }
            let below = || rows.iter().map(|row| row[1..].to_vec()).collect();
            if heads.is_empty() && self.useful(below(), row[1..].to_vec(), rest)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// All ways in which a value of `ty` can begin, as finely as the first column tells them apart; none if it does not look.
    fn heads(&self, rows: &[Row<'_>], ty: &Ty) -> Vec<Head> {
        let Some(looked) = rows.iter().map(|row| row[0]).find(|pattern| !matches!(pattern, Pattern::Any)) else {
            return Vec::new();
        };
        match (looked, ty) {
            (Pattern::Bool(_), _) => vec![Head::Bool(false), Head::Bool(true)],
            (Pattern::Range(..), _) => ranges(rows, ty),
            (Pattern::Aggregate(fields), _) => vec![Head::Aggregate(fields.len())],
            (Pattern::Variant(..), Ty::Enum(id)) => {
                (0..self.types.enum_(*id).variants.len() as u32).map(Head::Variant).collect()
            }
            _ => Vec::new(),
        }
    }

    fn fields(&self, head: &Head, ty: &Ty) -> Vec<Ty> {
        match (head, ty) {
            (Head::Aggregate(n), Ty::Array(element, _)) => vec![(**element).clone(); *n],
            (Head::Aggregate(_), Ty::Tuple(items)) => items.to_vec(),
            (Head::Aggregate(_), Ty::Struct(id)) => {
                self.types.struct_(*id).fields.iter().map(|(_, ty)| ty.clone()).collect()
            }
            (Head::Variant(tag), Ty::Enum(id)) => vec![self.types.enum_(*id).variants[*tag as usize].1.clone()],
            _ => Vec::new(),
        }
    }
}

/// One row for each alternative of the first column, without names.
fn flatten(rows: Vec<Row<'_>>) -> Vec<Row<'_>> {
    let mut flat = Vec::with_capacity(rows.len());
    for row in rows {
        flatten_row(row[0], &row[1..], &mut flat);
    }
    flat
}

fn flatten_row<'p>(first: &'p Pattern, rest: &[&'p Pattern], flat: &mut Vec<Row<'p>>) {
    match first {
        Pattern::Or(alternatives) => alternatives.iter().for_each(|pattern| flatten_row(pattern, rest, flat)),
        Pattern::Bind(_, Some(inner)) => flatten_row(inner, rest, flat),
        Pattern::Bind(_, None) => flatten_row(&ANY, rest, flat),
        _ => flat.push([&[first], rest].concat()),
    }
}

/// The rows that take values which begin like `head`, opened.
fn specialise<'p>(rows: &[Row<'p>], head: &Head) -> Vec<Row<'p>> {
    let width = match head {
        Head::Aggregate(n) => *n,
        Head::Variant(_) => 1,
        Head::Bool(_) | Head::Range(..) => 0,
    };
    let open = |row: &Row<'p>| -> Option<Row<'p>> {
        let mut opened: Row<'p> = match (row[0], head) {
            (Pattern::Any, _) => vec![&ANY; width],
            (Pattern::Bool(bit), Head::Bool(want)) if bit == want => Vec::new(),
            (Pattern::Range(lo, hi), Head::Range(from, to)) if inside(lo, hi, from, to) => Vec::new(),
            (Pattern::Aggregate(fields), Head::Aggregate(_)) => fields.iter().collect(),
            (Pattern::Variant(tag, payload), Head::Variant(want)) if tag == want => vec![payload],
            _ => return None,
        };
        opened.extend(&row[1..]);
        Some(opened)
    };
    rows.iter().filter_map(open).collect()
}

/// The rows for each head.
fn split<'p>(rows: &[Row<'p>], heads: &[Head]) -> Vec<Vec<Row<'p>>> {
    let Some(Head::Range(..)) = heads.first() else {
        return heads.iter().map(|head| specialise(rows, head)).collect();
    };
    // The heads are sorted and each range takes a run of them.
    let mut parts = vec![Vec::new(); heads.len()];
    for row in rows {
        let run = match row[0] {
            Pattern::Range(lo, hi) => {
                let first = heads.partition_point(
                    |head| matches!(head, Head::Range(from, _) if from.as_ref().is_none_or(|from| from < lo)),
                );
                let end = heads.partition_point(
                    |head| matches!(head, Head::Range(_, to) if to.as_ref().is_some_and(|to| to <= hi)),
                );
                first..end.max(first)
            }
            _ => 0..heads.len(),
        };
        parts[run].iter_mut().for_each(|part| part.push(row[1..].to_vec()));
    }
    parts
}

fn inside(lo: &BigInt, hi: &BigInt, from: &Option<BigInt>, to: &Option<BigInt>) -> bool {
    from.as_ref().is_some_and(|from| from >= lo) && to.as_ref().is_some_and(|to| to <= hi)
}

/// The values of `ty`, split so that each range of the column takes all of a part or nothing of it.
fn ranges(rows: &[Row<'_>], ty: &Ty) -> Vec<Head> {
    let (first, last) = match ty {
        Ty::Int(int) => (Some(int.lo.clone()), Some(int.hi.clone())),
        _ => (None, None),
    };
    let mut starts: Vec<BigInt> = Vec::new();
    for row in rows {
        if let Pattern::Range(lo, hi) = row[0] {
            starts.extend([lo.clone(), hi + 1]);
        }
    }
    starts.retain(|start| {
        first.as_ref().is_none_or(|first| start > first) && last.as_ref().is_none_or(|last| start <= last)
    });
    starts.sort();
    starts.dedup();
    let ends = starts.iter().map(|start| Some(start - 1)).chain([last]);
    let begins = [first].into_iter().chain(starts.iter().cloned().map(Some));
    begins.zip(ends).map(|(from, to)| Head::Range(from, to)).collect()
}

fn build(head: &Head, mut inner: Vec<Case>) -> Case {
    match head {
        Head::Bool(bit) => Case::Bool(*bit),
        Head::Range(from, to) => Case::Range(from.clone(), to.clone()),
        Head::Aggregate(_) => Case::Aggregate(inner),
        Head::Variant(tag) => Case::Variant(*tag, Box::new(inner.pop().unwrap_or(Case::Any))),
    }
}

impl Case {
    /// The case as the author would write its pattern.
    fn text(&self, types: &Types, ty: &Ty) -> String {
        let list = |cases: &[Case], tys: &mut dyn Iterator<Item = &Ty>| -> String {
            cases.iter().zip(tys).map(|(case, ty)| case.text(types, ty)).collect::<Vec<_>>().join(", ")
        };
        match (self, ty) {
            (Case::Bool(bit), _) => bit.to_string(),
            (Case::Range(from, to), _) => range_text(from.as_ref(), to.as_ref()),
            (Case::Aggregate(cases), Ty::Array(element, n)) => {
                format!("[{}]", list(cases, &mut std::iter::repeat_n(&**element, *n as usize)))
            }
            (Case::Aggregate(cases), Ty::Tuple(tys)) => {
                let comma = if tys.len() == 1 { "," } else { "" };
                format!("({}{comma})", list(cases, &mut tys.iter()))
            }
            (Case::Aggregate(cases), Ty::Struct(id)) => {
                let struct_ = types.struct_(*id);
                if matches!(types.struct_origin(*id).0, Origin::Str | Origin::Fixed(_)) {
                    return "_".to_owned();
                }
                let is_tuple = struct_.fields.first().is_some_and(|(name, _)| name == "0");
                if is_tuple {
                    return format!(
                        "{}({})",
                        bare(&struct_.name),
                        list(cases, &mut struct_.fields.iter().map(|(_, ty)| ty))
                    );
                }
                format!("{} {}", bare(&struct_.name), fields_text(types, cases, &struct_.fields))
            }
            (Case::Variant(tag, payload), Ty::Enum(id)) => {
                let enum_ = types.enum_(*id);
                let (name, ty) = &enum_.variants[*tag as usize];
                let prefix =
                    if enum_.name.starts_with("Option<") { String::new() } else { format!("{}::", bare(&enum_.name)) };
                let payload = match (&**payload, ty) {
                    (_, Ty::Tuple(items)) if items.is_empty() => String::new(),
                    (Case::Any, Ty::Struct(_)) => " { .. }".to_owned(),
                    (Case::Any, Ty::Tuple(items)) => format!("({})", vec!["_"; items.len()].join(", ")),
                    (Case::Aggregate(cases), Ty::Struct(id)) => {
                        format!(" {}", fields_text(types, cases, &types.struct_(*id).fields))
                    }
                    (Case::Aggregate(cases), Ty::Tuple(tys)) => format!("({})", list(cases, &mut tys.iter())),
                    (payload, ty) => format!("({})", payload.text(types, ty)),
                };
                format!("{prefix}{name}{payload}")
            }
            _ => "_".to_owned(),
        }
    }
}

/// A type's name without its arguments, which a pattern takes from the value.
fn bare(name: &str) -> &str {
    name.split('<').next().unwrap_or(name)
}

fn fields_text(types: &Types, cases: &[Case], fields: &[(String, Ty)]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (case, (name, ty)) in cases.iter().zip(fields) {
        if !matches!(case, Case::Any) {
            parts.push(format!("{name}: {}", case.text(types, ty)));
        }
    }
    if parts.len() < fields.len() {
        parts.push("..".to_owned());
    }
    format!("{{ {} }}", parts.join(", "))
}

fn range_text(from: Option<&BigInt>, to: Option<&BigInt>) -> String {
    match (from, to) {
        (Some(from), Some(to)) if from == to => from.to_string(),
        (Some(from), Some(to)) => format!("{from}..={to}"),
        (Some(from), None) => format!("{from}.."),
        (None, Some(to)) => format!("..={to}"),
        (None, None) => "_".to_owned(),
    }
}
