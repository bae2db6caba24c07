//! The codes of diagnostics and the long explanation of each.
//!
//! A code is never reused for something else. Its explanation is `explain/EXXXX.md` beside this file: what the rule
//! is, why it exists, an example that breaks it and one that keeps it.
//! E00xx syntax, E01xx names and modules, E02xx types, E03xx stages and parties, E04xx ranges, E05xx limits.

use std::fmt;
use std::str::FromStr;

/// Makes [`Code`] and its tables from one list: variant, number, one-line title.
macro_rules! codes {
    ($($name:ident = $number:literal, $title:literal;)*) => {
        /// What kind of problem a diagnostic is about.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Code {
            $(#[doc = concat!($number, ": ", $title)] $name,)*
        }

        impl Code {
            /// Every code, in order of its number.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// Its number, such as `E0031`.
            #[must_use]
            pub const fn number(self) -> &'static str {
                match self { $(Code::$name => $number,)* }
            }

            /// What it is about, in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }

            /// The long explanation, in Markdown.
            #[must_use]
            pub const fn explanation(self) -> &'static str {
                match self { $(Code::$name => include_str!(concat!("explain/", $number, ".md")),)* }
            }
        }
    };
}

codes! {
    UnknownCharacter = "E0001", "a character that is not part of the language";
    UnterminatedText = "E0002", "a text or comment that does not end";
    BadEscape = "E0003", "an unknown escape in a text";
    BadNumber = "E0004", "a malformed number";
    NumberSuffix = "E0005", "a number with a type after it";
    UnclosedBracket = "E0006", "a bracket that is not closed";
    UnexpectedBracket = "E0007", "a closing bracket without its opening one";
    UnexpectedToken = "E0008", "something other than what the grammar expects";
    MissingSemicolon = "E0009", "a statement without its semicolon";
    AssignmentAsCondition = "E0010", "`=` where a condition is expected";
    ChainedComparison = "E0011", "comparisons in a row";
    AsCast = "E0012", "`as`, which is not in the language";
    ForeignOperator = "E0013", "an operator of another language";
    ForeignConstruct = "E0014", "a construct of another language";
    ForeignType = "E0015", "a type of another language";
    MissingValue = "E0016", "a `let` or `const` without a value";
    ExclusiveTypeRange = "E0017", "a range of a type that is not of the form `LO..=HI`";
    MisplacedDocs = "E0018", "documentation that documents nothing";
    MisplacedSelf = "E0019", "`self` where it cannot stand";
    AmbiguousStructLiteral = "E0020", "a struct literal where a block is expected";
    MissingRecipient = "E0021", "`from`, `to` or `public` without what must follow it";
    ReservedWord = "E0022", "a keyword used as a name";
    FileTooLarge = "E0501", "a source file that is too large";
    NestedTooDeeply = "E0502", "code that nests too deeply";
    NumberTooLong = "E0503", "a number with too many digits";
    TooManyErrors = "E0504", "too many errors";
}

/// The stage of the compiler that a code belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// E00xx: reading the text.
    Syntax,
    /// E01xx: names and modules.
    Names,
    /// E02xx: types.
    Types,
    /// E03xx: stages (build time, public, secret) and parties.
    Stages,
    /// E04xx: ranges: overflow, zero divisors, indices.
    Ranges,
    /// E05xx: limits.
    Limits,
}

impl Code {
    /// The stage that it belongs to.
    #[must_use]
    pub fn stage(self) -> Stage {
        match self.number().as_bytes()[2] {
            b'0' => Stage::Syntax,
            b'1' => Stage::Names,
            b'2' => Stage::Types,
            b'3' => Stage::Stages,
            b'4' => Stage::Ranges,
            _ => Stage::Limits,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.number())
    }
}

/// There is no such code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no diagnostic {0:?}; codes look like E0031")]
pub struct UnknownCode(pub String);

/// Reads `E0031`, in any case, also without `E` or leading zeros.
impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Code, UnknownCode> {
        let digits = text.trim().trim_start_matches(['E', 'e']);
        let wanted = digits.parse::<u16>().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()));
        let found = wanted.and_then(|n| Code::ALL.iter().find(|code| code.number()[1..].parse() == Ok(n)));
        found.copied().ok_or_else(|| UnknownCode(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_well_formed() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].number() < pair[1].number(), "{} before {}", pair[0], pair[1]);
        }
        for code in Code::ALL {
            let number = code.number();
            assert!(number.len() == 5 && number.starts_with("E0"), "{number}");
            assert!(number[1..].bytes().all(|b| b.is_ascii_digit()), "{number}");
        }
    }

    #[test]
    fn codes_are_read_back() {
        for code in Code::ALL {
            assert_eq!(code.number().parse(), Ok(*code));
        }
        assert_eq!("8".parse(), Ok(Code::UnexpectedToken));
        assert_eq!(" e0008 ".parse(), Ok(Code::UnexpectedToken));
        for bad in ["", "E", "E9999", "+8", "E-8", "eight"] {
            assert_eq!(bad.parse::<Code>(), Err(UnknownCode(bad.to_owned())));
        }
    }
}
