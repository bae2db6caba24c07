//! The signature of `main`: who gives what, who learns what.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Checker;
use super::items::{DefId, DefKind, EnvRef, ScopeId, similar};
use super::pattern::part;
use super::types::{Arg, Origin, unit};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{
    Expr, ExprKind, From, Function, FunctionId, Input, Local, LocalId, Main, Output, Party, PartyId, Stmt, Struct, Ty,
};
use crate::source::Span;
use crate::syntax::ast::{self, InputSourceKind, PatternKind, RecipientsKind};

/// Parties that a program may have, members of families included.
const PARTIES_MAX: usize = 10_000;

impl<'a> Checker<'a> {
    /// Counts the members of all parties.
    pub(super) fn declare_parties(&mut self) {
        let scope = self.root;
        for i in 0..self.defs.len() {
            let def = self.defs[i].clone();
            let DefKind::Party(ast) = def.kind else { continue };
            if def.scope != scope {
                let error = Diagnostic::error(
                    Code::MisplacedItem,
                    "parties are declared at the top of the program's root file",
                );
                self.report(error.at(ast.span, "not the root file").help("move it there"));
                continue;
            }
            let members = self.members(ast, scope);
            self.parties_of.insert(DefId(i as u32), members);
        }
    }

    fn members(&mut self, ast: &'a ast::Party, scope: ScopeId) -> Vec<PartyId> {
        let Some(count) = &ast.count else { return vec![self.add_party(ast.name.to_string(), ast.name.span)] };
        let Some(n) = self.size(count, scope, &EnvRef::default()) else { return Vec::new() };
        if n == 0 {
            self.report(
                Diagnostic::error(Code::PartyCount, format!("the family `{}` has no members", ast.name))
                    .at(count.span, "this is 0")
                    .replace("give it at least one", count.span, "2"),
            );
        }
        if n.saturating_add(self.parties.len() as u64) > PARTIES_MAX as u64 {
            self.report(
                Diagnostic::error(Code::PartyCount, format!("a program has at most {PARTIES_MAX} parties"))
                    .at(count.span, format!("this is {n}"))
                    .help("use fewer members"),
            );
            return Vec::new();
        }
        (0..n).map(|i| self.add_party(format!("{}[{i}]", ast.name), ast.name.span)).collect()
    }

    fn add_party(&mut self, name: String, span: Span) -> PartyId {
        self.parties.push(Party { name, span });
        PartyId(self.parties.len() as u32 - 1)
    }

    /// The members of the party or family `name`; reported if there is none.
    fn party(&mut self, name: &ast::Ident) -> Option<(Vec<PartyId>, &'a ast::Party)> {
        let def = self.lookup(self.root, &name.name);
        if let Some(def) = def
            && let DefKind::Party(ast) = self.def(def).kind
        {
            return Some((self.parties_of.get(&def).cloned().unwrap_or_default(), ast));
        }
        let error = Diagnostic::error(Code::UnknownParty, format!("there is no party called `{name}`"))
            .at(name.span, "not a party");
        let error = match def {
            Some(def) => error.because(self.def(def).name.span, format!("declared here, but {}", self.def(def).what())),
            None => error,
        };
        let visible = self.visible(self.root);
        let parties = visible.iter().filter(|name| {
            let def = self.lookup(self.root, name).map(|def| self.def(def).kind);
            matches!(def, Some(DefKind::Party(_)))
        });
        let error = match similar(&name.name, parties.map(|name| &**name)) {
            Some(known) => error.replace(format!("did you mean `{known}`?"), name.span, known),
            None => error.help(format!("declare it at the top: `party {name};`")),
        };
        self.report(error);
        None
    }

    /// One party of `from` or `to`; several for a family, if that is allowed.
    pub(super) fn party_ref(&mut self, reference: &'a ast::PartyRef, family: bool) -> Option<Vec<PartyId>> {
        self.party_giving(reference, family, &Ty::Never)
    }

    /// The same, where a value of type `ty` comes from there.
    fn party_giving(&mut self, reference: &'a ast::PartyRef, family: bool, ty: &Ty) -> Option<Vec<PartyId>> {
        let (members, declared) = self.party(&reference.name)?;
        if members.is_empty() {
            // Its count is wrong, which is reported.
            self.failures += 1;
            return None;
        }
        let Some(index) = &reference.index else {
            if declared.count.is_some() && !family {
                let name = &reference.name;
                let (help, instead) = match ty {
                    Ty::Array(_, n) if *n == members.len() as u64 => {
                        ("each member gives an element", format!("each {name}"))
                    }
                    _ => ("say which member", format!("{name}[0]")),
                };
                self.report(
                    Diagnostic::error(
                        Code::FamilyAsParty,
                        format!("`{name}` is a family of {} parties, but one party gives an input", members.len()),
                    )
                    .at(reference.span, "which member?")
                    .because(declared.span, "declared here")
                    .note(format!("`from each {name}` takes one element of an array from each member"))
                    .replace(help, reference.span, instead),
                );
                return None;
            }
            return Some(members);
        };
        if declared.count.is_none() {
            let name = &reference.name;
            self.report(
                Diagnostic::error(Code::FamilyAsParty, format!("`{name}` is one party, not a family"))
                    .at(reference.span, "has no members")
                    .because(declared.span, "declared here")
                    .replace("leave out the index", reference.span, name.to_string()),
            );
            return None;
        }
        let i = self.size(index, self.root, &EnvRef::default())?;
        match members.get(usize::try_from(i).unwrap_or(usize::MAX)) {
            Some(member) => Some(vec![*member]),
            None => {
                let (n, name) = (members.len(), &reference.name);
                self.report(
                    Diagnostic::error(
                        Code::FamilyAsParty,
                        format!("`{name}` has the members 0 to {}, not {i}", n.saturating_sub(1)),
                    )
                    .at(index.span, format!("this is {i}"))
                    .because(declared.span, "declared here")
                    .help("use an index inside the family"),
                );
                None
            }
        }
    }

    /// Reports `from`, `public` and `to` in functions other than `main`.
    pub(super) fn no_border(&mut self, ast: &'a ast::Function) {
        let sources = ast.params.iter().filter_map(|param| Some((param, param.source.as_ref()?.span)));
        for (param, span) in sources {
            let span = Span { start: param.ty.span.end, ..span };
            self.misplaced_border(span, "only `main` says who gives its parameters");
        }
        match &ast.output {
            ast::Output::Type { ty, to: Some(to) } => {
                let span = Span { start: ty.span.end, ..to.span };
                self.misplaced_border(span, "only `main` says who learns its result");
            }
            ast::Output::Record { fields, .. } => {
                for (field, to) in fields.iter().filter_map(|field| Some((field, field.to.as_ref()?.span))) {
                    let span = Span { start: field.ty.span.end, ..to };
                    self.misplaced_border(span, "only `main` says who learns its result");
                }
            }
            _ => {}
        }
        if let Some(clause) = &ast.requires {
            let start = ast.output.span().map_or(clause.span.start, |output| output.end);
            let span = Span { start, ..clause.span };
            self.misplaced_border(span, "only `main` says who learns whether its requirements hold");
        }
    }

    pub(super) fn misplaced_border(&mut self, span: Span, message: &str) {
        self.report(Diagnostic::error(Code::MisplacedBorder, message).at(span, "not in `main`").replace(
            "leave it out",
            span,
            "",
        ));
    }

    /// The program's inputs and outputs.
    pub(super) fn main(&mut self) -> Option<Main> {
        let def = self.lookup(self.root, "main")?;
        let DefKind::Function(ast, test) = self.def(def).kind else {
            let (name, what) = (self.def(def).name.span, self.def(def).what());
            self.report(
                Diagnostic::error(Code::BadMain, format!("`main` is {what}, but must be a function"))
                    .at(name, "not a function")
                    .help("rename it"),
            );
            return None;
        };
        if test || !ast.generics.params.is_empty() {
            let what = if test { "a test" } else { "generic" };
            self.report(
                Diagnostic::error(Code::BadMain, format!("`main` cannot be {what}"))
                    .at(ast.name.span, format!("is {what}"))
                    .help("declare `main` as a plain function"),
            );
            return None;
        }
        let (function, params, ret) = self.function(def, Rc::default(), ast.name.span)?;
        let inputs: Vec<Option<Input>> =
            ast.params.iter().zip(params.iter()).map(|(param, ty)| self.input(param, ty)).collect();
        let inputs: Option<Vec<Input>> = inputs.into_iter().collect();
        let outputs = self.outputs(ast, &ret);
        let requires = ast.requires.as_ref().map(|clause| self.audience(clause, outputs.as_deref()));
        let audiences = std::mem::take(&mut self.audiences);
        if self.parties_of.is_empty() {
            self.report(
                Diagnostic::error(Code::PartyCount, "the program has a `main`, but no parties")
                    .at(ast.name.span, "who takes part?")
                    .help("declare them at the top: `party alice, bob;`"),
            );
        }
        let (inputs, outputs) = (inputs?, outputs?);
        // Who learns that nothing is wrong is known only once everything is checked that is called.
        let requires = match requires {
            Some(requires) => Some(requires?),
            None => None,
        };
        if audiences.is_empty() {
            return Some(Main { function, inputs, outputs, requires });
        }
        let (function, outputs) = self.split(function, &inputs, outputs, &audiences, &ret);
        Some(Main { function, inputs, outputs, requires })
    }

    /// A function around `main` that gives each element of a `to each` output on its own.
    fn split(
        &mut self,
        main: FunctionId,
        inputs: &[Input],
        outputs: Vec<Output>,
        audiences: &BTreeMap<usize, Vec<PartyId>>,
        ret: &Ty,
    ) -> (FunctionId, Vec<Output>) {
        let span = self.functions[main.0 as usize].span;
        let local = |name: &str, ty: &Ty, span| Local { name: name.to_owned(), ty: ty.clone(), mutable: false, span };
        let mut locals: Vec<Local> = inputs.iter().map(|input| local(&input.name, &input.ty, input.span)).collect();
        locals.push(local("_", ret, span));
        let read = |i: usize, ty: &Ty| Expr { kind: ExprKind::Local(LocalId(i as u32)), ty: ty.clone(), span };
        let args = inputs.iter().enumerate().map(|(i, input)| read(i, &input.ty)).collect();
        let call = Expr { kind: ExprKind::Call(main, args), ty: ret.clone(), span };
        let whole = read(inputs.len(), ret);
        let (mut values, mut split) = (Vec::new(), Vec::new());
        for (i, output) in outputs.into_iter().enumerate() {
            let value = if output.name.is_empty() { whole.clone() } else { part(&whole, i, output.ty.clone()) };
            let Some(members) = audiences.get(&i) else {
                values.push(value);
                split.push(output);
                continue;
            };
            let element = if let Ty::Array(element, _) = &output.ty { (**element).clone() } else { output.ty.clone() };
            for (j, member) in members.iter().enumerate() {
                values.push(part(&value, j, element.clone()));
                let name = format!("{}[{j}]", output.name);
                split.push(Output { name, to: vec![*member], ty: element.clone(), span: output.span });
            }
        }
        let ty = self.anonymous(split.iter().map(|output| (output.name.clone(), output.ty.clone())).collect());
        let record = Expr { kind: ExprKind::Aggregate(values), ty: ty.clone(), span };
        let stmts = vec![Stmt::Let(LocalId(inputs.len() as u32), call)];
        let body = Expr { kind: ExprKind::Block(stmts, Box::new(record)), ty: ty.clone(), span };
        let n_params = inputs.len() as u32;
        self.functions[main.0 as usize].standalone = false;
        self.functions.push(Function {
            name: "main".to_owned(),
            n_params,
            locals,
            body,
            ret: ty,
            span,
            standalone: false,
        });
        self.calls.push(vec![(main, span)]);
        self.checked.push(true);
        self.bad_functions.push(false);
        self.signatures.push((Rc::default(), unit()));
        (FunctionId(self.functions.len() as u32 - 1), split)
    }

    fn input(&mut self, param: &'a ast::Param, ty: &Ty) -> Option<Input> {
        let name = match &param.pattern.kind {
            PatternKind::Binding { name, pattern: None, .. } => Some(name.to_string()),
            _ => {
                self.report(
                    Diagnostic::error(Code::BadMain, "a parameter of `main` needs a name, by which its data are given")
                        .at(param.pattern.span, "not a name")
                        .help("name it, and take it apart by `let` in the body"),
                );
                None
            }
        };
        self.at_border(ty, param.ty.span);
        let from = match &param.source {
            None => {
                let first = self.parties.first().map_or_else(|| "PARTY".to_owned(), |party| party.name.clone());
                self.report(
                    Diagnostic::error(Code::InputWithoutSource, "nothing says who gives this parameter of `main`")
                        .at(param.span, "who gives it?")
                        .replace("say who: `from PARTY`, or `public`", param.span.at_end(), format!(" from {first}")),
                );
                None
            }
            Some(source) => self.source(source, ty, param.ty.span),
        };
        Some(Input { name: name?, from: from?, ty: ty.clone(), span: param.span })
    }

    fn source(&mut self, source: &'a ast::InputSource, ty: &Ty, ty_span: Span) -> Option<From> {
        match &source.kind {
            InputSourceKind::Public => Some(From::Public),
            InputSourceKind::Party(reference) => {
                self.party_giving(reference, false, ty)?.first().copied().map(From::Party)
            }
            InputSourceKind::Each(name) => self.family(name, source.span, ty, ty_span).map(From::Each),
        }
    }

    /// The members of a family each of which gives or learns one element of an array.
    fn family(&mut self, name: &'a ast::Ident, span: Span, ty: &Ty, ty_span: Span) -> Option<Vec<PartyId>> {
        let (members, declared) = self.party(name)?;
        if members.is_empty() {
            self.failures += 1;
            return None;
        }
        let n = members.len() as u64;
        if declared.count.is_none() {
            self.report(
                Diagnostic::error(Code::FamilyAsParty, format!("`{name}` is one party, not a family"))
                    .at(span, "each of whom?")
                    .because(declared.span, "declared here")
                    .help("leave out `each`"),
            );
            return None;
        }
        match ty {
            Ty::Array(_, len) if *len == n => Some(members),
            Ty::Never => None,
            _ => {
                let found = self.types.name(ty);
                self.report(
                    Diagnostic::error(
                        Code::EachNeedsArray,
                        format!("`each {name}` needs {n} values, one for each member, found the type `{found}`"),
                    )
                    .at(ty_span, format!("this is `{found}`"))
                    .because(declared.span, format!("{n} members"))
                    .help(format!("make it an array of {n}: `[…; {n}]`")),
                );
                None
            }
        }
    }

    /// Reports a type that has no layout: one with an integer of unknown size.
    fn at_border(&mut self, ty: &Ty, span: Span) {
        if self.types.mentions(ty, &|ty| *ty == Ty::Exact) {
            self.report(
                Diagnostic::error(
                    Code::ExactAtBorder,
                    "`int` has no size, so it can be neither an input nor an output",
                )
                .at(span, "how large can it be?")
                .help("use a declared type, such as `u32`, or `i64 in -1_000..=1_000`"),
            );
        }
    }

    fn outputs(&mut self, ast: &'a ast::Function, ret: &Ty) -> Option<Vec<Output>> {
        match &ast.output {
            ast::Output::Unit => {
                self.report(
                    Diagnostic::error(Code::OutputWithoutRecipient, "`main` gives nothing")
                        .at(ast.signature, "no result")
                        .help("say what it gives and who learns it: `-> bool to all`"),
                );
                None
            }
            ast::Output::Type { ty, to } => {
                self.at_border(ret, ty.span);
                if *ret == unit() {
                    self.report(
                        Diagnostic::error(Code::OutputWithoutRecipient, "`main` gives nothing")
                            .at(ty.span, "no value")
                            .help("give a value"),
                    );
                }
                let to = self.recipients(to.as_ref(), ty.span, 0, ret)?;
                Some(vec![Output { name: String::new(), to, ty: ret.clone(), span: ty.span }])
            }
            ast::Output::Record { fields, .. } => {
                let tys: Vec<Ty> = match ret {
                    Ty::Struct(id) => self.types.struct_(*id).fields.iter().map(|(_, ty)| ty.clone()).collect(),
                    _ => return None,
                };
                let outputs: Vec<Option<Output>> = fields
                    .iter()
                    .zip(tys)
                    .enumerate()
                    .map(|(i, (field, ty))| {
                        self.at_border(&ty, field.ty.span);
                        let to = self.recipients(field.to.as_ref(), field.ty.span, i, &ty)?;
                        Some(Output { name: field.name.to_string(), to, ty, span: field.span })
                    })
                    .collect();
                outputs.into_iter().collect()
            }
        }
    }

    /// Who learns output `i`; for `to each` all members, and that is kept.
    fn recipients(&mut self, to: Option<&'a ast::Recipients>, ty: Span, i: usize, found: &Ty) -> Option<Vec<PartyId>> {
        let Some(to) = to else {
            self.report(
                Diagnostic::error(Code::OutputWithoutRecipient, "nothing says who learns this result")
                    .at(ty, "who learns it?")
                    .note("there is no default recipient")
                    .replace("say who: `to PARTY, …`, or `to all`", ty.at_end(), " to all"),
            );
            return None;
        };
        let all = || (0..self.parties.len() as u32).map(PartyId).collect();
        match &to.kind {
            RecipientsKind::All => Some(all()),
            RecipientsKind::Parties(references) => {
                let parties: Vec<Option<Vec<PartyId>>> =
                    references.iter().map(|reference| self.party_ref(reference, true)).collect();
                let parties: Option<Vec<Vec<PartyId>>> = parties.into_iter().collect();
                let unique: BTreeSet<PartyId> = parties?.into_iter().flatten().collect();
                Some(unique.into_iter().collect())
            }
            RecipientsKind::Each(name) => {
                let members = self.family(name, to.span, found, ty)?;
                self.audiences.insert(i, members.clone());
                Some(members)
            }
        }
    }

    /// The type of a record of outputs.
    pub(super) fn record_ty(&mut self, fields: &'a [ast::OutputField], scope: ScopeId, env: &EnvRef) -> Ty {
        for (i, field) in fields.iter().enumerate() {
            if let Some(first) = fields[..i].iter().find(|other| other.name == field.name) {
                self.report(super::items::duplicate(&field.name, first.name.span));
            }
        }
        let fields: Vec<(String, Ty)> =
            fields.iter().map(|field| (field.name.to_string(), self.ty(&field.ty, scope, env))).collect();
        self.anonymous(fields)
    }

    /// A struct without a name: the same for the same fields.
    pub(super) fn anonymous(&mut self, fields: Vec<(String, Ty)>) -> Ty {
        let shown: Vec<String> = fields.iter().map(|(name, ty)| format!("{name}: {}", self.types.name(ty))).collect();
        let shown = shown.join(", ");
        let name = if shown.len() > 300 { "{ … }".to_owned() } else { format!("{{ {shown} }}") };
        if let Some(ty) = self.records.get(&fields) {
            return ty.clone();
        }
        let args: Rc<[Arg]> = fields.iter().map(|(_, ty)| Arg::Ty(ty.clone())).collect();
        let ty = self.types.add_struct(Origin::Record, args, Struct { name, fields: fields.clone(), fraction: None });
        self.records.insert(fields, ty.clone());
        ty
    }
}
