//! Tokens: sixteen bytes each, their text stays in the file.

use crate::source::Span;

/// A token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: TokenKind,
    /// Where it stands; empty for the end of the file and for brackets that were missing.
    pub(crate) span: Span,
}

/// Makes [`TokenKind`] with the tables of keywords and of symbols.
macro_rules! tokens {
    (keywords { $($keyword:ident = $word:literal,)* } symbols { $($symbol:ident = $text:literal,)* }) => {
        /// The kinds of token.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum TokenKind {
            /// A name that is not a keyword.
            Ident,
            /// A whole number: `12`, `0xff`, `0b1`, `0o7`.
            Int,
            /// `1.5`.
            Decimal,
            /// `"text"`.
            Str,
            /// `b"bytes"`.
            ByteStr,
            /// `b'x'`.
            Byte,
            /// `///`.
            DocOuter,
            /// `//!`.
            DocInner,
            /// The end of the file.
            End,
            $($keyword,)*
            $($symbol,)*
        }

        /// Keywords and their text.
        pub(crate) const KEYWORDS: &[(&str, TokenKind)] = &[$(($word, TokenKind::$keyword),)*];

        /// Symbols and their text; a symbol stands before every symbol that it begins with.
        pub(crate) const SYMBOLS: &[(&str, TokenKind)] = &[$(($text, TokenKind::$symbol),)*];

        impl TokenKind {
            /// The text of a keyword or symbol.
            pub(crate) const fn fixed_text(self) -> Option<&'static str> {
                match self {
                    $(TokenKind::$keyword => Some($word),)*
                    $(TokenKind::$symbol => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

tokens! {
    keywords {
    As = "as", Break = "break", Const = "const", Continue = "continue", Else = "else", Enum = "enum", False = "false",
    Fn = "fn", For = "for", If = "if", Impl = "impl", In = "in", Let = "let", Loop = "loop", Match = "match",
    Mut = "mut", Pub = "pub", Return = "return", Struct = "struct", True = "true", Type = "type", Use = "use",
    While = "while",
    }
    symbols {
    ShlWrapEq = "<<%=",
    ShlWrap = "<<%", ShlEq = "<<=", ShrEq = ">>=", AddWrapEq = "+%=", SubWrapEq = "-%=", MulWrapEq = "*%=",
    AddSatEq = "+|=", SubSatEq = "-|=", MulSatEq = "*|=", DotDotEq = "..=", DotDotDot = "...",
    AddWrap = "+%", SubWrap = "-%", MulWrap = "*%", AddSat = "+|", SubSat = "-|", MulSat = "*|",
    Shl = "<<", Shr = ">>", EqEq = "==", NotEq = "!=", LtEq = "<=", GtEq = ">=", AndAnd = "&&", OrOr = "||",
    PlusEq = "+=", MinusEq = "-=", StarEq = "*=", SlashEq = "/=", PercentEq = "%=", AndEq = "&=", OrEq = "|=",
    CaretEq = "^=", Arrow = "->", FatArrow = "=>", PathSep = "::", DotDot = "..",
    Plus = "+", Minus = "-", Star = "*", Slash = "/", Percent = "%", And = "&", Or = "|", Caret = "^", Not = "!",
    Eq = "=", Lt = "<", Gt = ">", Dot = ".", Comma = ",", Semicolon = ";", Colon = ":", Hash = "#", At = "@",
    Question = "?", Tilde = "~", Dollar = "$",
    OpenParen = "(", CloseParen = ")", OpenBracket = "[", CloseBracket = "]", OpenBrace = "{", CloseBrace = "}",
    }
}

impl TokenKind {
    /// The closing bracket that belongs to an opening one.
    pub(crate) const fn closer(self) -> Option<TokenKind> {
        match self {
            TokenKind::OpenParen => Some(TokenKind::CloseParen),
            TokenKind::OpenBracket => Some(TokenKind::CloseBracket),
            TokenKind::OpenBrace => Some(TokenKind::CloseBrace),
            _ => None,
        }
    }

    /// Whether it is a closing bracket.
    pub(crate) const fn is_closer(self) -> bool {
        matches!(self, TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace)
    }

    /// Whether it is a keyword.
    pub(crate) fn is_keyword(self) -> bool {
        self.fixed_text().is_some_and(|text| text.as_bytes()[0].is_ascii_alphabetic())
    }
}
