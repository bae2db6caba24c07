//! Programs, statements and expressions.

use rand::{Rng, RngExt};

use super::control::HELPERS;
use super::types::{Int, Type};

/// The text of a random program with a `main` of a few inputs from `alice`, `bob` and the public.
pub fn program(rng: &mut impl Rng) -> String {
    let mut generator = Generator {
        rng,
        structs: vec![],
        enums: vec![],
        functions: vec![],
        scope: vec![],
        names: 0,
        fuel: 0,
        counters: vec![],
        ret: None,
        requiring: false,
        n_requirements: 0,
        closures: 0,
        has_helpers: false,
        has_param: false,
        is_family: false,
    };
    generator.requiring = generator.one_in(3);
    generator.has_helpers = generator.one_in(3);
    generator.has_param = generator.one_in(4);
    generator.is_family = generator.one_in(6);
    generator.program()
}

pub(super) struct Generator<'r, R> {
    rng: &'r mut R,
    structs: Vec<Vec<Type>>,
    pub(super) enums: Vec<Vec<Vec<Type>>>,
    functions: Vec<Function>,
    pub(super) scope: Vec<Variable>,
    names: u32,
    /// Statements and operators that may still be made.
    fuel: u32,
    /// The loops around the place: the counter's name, its least value, and one past its greatest; nothing over elements.
    pub(super) counters: Vec<Option<(String, i64, i64)>>,
    pub(super) ret: Option<Type>,
    /// Whether requirements may be made. Then there are no public inputs, which could make one false for all secrets.
    requiring: bool,
    n_requirements: u32,
    /// Closures around the place: nothing may be assigned or returned in them.
    pub(super) closures: u32,
    /// Whether the program has the helpers, and a parameter.
    has_helpers: bool,
    has_param: bool,
    /// Whether the parties are a family, each of whose members gives a part of each input.
    is_family: bool,
}

struct Function {
    params: Vec<Type>,
    ret: Type,
}

#[derive(Clone)]
pub(super) struct Variable {
    pub(super) name: String,
    /// Nothing for integers without a declared type.
    pub(super) ty: Option<Type>,
    pub(super) mutable: bool,
}

impl<R: Rng> Generator<'_, R> {
    fn program(&mut self) -> String {
        let mut text = if self.is_family { "party pair[2];\n\n" } else { "party alice, bob;\n\n" }.to_owned();
        if self.has_param {
            text += &format!("const P: int = param({});\n", self.below(40));
        }
        if self.has_helpers {
            text += HELPERS;
        }
        for i in 0..self.below(3) {
            let fields: Vec<Type> = (0..1 + self.below(3)).map(|_| self.ty(1)).collect();
            let lines = fields.iter().enumerate().map(|(k, ty)| format!("f{k}: {}", ty.text()));
            text += &format!("struct S{i} {{ {} }}\n", lines.collect::<Vec<_>>().join(", "));
            self.structs.push(fields);
        }
        for i in 0..self.below(3) {
            let variants: Vec<Vec<Type>> =
                (0..1 + self.below(3)).map(|_| (0..self.below(3)).map(|_| self.ty(1)).collect()).collect();
            let lines = variants.iter().enumerate().map(|(k, payload)| match &payload[..] {
                [] => format!("V{k}"),
                items => format!("V{k}({})", items.iter().map(Type::text).collect::<Vec<_>>().join(", ")),
            });
            text += &format!("enum E{i} {{ {} }}\n", lines.collect::<Vec<_>>().join(", "));
            self.enums.push(variants);
        }
        for i in 0..self.below(3) {
            text += &self.function(&format!("g{i}"), false);
        }
        text + &self.function("main", true)
    }

    fn function(&mut self, name: &str, is_main: bool) -> String {
        self.fuel = if is_main { 60 } else { 25 };
        let params: Vec<Type> = (0..1 + self.below(3)).map(|_| self.ty(2)).collect();
        let ret = self.ty(2);
        self.scope.clear();
        let mut list = Vec::new();
        for ty in &params {
            let name = self.name();
            let public = u32::from(!self.requiring);
            let (from, ty) = match self.chances(&[4, 4, public]) {
                _ if !is_main => ("", ty.clone()),
                2 => (" public", ty.clone()),
                _ if self.is_family => (" from each pair", Type::Array(Box::new(ty.clone()), 2)),
                0 => (" from alice", ty.clone()),
                _ => (" from bob", ty.clone()),
            };
            list.push(format!("{name}: {}{from}", ty.text()));
            self.scope.push(Variable { name, ty: Some(ty), mutable: false });
        }
        self.ret = Some(ret.clone());
        let body = self.body(&ret, 1, 4);
        if !is_main {
            self.functions.push(Function { params, ret: ret.clone() });
        }
        let to = match (is_main, self.n_requirements) {
            (false, _) => "",
            (true, 0) => " to all",
            (true, _) => " to all requires to all",
        };
        format!("\nfn {name}({}) -> {}{to} {body}\n", list.join(", "), ret.text())
    }

    /// Statements and a value, in braces.
    fn body(&mut self, ty: &Type, indent: usize, n_max: u32) -> String {
        let depth = self.scope.len();
        let mut text = "{\n".to_owned();
        for _ in 0..self.below(n_max + 1) {
            text += &self.statement(indent);
        }
        text += &format!("{}{}\n{}}}", pad(indent), self.value(ty, 3), pad(indent - 1));
        self.scope.truncate(depth);
        text
    }

    pub(super) fn block(&mut self, indent: usize, n_max: u32) -> String {
        let depth = self.scope.len();
        let mut text = "{\n".to_owned();
        for _ in 0..1 + self.below(n_max) {
            text += &self.statement(indent);
        }
        if !self.counters.is_empty() && self.one_in(6) {
            let word = if self.one_in(2) { "break" } else { "continue" };
            text += &format!("{}if {} {{ {word}; }}\n", pad(indent), self.bool(2));
        }
        self.scope.truncate(depth);
        text + &pad(indent - 1) + "}"
    }

    fn statement(&mut self, indent: usize) -> String {
        self.fuel = self.fuel.saturating_sub(1);
        let text = match self.chances(&[6, 2, 4, 3, 3, 1, 1, 3, 3 * u32::from(self.requiring), 3, 2]) {
            0 => self.declare(),
            1 => {
                let value = self.exact(3);
                self.define(None, false, &value)
            }
            2 => match self.assign() {
                Some(text) => text,
                None => self.declare(),
            },
            3 if self.fuel > 0 && indent < 5 => {
                let condition = self.bool(2);
                let then = self.block(indent + 1, 2);
                match self.one_in(2) {
                    true => format!("if {condition} {then}"),
                    false => format!("if {condition} {then} else {}", self.block(indent + 1, 2)),
                }
            }
            4 if self.fuel > 0 && indent < 4 => self.repeat(indent),
            5 if indent > 1 => match self.ret.clone() {
                Some(ret) => format!("if {} {{ return {}; }}", self.bool(2), self.value(&ret, 2)),
                None => self.declare(),
            },
            7 if self.fuel > 0 && indent < 4 => self.accumulate(indent),
            8 => {
                self.n_requirements += 1;
                let i = self.n_requirements;
                match indent > 1 && self.one_in(4) {
                    true => format!("require(false, \"r{i}\");"),
                    false => format!("require({} || {}, \"r{i}\");", self.bool(2), self.bool(1)),
                }
            }
            9 if self.fuel > 0 && indent < 4 => self.destructure(indent).unwrap_or_else(|| self.declare()),
            10 if self.fuel > 0 && indent < 4 => self.carry(indent),
            _ => self.declare(),
        };
        format!("{}{text}\n", pad(indent))
    }

    fn declare(&mut self) -> String {
        let ty = self.ty(2);
        let value = self.value(&ty, 3);
        let mutable = self.one_in(2);
        self.define(Some(ty), mutable, &value)
    }

    pub(super) fn define(&mut self, ty: Option<Type>, mutable: bool, value: &str) -> String {
        let name = self.name();
        let (word, colon) = (if mutable { "mut " } else { "" }, ty.as_ref().map(|ty| format!(": {}", ty.text())));
        let text = format!("let {word}{name}{} = {value};", colon.unwrap_or_default());
        self.scope.push(Variable { name, ty, mutable });
        text
    }

    /// An assignment to a mutable variable or a part of one, if there is one.
    pub(super) fn assign(&mut self) -> Option<String> {
        let mutable: Vec<Variable> = self.scope.iter().filter(|variable| variable.mutable).cloned().collect();
        let variable = self.pick(&mutable)?;
        let (mut place, mut ty) = (variable.name, variable.ty?);
        while self.one_in(2) || matches!(ty, Type::Array(..)) {
            (place, ty) = match ty {
                Type::Array(element, len) => (format!("{place}[{}]", self.index(len)), *element),
                Type::Tuple(items) => {
                    let k = self.below(items.len() as u32);
                    (format!("{place}.{k}"), items[k as usize].clone())
                }
                Type::Struct(i) => {
                    let k = self.below(self.structs[i].len() as u32) as usize;
                    (format!("{place}.f{k}"), self.structs[i][k].clone())
                }
                ty => {
                    let value = self.value(&ty, 3);
                    return Some(format!("{place} = {value};"));
                }
            };
        }
        let value = self.value(&ty, 3);
        Some(format!("{place} = {value};"))
    }

    fn repeat(&mut self, indent: usize) -> String {
        let name = self.name();
        let (over, ty, counter) = match self.pick_where(|ty| matches!(ty, Type::Array(..))) {
            Some((array, Type::Array(element, _))) if self.one_in(3) => (array, Some(*element), None),
            Some((_, Type::Array(_, len))) if self.one_in(2) => {
                (format!("0..{len}"), None, Some((name.clone(), 0, i64::from(len))))
            }
            _ => {
                let start = self.rng.random_range(-3..4);
                let end = start + self.rng.random_range(0..5);
                (format!("{start}..{end}"), None, Some((name.clone(), start, end)))
            }
        };
        let depth = self.scope.len();
        self.scope.push(Variable { name: name.clone(), ty, mutable: false });
        self.counters.push(counter);
        let body = self.block(indent + 1, 3);
        self.counters.pop();
        self.scope.truncate(depth);
        format!("for {name} in {over} {body}")
    }

    /// A loop over an array that takes something from each element, and changes some.
    fn accumulate(&mut self, indent: usize) -> String {
        let int = Int::random(self.rng);
        let mutable: Vec<Variable> = self.scope.iter().filter(|variable| variable.mutable).cloned().collect();
        let arrays = mutable.into_iter().filter(|variable| matches!(variable.ty, Some(Type::Array(..))));
        let written = self.pick(&arrays.collect::<Vec<_>>());
        let len = match &written {
            Some(Variable { ty: Some(Type::Array(_, len)), .. }) => *len,
            _ => 1 + self.below(5),
        };
        let value = self.fitting(int, 1);
        let start = self.define(Some(Type::Int(int)), true, &value);
        let sum = self.scope.last().map(|variable| variable.name.clone()).unwrap_or_default();
        let counter = self.name();
        let depth = self.scope.len();
        self.scope.push(Variable { name: counter.clone(), ty: None, mutable: false });
        self.counters.push(Some((counter.clone(), 0, i64::from(len))));
        let mut body = format!("{sum} = saturate::<{}>({sum} + {}); ", int.text(), self.exact(2));
        if self.one_in(4) {
            body += &format!("if {} {{ break; }} ", self.bool(1));
        }
        if let Some(Variable { name, ty: Some(Type::Array(element, _)), .. }) = written {
            let value = self.value(&element, 2);
            body += &format!("{name}[{counter}] = {value}; ");
        }
        self.counters.pop();
        self.scope.truncate(depth);
        format!("{start}\n{}for {counter} in 0..{len} {{ {body}}}", pad(indent))
    }

    /// A counter, perhaps with something added, that lies inside an array of `len` elements.
    fn counter(&mut self, len: u32) -> Option<String> {
        let offset = self.rng.random_range(-1..2);
        let fits = |(_, lo, hi): &&(String, i64, i64)| lo + offset >= 0 && hi + offset <= i64::from(len);
        let fitting: Vec<(String, i64, i64)> = self.counters.iter().flatten().filter(fits).cloned().collect();
        let (name, ..) = self.pick(&fitting)?;
        Some(match offset {
            0 => name,
            offset if offset > 0 => format!("{name} + {offset}"),
            offset => format!("{name} - {}", -offset),
        })
    }

    /// An index that lies inside an array of `len` elements.
    fn index(&mut self, len: u32) -> String {
        if !self.one_in(3)
            && let Some(counter) = self.counter(len)
        {
            return counter;
        }
        match self.chances(&[2, 2, 1]) {
            0 => self.below(len).to_string(),
            1 => format!("({}).abs() % {len}", self.exact(2)),
            _ => format!("({}).clamp(0, {})", self.exact(2), len - 1),
        }
    }

    pub(super) fn value(&mut self, ty: &Type, depth: u32) -> String {
        self.fuel = self.fuel.saturating_sub(1);
        let depth = if self.fuel == 0 { 0 } else { depth };
        if depth > 0 && self.one_in(8) {
            let d = depth - 1;
            return format!("(if {} {{ {} }} else {{ {} }})", self.bool(d), self.value(ty, d), self.value(ty, d));
        }
        if depth > 0
            && self.one_in(8)
            && let Some(call) = self.call(ty, depth - 1)
        {
            return call;
        }
        if self.one_in(2)
            && let Some((place, _)) = self.pick_where(|other| other == ty)
        {
            return place;
        }
        let d = depth.saturating_sub(1);
        match ty {
            Type::Bool => self.bool(d),
            Type::Int(int) => self.fitting(*int, d),
            Type::Array(element, len) => {
                if self.one_in(4) {
                    return format!("[{}; {len}]", self.value(element, d));
                }
                format!("[{}]", self.values(&vec![(**element).clone(); *len as usize], d))
            }
            Type::Tuple(items) => format!("({})", self.values(items, d)),
            Type::Struct(i) => {
                let fields = self.structs[*i].clone();
                let fields = fields.iter().enumerate().map(|(k, ty)| format!("f{k}: {}", self.value(ty, d)));
                format!("S{i} {{ {} }}", fields.collect::<Vec<_>>().join(", "))
            }
            Type::Enum(i) => {
                let k = self.below(self.enums[*i].len() as u32) as usize;
                match self.enums[*i][k].clone() {
                    items if items.is_empty() => format!("E{i}::V{k}"),
                    items => format!("E{i}::V{k}({})", self.values(&items, d)),
                }
            }
            Type::Option(inner) => match (&**inner, self.below(3)) {
                (_, 0) => "None".to_owned(),
                (Type::Int(int), 1) => format!("try_into::<{}>({})", int.text(), self.exact(d)),
                (inner, _) => format!("Some({})", self.value(inner, d)),
            },
        }
    }

    fn values(&mut self, types: &[Type], depth: u32) -> String {
        types.iter().map(|ty| self.value(ty, depth)).collect::<Vec<_>>().join(", ")
    }

    fn call(&mut self, ret: &Type, depth: u32) -> Option<String> {
        let i = self.functions.iter().position(|function| function.ret == *ret)?;
        let params = self.functions[i].params.clone();
        Some(format!("g{i}({})", self.values(&params, depth)))
    }

    /// An integer of a declared type; rarely one that may not fit.
    fn fitting(&mut self, int: Int, depth: u32) -> String {
        match self.chances(&[3, if int.is_full() { 6 } else { 0 }, 6, 2, 1]) {
            0 => literal(self.rng.random_range(int.lo..=int.hi)),
            1 => format!("wrap::<{}>({})", int.text(), self.exact(depth)),
            2 => format!("saturate::<{}>({})", int.text(), self.exact(depth)),
            3 if int.is_full() => self.declared(int, depth),
            4 => self.exact(depth),
            _ => format!("({}).clamp({}, {})", self.exact(depth), int.lo, int.hi),
        }
    }

    /// Operators that work in a declared type.
    fn declared(&mut self, int: Int, depth: u32) -> String {
        let ty = Type::Int(int);
        let d = depth.saturating_sub(1);
        let a = match self.pick_where(|other| *other == ty) {
            Some((place, _)) => place,
            None => format!("wrap::<{}>({})", int.base(), self.exact(d)),
        };
        match self.below(5) {
            0 => {
                let op = ["+%", "-%", "*%", "+|", "-|", "*|"][self.below(6) as usize];
                format!("({a} {op} wrap::<{}>({}))", int.base(), self.exact(d))
            }
            1 => format!("(!{a})"),
            2 if !int.signed => format!("{a}.rotate_left({})", self.index(8)),
            3 => format!("({a} <<% {})", self.index(6)),
            _ => {
                let op = ["&", "|", "^"][self.below(3) as usize];
                format!("({a} {op} wrap::<{}>({}))", int.base(), self.exact(d))
            }
        }
    }

    /// An integer of any range.
    pub(super) fn exact(&mut self, depth: u32) -> String {
        self.fuel = self.fuel.saturating_sub(1);
        if depth == 0 || self.fuel == 0 {
            return self.leaf();
        }
        let d = depth - 1;
        match self.chances(&[4, 6, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1]) {
            0 => self.leaf(),
            1 => {
                let op = ["+", "-", "*", "&", "|", "^"][self.below(6) as usize];
                format!("({} {op} {})", self.exact(d), self.exact(d))
            }
            2 => {
                let op = if self.one_in(2) { "/" } else { "%" };
                match self.one_in(2) {
                    true => format!("({} {op} {})", self.exact(d), 1 + self.below(20)),
                    false => format!("({} {op} (({}).abs() + 1))", self.exact(d), self.exact(d)),
                }
            }
            3 => {
                let op = if self.one_in(2) { "<<" } else { ">>" };
                format!("({} {op} {})", self.exact(d), self.index(7))
            }
            4 => {
                let op = if self.one_in(2) { "div_or" } else { "rem_or" };
                format!("({}).{op}({}, {})", self.exact(d), self.exact(d), self.exact(d))
            }
            5 => {
                let op = ["min", "max", "larger"][self.below(2 + u32::from(self.has_helpers)) as usize];
                format!("{op}({}, {})", self.exact(d), self.exact(d))
            }
            6 => format!("(if {} {{ {} }} else {{ {} }})", self.bool(d), self.exact(d), self.exact(d)),
            7 => self.guarded_difference(),
            8 => self.of_array(d),
            9 => {
                let int = Int { signed: false, ..Int::full(false, 1 + self.below(12)) };
                let op = if self.one_in(2) { "count_ones" } else { "leading_zeros" };
                format!("wrap::<{}>({}).{op}()", int.base(), self.exact(d))
            }
            10 => self.matched(d),
            _ => match self.pick_where(|ty| matches!(ty, Type::Enum(_))) {
                Some((place, _)) => format!("{place}.index()"),
                None => self.leaf(),
            },
        }
    }

    /// `if a >= b { a - b } else { … }` stored in an unsigned type: to be proven from the condition.
    fn guarded_difference(&mut self) -> String {
        let (a, b) = (self.leaf(), self.leaf());
        let other = self.below(9);
        format!("(if {a} >= {b} {{ let d: u40 = {a} - {b}; d }} else {{ {other} }})")
    }

    fn of_array(&mut self, d: u32) -> String {
        let is_ints = |ty: &Type| matches!(ty, Type::Array(element, _) if matches!(**element, Type::Int(_)));
        let (array, len) = match self.pick_where(is_ints) {
            Some((place, Type::Array(element, len))) if self.one_in(2) => {
                return self.by_closure(&place, &element, len, d);
            }
            Some((place, Type::Array(_, len))) => (place, len),
            _ => {
                let len = 1 + self.below(4);
                let items: Vec<String> = (0..len).map(|_| self.exact(d.saturating_sub(1))).collect();
                (format!("[{}]", items.join(", ")), len)
            }
        };
        match self.below(8) {
            0 => format!("{array}.sum()"),
            6 if self.has_helpers => format!("total({array})"),
            7 if self.has_helpers => format!("position({array}, {array}[{}]).unwrap_or(40)", self.index(len)),
            1 => format!("{array}.get_or({}, {})", self.exact(d), self.exact(d)),
            2 => format!("{array}.map(|x| x * 2 + 1).sum()"),
            3 => format!("{array}.max()"),
            4 => format!("{array}.fold(0, |s, x| if x > s {{ x }} else {{ s }})"),
            _ => format!("{array}[{}]", self.index(len)),
        }
    }

    fn matched(&mut self, d: u32) -> String {
        match self.pick_where(|ty| matches!(ty, Type::Enum(_) | Type::Option(_))) {
            Some((place, Type::Option(inner))) => {
                let name = self.name();
                let depth = self.scope.len();
                self.scope.push(Variable { name: name.clone(), ty: Some(*inner), mutable: false });
                let some = self.exact(d);
                self.scope.truncate(depth);
                format!("(match {place} {{ Some({name}) => {some}, None => {} }})", self.exact(d))
            }
            Some((place, Type::Enum(i))) => {
                let arms: Vec<String> = (0..self.enums[i].len()).map(|k| self.arm(i, k, d)).collect();
                format!("(match {place} {{ {} }})", arms.join(", "))
            }
            _ => {
                let (a, b) = (self.rng.random_range(-9..9), self.rng.random_range(0..30));
                let guard = if self.one_in(3) { format!(" if {}", self.guard(d.min(1))) } else { String::new() };
                let also = if self.one_in(3) { format!(" | {}", a + 2 + b) } else { String::new() };
                let (first, second, rest) = (self.exact(d), self.exact(d), self.exact(d));
                format!(
                    "(match {} + 0 {{ {a}{guard} => {first}, {}..={}{also} => {second}, _ => {rest} }})",
                    self.exact(d),
                    a + 1,
                    a + 1 + b
                )
            }
        }
    }

    fn arm(&mut self, i: usize, k: usize, d: u32) -> String {
        let (pattern, depth) = self.bind_variant(i, k);
        let guarded = match self.one_in(4) {
            true => format!("{pattern} if {} => {}, ", self.guard(d.min(1)), self.exact(d)),
            false => String::new(),
        };
        let value = self.exact(d);
        self.scope.truncate(depth);
        format!("{guarded}{pattern} => {value}")
    }

    pub(super) fn leaf(&mut self) -> String {
        if self.has_param && self.one_in(8) {
            return "P".to_owned();
        }
        let exact: Vec<Variable> = self.scope.iter().filter(|variable| variable.ty.is_none()).cloned().collect();
        if self.one_in(4)
            && let Some(variable) = self.pick(&exact)
        {
            return variable.name;
        }
        match self.pick_where(|ty| matches!(ty, Type::Int(_))) {
            Some((place, _)) if !self.one_in(5) => place,
            _ => literal(self.rng.random_range(-40..100)),
        }
    }

    pub(super) fn bool(&mut self, depth: u32) -> String {
        self.fuel = self.fuel.saturating_sub(1);
        let d = depth.saturating_sub(1);
        match self.chances(&[2, 8, if depth > 0 { 3 } else { 0 }, 1, 1]) {
            0 => match self.pick_where(|ty| *ty == Type::Bool) {
                Some((place, _)) => place,
                None => self.rng.random::<bool>().to_string(),
            },
            1 => {
                let op = ["<", "<=", ">", ">=", "==", "!="][self.below(6) as usize];
                format!("({} {op} {})", self.exact(d), self.exact(d))
            }
            2 => {
                let op = ["&&", "||", "^", "&", "|"][self.below(5) as usize];
                format!("({} {op} {})", self.bool(d), self.bool(d))
            }
            3 => format!("(!{})", self.bool(d)),
            _ => match self.pick_where(|_| true) {
                Some((place, ty)) if !matches!(ty, Type::Int(_)) => {
                    let n_ops = if self.is_ordered(&ty) { 6 } else { 2 };
                    let op = ["==", "!=", "<", "<=", ">", ">="][self.below(n_ops) as usize];
                    format!("({place} {op} {})", self.braced(&ty, d))
                }
                _ => "true".to_owned(),
            },
        }
    }

    /// Whether values of this type have an order.
    fn is_ordered(&self, ty: &Type) -> bool {
        match ty {
            Type::Bool | Type::Int(_) => true,
            Type::Array(element, _) => self.is_ordered(element),
            Type::Tuple(items) => items.iter().all(|ty| self.is_ordered(ty)),
            Type::Enum(i) => self.enums[*i].iter().all(Vec::is_empty),
            Type::Struct(_) | Type::Option(_) => false,
        }
    }

    /// A value that can stand in a condition.
    fn braced(&mut self, ty: &Type, depth: u32) -> String {
        format!("({})", self.value(ty, depth))
    }

    /// A variable, or a part of one, whose type is as wanted.
    pub(super) fn pick_where(&mut self, wanted: impl Fn(&Type) -> bool) -> Option<(String, Type)> {
        let mut places = Vec::new();
        for variable in &self.scope {
            if let Some(ty) = &variable.ty {
                self.parts(&variable.name, ty, &mut places);
            }
        }
        places.retain(|(_, ty)| wanted(ty));
        self.pick(&places)
    }

    fn parts(&self, place: &str, ty: &Type, places: &mut Vec<(String, Type)>) {
        places.push((place.to_owned(), ty.clone()));
        match ty {
            Type::Tuple(items) => {
                items.iter().enumerate().for_each(|(k, ty)| self.parts(&format!("{place}.{k}"), ty, places));
            }
            Type::Struct(i) => {
                let fields = self.structs[*i].iter().enumerate();
                fields.for_each(|(k, ty)| self.parts(&format!("{place}.f{k}"), ty, places));
            }
            Type::Array(element, len) => self.parts(&format!("{place}[{}]", len / 2), element, places),
            _ => {}
        }
    }

    fn ty(&mut self, depth: u32) -> Type {
        let deep = u32::from(depth > 0);
        let chances = [2, 8, 2 * deep, deep, deep * self.structs.len() as u32, deep * self.enums.len() as u32, deep];
        match self.chances(&chances) {
            0 => Type::Bool,
            1 => Type::Int(Int::random(self.rng)),
            2 => Type::Array(Box::new(self.ty(depth - 1)), 1 + self.below(5)),
            3 => Type::Tuple((0..2 + self.below(2)).map(|_| self.ty(depth - 1)).collect()),
            4 => Type::Struct(self.below(self.structs.len() as u32) as usize),
            5 => Type::Enum(self.below(self.enums.len() as u32) as usize),
            _ => Type::Option(Box::new(self.ty(depth - 1))),
        }
    }

    pub(super) fn name(&mut self) -> String {
        self.names += 1;
        format!("v{}", self.names)
    }

    pub(super) fn below(&mut self, n: u32) -> u32 {
        self.rng.random_range(0..n)
    }

    pub(super) fn one_in(&mut self, n: u32) -> bool {
        self.rng.random_ratio(1, n)
    }

    /// A position, each as likely as its number says.
    fn chances(&mut self, weights: &[u32]) -> usize {
        let mut at = self.below(weights.iter().sum());
        weights
            .iter()
            .position(|weight| {
                if at < *weight {
                    true
                } else {
                    at -= weight;
                    false
                }
            })
            .unwrap_or(0)
    }

    fn pick<T: Clone>(&mut self, items: &[T]) -> Option<T> {
        if items.is_empty() { None } else { Some(items[self.below(items.len() as u32) as usize].clone()) }
    }
}

pub(super) fn pad(indent: usize) -> String {
    "    ".repeat(indent)
}

fn literal(value: i64) -> String {
    if value < 0 { format!("({value})") } else { value.to_string() }
}
