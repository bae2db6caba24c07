//! Control of generated programs: patterns and guards, closures, loops that carry something, helpers that are generic.

use rand::Rng;

use super::program::{Generator, Variable, pad};
use super::types::Type;

/// Generic functions that programs may have.
pub(super) const HELPERS: &str = "
fn larger<T: Ord>(a: T, b: T) -> T { if a < b { b } else { a } }
fn total<T: Num, N: int>(xs: [T; N]) -> int {
    let mut t = 0;
    for x in xs { t = t + x; }
    t
}
fn position<T: Eq, N: int>(xs: [T; N], x: T) -> Option<u8> {
    for i in 0..N {
        if xs[i] == x { return Some(i); }
    }
    None
}
";

impl<R: Rng> Generator<'_, R> {
    /// A guard; outside closures sometimes one that does something.
    pub(super) fn guard(&mut self, depth: u32) -> String {
        if self.closures > 0 || !self.one_in(3) {
            return self.bool(depth);
        }
        let effect = match self.ret.clone() {
            Some(ret) if self.one_in(3) => format!("if {} {{ return {}; }}", self.bool(1), self.value(&ret, 1)),
            _ => self.assign().unwrap_or_default(),
        };
        format!("{{ {effect} {} }}", self.bool(1))
    }

    /// `if let`, `let … else` and `match` with blocks.
    pub(super) fn destructure(&mut self, indent: usize) -> Option<String> {
        let (place, ty) = self.pick_where(|ty| matches!(ty, Type::Enum(_) | Type::Option(_) | Type::Tuple(_)))?;
        match ty {
            Type::Option(inner) => {
                let name = self.name();
                let some = Variable { name: name.clone(), ty: Some(*inner), mutable: false };
                if let Some(ret) = self.ret.clone().filter(|_| self.one_in(3)) {
                    let otherwise = match self.counters.is_empty() || self.one_in(2) {
                        true => format!("return {};", self.value(&ret, 2)),
                        false => ["break;", "continue;"][self.below(2) as usize].to_owned(),
                    };
                    self.scope.push(some);
                    return Some(format!("let Some({name}) = {place} else {{ {otherwise} }};"));
                }
                let depth = self.scope.len();
                self.scope.push(some);
                let condition = if self.one_in(3) { format!(" && {}", self.bool(1)) } else { String::new() };
                let then = self.block(indent + 1, 2);
                self.scope.truncate(depth);
                let otherwise = self.block(indent + 1, 1);
                Some(format!("if let Some({name}) = {place}{condition} {then} else {otherwise}"))
            }
            Type::Enum(i) => {
                let mut arms = String::new();
                for k in 0..self.enums[i].len() {
                    let (pattern, depth) = self.bind_variant(i, k);
                    if self.one_in(3) {
                        let guard = self.guard(1);
                        arms += &format!("{}{pattern} if {guard} => {}\n", pad(indent + 1), self.block(indent + 2, 1));
                    }
                    arms += &format!("{}{pattern} => {}\n", pad(indent + 1), self.block(indent + 2, 2));
                    self.scope.truncate(depth);
                }
                Some(format!("match {place} {{\n{arms}{}}}", pad(indent)))
            }
            Type::Tuple(items) => {
                let names: Vec<String> = items.iter().map(|_| self.name()).collect();
                let parts = names.iter().cloned().zip(items);
                self.scope.extend(parts.map(|(name, ty)| Variable { name, ty: Some(ty), mutable: false }));
                Some(format!("let ({}) = {place};", names.join(", ")))
            }
            _ => None,
        }
    }

    /// The pattern of a variant, its payload bound; the scope's length before that.
    pub(super) fn bind_variant(&mut self, i: usize, k: usize) -> (String, usize) {
        let depth = self.scope.len();
        let mut names = Vec::new();
        for ty in self.enums[i][k].clone() {
            let name = self.name();
            self.scope.push(Variable { name: name.clone(), ty: Some(ty), mutable: false });
            names.push(name);
        }
        match names.is_empty() {
            true => (format!("E{i}::V{k}"), depth),
            false => (format!("E{i}::V{k}({})", names.join(", ")), depth),
        }
    }

    /// A loop whose state has no declared type, of a kind whose range can be found.
    pub(super) fn carry(&mut self, indent: usize) -> String {
        let value = self.leaf();
        let start = self.define(None, true, &value);
        let state = self.scope.last().map(|variable| variable.name.clone()).unwrap_or_default();
        let counter = self.name();
        let n = 2 + self.below(30);
        let depth = self.scope.len();
        self.scope.push(Variable { name: counter.clone(), ty: None, mutable: false });
        self.counters.push(Some((counter.clone(), 0, i64::from(n))));
        let (x, k) = (self.leaf(), 1 + self.below(20));
        let step = match self.below(7) {
            0 => format!("{state} = {state} + {x};"),
            1 => format!("{state} = ({state} + {x}) / 2;"),
            2 => format!("{state} = if {state} >= {k} {{ 0 }} else {{ {state} + 1 }};"),
            3 => format!("{state} = ({state} * 5 + {x}) % {};", k + 1),
            4 => format!("{state} = min(max({state} - {x}, -{k}), {k});"),
            5 => format!("if {x} > {state} {{ {state} = {x}; }}"),
            _ => format!("{state} = {state} - {counter} * {k};"),
        };
        let last = match self.below(5) {
            0 => format!(" if {} {{ break; }}", self.bool(1)),
            1 => format!(" if {} {{ continue; }}", self.bool(1)),
            2 => self
                .ret
                .clone()
                .map_or(String::new(), |ret| format!(" if {} {{ return {}; }}", self.bool(1), self.value(&ret, 1))),
            _ => String::new(),
        };
        let after = self.assign().unwrap_or_default();
        self.counters.pop();
        self.scope.truncate(depth);
        format!("{start}\n{}for {counter} in 0..{n} {{ {step}{last} {after} }}", pad(indent))
    }

    /// An integer from a closure over the elements of an array.
    pub(super) fn by_closure(&mut self, array: &str, element: &Type, len: u32, depth: u32) -> String {
        self.closures += 1;
        let scope = self.scope.len();
        let (x, y) = (self.name(), self.name());
        let d = depth.saturating_sub(1).min(1);
        self.scope.push(Variable { name: x.clone(), ty: Some(element.clone()), mutable: false });
        let text = match self.below(7) {
            0 => format!("{array}.map(|{x}| {}).sum()", self.exact(d)),
            1 => format!("(if {array}.any(|{x}| {}) {{ 1 }} else {{ 0 }})", self.bool(d)),
            2 => format!("(if {array}.all(|{x}| {}) {{ {} }} else {{ 0 }})", self.bool(d), 3),
            3 => format!("{array}.fold(1, |{y}, {x}| min({y} + {}, 50))", self.exact(d)),
            4 => format!("{array}.zip({array}).map(|({x}, {y})| {}).max()", self.exact(d)),
            5 => format!("{array}.map(|{x}| {})[{}]", self.exact(d), self.below(len)),
            _ => format!("{array}.count(|{x}| {})", self.bool(d)),
        };
        self.scope.truncate(scope);
        self.closures -= 1;
        text
    }
}
