//! What people who come from other languages write, and what to write in Hush.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Parse, Parser};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Ident};
use crate::syntax::token::TokenKind;

/// Names of types of other languages, unless the file declares them.
#[derive(Default)]
pub(super) struct ForeignTypes {
    used: Vec<Ident>,
    declared: HashSet<Arc<str>>,
    /// Whether names come from elsewhere that the parser does not see.
    glob: bool,
}

impl ForeignTypes {
    /// A type of this name is used.
    pub(super) fn using(&mut self, name: &Ident) {
        if foreign_type(&name.name).is_some() {
            self.used.push(name.clone());
        }
    }

    /// The file gives this name a meaning.
    pub(super) fn declare(&mut self, name: &Ident) {
        self.declared.insert(Arc::clone(&name.name));
    }

    /// A `use` imports whatever a module has.
    pub(super) fn declare_all(&mut self) {
        self.glob = true;
    }

    pub(super) fn finish(&mut self) -> Vec<Diagnostic> {
        let used = std::mem::take(&mut self.used);
        used.iter()
            .filter(|name| !self.glob && !self.declared.contains(&name.name))
            .filter_map(foreign_type_error)
            .collect()
    }
}

/// What to use for a type of another language, and whether it can be put in its place as it stands.
fn foreign_type(name: &str) -> Option<(&'static str, bool)> {
    Some(match name {
        "usize" => ("u64", true),
        "isize" => ("i64", true),
        "f32" => ("fixed<16, 16>", true),
        "f64" | "float" | "double" => ("fixed<32, 32>", true),
        "char" | "byte" => ("u8", true),
        "Int" | "Integer" | "integer" => ("i64", true),
        "uint" => ("u64", true),
        "boolean" | "Bool" | "Boolean" => ("bool", true),
        "String" | "string" => ("str<32>", true),
        "Vec" | "List" => ("[T; N]", false),
        "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet" => ("a sorted array and `std::sets`", false),
        "Box" | "Rc" | "Arc" => ("the value itself", false),
        "Result" => ("an `enum` of your own, or `Option`", false),
        _ => return None,
    })
}

fn foreign_type_error(name: &Ident) -> Option<Diagnostic> {
    let (instead, exact) = foreign_type(&name.name)?;
    let error =
        Diagnostic::error(Code::ForeignType, format!("Hush has no type `{name}`")).at(name.span, "unknown type");
    Some(match exact {
        true => error.replace(format!("use `{instead}`"), name.span, instead),
        false if instead.contains(' ') && !instead.starts_with('[') => error.help(format!("use {instead}")),
        false => error.help(format!("use `{instead}`: sizes are fixed before the run")),
    })
}

impl Parser<'_> {
    /// Reports an operator of another language that stands here, after an operand. It is not consumed.
    #[inline(never)]
    pub(super) fn foreign_operator_here(&mut self) -> bool {
        let span = self.span();
        let error = match self.kind() {
            TokenKind::Question => Diagnostic::error(Code::ForeignOperator, "Hush has no operator `?`")
                .at(span, "not an operator")
                .help("write `if c { a } else { b }` for a choice, `let Some(x) = … else { … };` for an `Option`"),
            _ => return false,
        };
        self.report(error);
        true
    }

    /// `=` where only a value can stand: reports it and steps over it and what is assigned.
    #[inline(never)]
    pub(super) fn assignment_here(&mut self) -> Parse<()> {
        let Some(span) = self.eat(TokenKind::Eq) else { return Ok(()) };
        let error = Diagnostic::error(Code::AssignmentAsCondition, "`=` assigns, but a value is expected here")
            .at(span, "an assignment is not a value")
            .replace("compare with `==`", span, "==");
        self.report(error);
        self.expr_here().map(drop)
    }

    pub(super) fn word_operator(&self, symbol: &str) -> Diagnostic {
        let word = self.text_of(self.span());
        Diagnostic::error(Code::ForeignOperator, format!("`{word}` is not an operator"))
            .at(self.span(), "a name here")
            .replace(format!("write `{symbol}`"), self.span(), symbol)
    }

    /// Reports what stands here in place of an operand, if other languages have it. Returns how many tokens it takes.
    #[inline(never)]
    pub(super) fn foreign_prefix(&mut self) -> Option<usize> {
        let span = self.span();
        let mutable = usize::from(self.kind_ahead(1) == TokenKind::Mut);
        let (error, len) = match self.kind() {
            TokenKind::And | TokenKind::AndAnd if self.touches_previous_operator() => (self.repeated_operator(), 1),
            TokenKind::And | TokenKind::AndAnd => {
                let whole = if mutable == 1 { span.to(self.tokens[self.position + 1].span) } else { span };
                (no_reference(whole), 1 + mutable)
            }
            TokenKind::Star if self.touches_previous_operator() => (self.repeated_operator(), 1),
            TokenKind::Eq if self.touches_previous_operator() => (self.repeated_operator(), 1),
            TokenKind::Gt if self.touches_previous_operator() => (self.repeated_operator(), 1),
            TokenKind::Star => (no_dereference(span), 1),
            TokenKind::Plus if self.touches_previous_operator() => (self.repeated_operator(), 1),
            TokenKind::Plus => (no_plus(span), 1),
            TokenKind::Tilde => (no_tilde(span), 1),
            _ => return None,
        };
        self.report(error);
        Some(len)
    }

    fn touches_previous_operator(&self) -> bool {
        let operators = [
            TokenKind::AndAnd,
            TokenKind::And,
            TokenKind::Star,
            TokenKind::EqEq,
            TokenKind::NotEq,
            TokenKind::Lt,
            TokenKind::Plus,
        ];
        let previous = self.position.checked_sub(1).map(|position| self.tokens[position].kind);
        self.touches_previous() && previous.is_some_and(|kind| operators.contains(&kind))
    }

    /// `&&&`, `**`, `===`, `!==`, `<>`, `++`: two symbols that touch.
    fn repeated_operator(&self) -> Diagnostic {
        let span = self.previous_span().to(self.span());
        let text = self.text_of(span);
        let error = Diagnostic::error(Code::ForeignOperator, format!("Hush has no operator `{text}`"));
        let error = error.at(span, "not an operator");
        let instead = match text {
            "&&&" => "&&",
            "===" => "==",
            "!==" | "<>" => "!=",
            "**" => return error.help("write `x * x`, or multiply in a `for` loop"),
            "++" => return error.help("write `x += 1`"),
            _ => return error.help("write one operator"),
        };
        error.replace(format!("write `{instead}`"), span, instead)
    }

    /// Whether `if c else y` follows on this line, after a value.
    pub(super) fn at_conditional(&self) -> bool {
        if self.kind() != TokenKind::If || self.at_line_start() {
            return false;
        }
        let ends =
            [TokenKind::OpenBrace, TokenKind::CloseBrace, TokenKind::Semicolon, TokenKind::FatArrow, TokenKind::End];
        (1..).map(|ahead| self.kind_ahead(ahead)).find(|kind| *kind == TokenKind::Else || ends.contains(kind))
            == Some(TokenKind::Else)
    }

    /// `if c else y` after a value: reports it and steps over it.
    #[inline(never)]
    pub(super) fn conditional_after(&mut self, value: &Expr) -> Parse<Expr> {
        let keyword = self.bump().span;
        let condition = self.expr_here()?;
        self.eat(TokenKind::Else);
        let otherwise = self.expr_here()?;
        let whole = value.span.to(otherwise.span);
        let text = |expr: &Expr| self.text_of(expr.span);
        let instead = format!("if {} {{ {} }} else {{ {} }}", text(&condition), text(value), text(&otherwise));
        let error = Diagnostic::error(Code::UnexpectedToken, "a choice begins with its condition")
            .at(keyword, "after the value that it chooses")
            .replace("write the condition first", whole, instead);
        self.report(error);
        Ok(Expr { kind: ExprKind::Error, span: whole })
    }

    /// Reports a construct of another language that begins here with a word, as a statement or expression.
    #[inline(never)]
    pub(super) fn foreign_statement(&mut self) -> Option<()> {
        let span = self.span();
        let next = self.kind_ahead(1);
        let starts_operand = matches!(
            next,
            TokenKind::Ident
                | TokenKind::Int
                | TokenKind::True
                | TokenKind::OpenBrace
                | TokenKind::Not
                | TokenKind::OpenParen
        );
        let error = match (self.kind(), self.word_ahead(0)) {
            (TokenKind::While | TokenKind::Loop, _) => no_unbounded_loop(span, self.text_of(span)),
            (_, Some("unsafe" | "async")) if next == TokenKind::OpenBrace => no_word(span, self.text_of(span)),
            (_, Some("switch")) if starts_operand && next != TokenKind::OpenParen => use_word(span, "switch", "match"),
            (_, Some("var")) if next == TokenKind::Ident => use_word(span, "var", "let mut"),
            (_, Some("elif" | "elsif" | "elseif")) => use_word(span, self.text_of(span), "else if"),
            _ => return None,
        };
        self.report(error);
        Some(())
    }

    /// `(i = 0; i < 10; i += 1)` after `for`: reports it and steps over it.
    #[inline(never)]
    pub(super) fn foreign_for(&mut self) -> bool {
        let end = self.partner[self.position] as usize;
        let found = self.tokens[self.position..end].iter().any(|token| token.kind == TokenKind::Semicolon);
        if self.kind() != TokenKind::OpenParen || !found {
            return false;
        }
        let start = self.span();
        self.position = end + 1;
        let error = Diagnostic::error(Code::ForeignConstruct, "a `for` goes over a range or an array")
            .at(self.span_since(start), "not in the language")
            .help("write `for i in 0..10 { … }`; a step other than 1 comes from calculating with `i`");
        self.report(error);
        true
    }

    /// Reports an item of another language that begins here, and makes it one of ours where there is one.
    pub(super) fn foreign_item(&mut self) -> Option<Parse<()>> {
        let (word, span) = (self.word_ahead(0)?, self.span());
        if !self.at_foreign_item() {
            return None;
        }
        let instead = match word {
            "mod" => {
                return Some(self.fail(no_item(
                    span,
                    "modules are files",
                    "name what you need: `use self::file::name;`",
                )));
            }
            "trait" => {
                let help = "bounds are `Ord`, `Eq`, `Num`; methods stand in `impl`";
                return Some(self.fail(no_item(span, "Hush has no traits of your own", help)));
            }
            "static" => TokenKind::Const,
            "func" | "function" | "def" | "fun" => TokenKind::Fn,
            "class" | "record" => TokenKind::Struct,
            "import" => TokenKind::Use,
            _ => {
                self.report(no_word(span, word));
                self.bump();
                return Some(Ok(()));
            }
        };
        self.report(use_word(span, word, instead.fixed_text().unwrap_or_default()));
        self.retype(instead);
        Some(Ok(()))
    }

    /// Whether an item of another language begins here.
    pub(super) fn at_foreign_item(&self) -> bool {
        let next = self.kind_ahead(1);
        match self.word_ahead(0) {
            Some("unsafe" | "async" | "extern") => next.is_keyword(),
            Some("mod" | "trait" | "static" | "func" | "function" | "def" | "fun" | "class" | "record" | "import") => {
                next == TokenKind::Ident
            }
            _ => false,
        }
    }

    /// After a path: `name!(…)`. Reports and steps over the `!`.
    #[inline(never)]
    pub(super) fn macro_mark(&mut self, path: Span) -> Parse<()> {
        let bracket = self.kind_ahead(1);
        let call = matches!(bracket, TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::OpenBrace);
        if self.kind() != TokenKind::Not || !self.touches_previous() || !call {
            return Ok(());
        }
        let span = self.span();
        let error = Diagnostic::error(Code::ForeignConstruct, "Hush has no macros")
            .at(span, "not in the language")
            .because(path, "functions are called without `!`");
        if bracket != TokenKind::OpenParen {
            return self.fail(error.help("write the value itself"));
        }
        let error = match self.text_of(path) {
            "print" | "println" | "eprint" | "eprintln" | "dbg" | "format" | "write" | "writeln" => {
                error.help("a program has no output but its result; `hushgate eval --trace` shows what variables hold")
            }
            "panic" | "unreachable" | "todo" | "unimplemented" | "bail" | "ensure" => {
                error.help("a program cannot fail half-way: use `require(…, \"…\")`, or give an `Option`")
            }
            _ => error.replace("leave `!` out", span, ""),
        };
        self.report(error);
        self.bump();
        Ok(())
    }
}

fn no_reference(span: Span) -> Diagnostic {
    Diagnostic::error(Code::ForeignConstruct, "Hush has no references: values are passed as they are")
        .at(span, "not in the language")
        .replace("leave it out", span, "")
}

fn no_dereference(span: Span) -> Diagnostic {
    Diagnostic::error(Code::ForeignConstruct, "Hush has no pointers, so there is nothing to follow with `*`")
        .at(span, "`*` multiplies two values")
        .replace("leave it out", span, "")
}

fn no_plus(span: Span) -> Diagnostic {
    Diagnostic::error(Code::ForeignOperator, "`+` stands between two values").at(span, "nothing to add to").replace(
        "leave it out",
        span,
        "",
    )
}

fn no_tilde(span: Span) -> Diagnostic {
    Diagnostic::error(Code::ForeignOperator, "Hush has no operator `~`").at(span, "not an operator").replace(
        "write `!`, which inverts all bits",
        span,
        "!",
    )
}

fn no_unbounded_loop(span: Span, word: &str) -> Diagnostic {
    Diagnostic::error(Code::ForeignConstruct, format!("`{word}` has no bound, but every loop in Hush needs one"))
        .at(span, "how often would this run?")
        .note("a circuit has a fixed size, and how often a loop runs would tell the other party something")
        .help("write `for i in 0..MAX { … }` and leave it with `break` when the work is done")
}

fn no_word(span: Span, word: &str) -> Diagnostic {
    Diagnostic::error(Code::ForeignConstruct, format!("Hush has no `{word}`")).at(span, "not in the language").replace(
        "leave it out",
        span,
        "",
    )
}

fn use_word(span: Span, word: &str, instead: &str) -> Diagnostic {
    Diagnostic::error(Code::ForeignConstruct, format!("Hush has no `{word}`")).at(span, "not in the language").replace(
        format!("write `{instead}`"),
        span,
        instead,
    )
}

fn no_item(span: Span, message: &str, help: &str) -> Diagnostic {
    Diagnostic::error(Code::ForeignConstruct, message).at(span, "not in the language").help(help)
}
