//! What a program requires: who learns whether it holds, and for which reasons it may fail.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::Checker;
use super::items::DefKind;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Output, PartyId, Program, Requires};
use crate::source::Span;
use crate::syntax::ast::{self, RecipientsKind};

impl<'a> Checker<'a> {
    /// Who learns whether the requirements hold; the reasons are found later.
    pub(super) fn audience(&mut self, clause: &'a ast::Recipients, outputs: Option<&[Output]>) -> Option<Requires> {
        let to: BTreeSet<PartyId> = match &clause.kind {
            RecipientsKind::All => (0..self.parties.len() as u32).map(PartyId).collect(),
            RecipientsKind::Parties(references) => {
                let parties: Vec<_> = references.iter().map(|reference| self.party_ref(reference, true)).collect();
                parties.into_iter().collect::<Option<Vec<_>>>()?.into_iter().flatten().collect()
            }
            RecipientsKind::Each(name) => {
                let each = Span { start: clause.span.start, ..name.span };
                let error = Diagnostic::error(Code::FamilyAsParty, "there is one answer, not one for each member")
                    .at(each, "each of whom?")
                    .replace("everybody learns it", each, "requires to all");
                self.report(error);
                return None;
            }
        };
        for output in outputs.unwrap_or_default() {
            self.inside_audience(output, &to, clause);
        }
        Some(Requires { to: to.into_iter().collect(), reasons: Vec::new(), span: clause.span })
    }

    /// Reports the first recipient of an output who would not learn that it means nothing.
    fn inside_audience(&mut self, output: &Output, audience: &BTreeSet<PartyId>, clause: &ast::Recipients) {
        let Some(outside) = output.to.iter().find(|party| !audience.contains(party)) else { return };
        let name = self.parties[outside.0 as usize].name.clone();
        let what = if output.name.is_empty() { "the result".to_owned() } else { format!("`{}`", output.name) };
        let error = Diagnostic::error(
            Code::OutsideAudience,
            format!("{name} learns {what}, but not whether the requirements hold"),
        )
        .at(clause.span, format!("{name} is missing"))
        .because(output.span, format!("{name} learns this"))
        .note("where a requirement does not hold all results are zero: who learns one must know that it means nothing")
        .replace("add the party", clause.span.at_end(), format!(", {name}"));
        self.report(error);
    }

    /// Fills in the reasons, and sees to it that somebody learns of a failure.
    pub(super) fn requirements(&mut self, program: &mut Program) {
        let Some(function) = program.main.as_ref().map(|main| main.function) else { return };
        let found = program.requirements(function);
        let Some(main) = &mut program.main else { return };
        match (&mut main.requires, found.first()) {
            (None, None) => {}
            (Some(requires), Some(_)) => {
                let mut seen = BTreeSet::new();
                let reasons = found.into_iter().map(|(_, reason)| reason);
                requires.reasons = reasons.filter(|reason| seen.insert(Rc::clone(reason))).collect();
            }
            (Some(requires), None) => {
                let span = requires.span;
                main.requires = None;
                self.nothing_required(span);
            }
            (None, Some((span, reason))) => {
                let parties: BTreeSet<PartyId> =
                    main.outputs.iter().flat_map(|output| output.to.iter().copied()).collect();
                let names: Vec<&str> = parties.iter().map(|party| &*program.parties[party.0 as usize].name).collect();
                let audience = if names.len() == program.parties.len() { "all".to_owned() } else { names.join(", ") };
                self.requires_missing(*span, reason, &audience);
            }
        }
    }

    /// Where the signature of `main` ends.
    fn main_signature(&self) -> Option<&'a ast::Function> {
        let def = self.lookup(self.root, "main")?;
        match self.def(def).kind {
            DefKind::Function(ast, _) => Some(ast),
            _ => None,
        }
    }

    fn requires_missing(&mut self, span: Span, reason: &str, audience: &str) {
        let Some(ast) = self.main_signature() else { return };
        let end = ast.output.span().unwrap_or(ast.signature).at_end();
        let message = "the program requires something, but nothing says who learns whether it holds";
        let error = Diagnostic::error(Code::RequiresMissing, message)
            .at(ast.name.span, "does not say who learns of a failure")
            .because(span, format!("required here: {reason}"))
            .note("that a requirement does not hold is the one thing that a program tells besides its results")
            .replace(format!("say who: `requires to {audience}`"), end, format!(" requires to {audience}"));
        self.report(error);
    }

    fn nothing_required(&mut self, span: Span) {
        // What is wrong may have been a requirement.
        if self.errors > 0 {
            return;
        }
        let Some(ast) = self.main_signature() else { return };
        let start = ast.output.span().map_or(span.start, |output| output.end);
        let warning = Diagnostic::warning(Code::NothingRequired, "nothing that `main` reaches is a `require`")
            .at(span, "nothing to learn")
            .replace("leave it out", Span { start, ..span }, "");
        self.report(warning);
    }
}
