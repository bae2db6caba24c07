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
    UnknownName = "E0101", "a name that nothing declares";
    DuplicateName = "E0102", "a name declared twice";
    WrongKind = "E0103", "a name that stands for another kind of thing";
    UnknownField = "E0104", "a field that does not exist";
    UnknownVariant = "E0105", "a variant or associated item that does not exist";
    UnknownMethod = "E0106", "a method that does not exist";
    UnknownAttribute = "E0107", "an unknown attribute";
    MisplacedItem = "E0108", "a declaration where it cannot stand";
    Recursion = "E0109", "a function that calls itself";
    RecursiveType = "E0110", "a type that contains itself";
    RecursiveConstant = "E0111", "a constant that depends on itself";
    BadTest = "E0112", "a test that is not a plain function";
    UnknownModule = "E0113", "a module that does not exist";
    PrivateName = "E0114", "a name that is private to its file";
    TypeMismatch = "E0201", "a value of another type than expected";
    ArgumentCount = "E0202", "too many or too few arguments";
    GenericArguments = "E0203", "wrong generic arguments";
    CannotInfer = "E0204", "a type or size that nothing determines";
    BoundNotMet = "E0205", "a type that lacks what a bound asks for";
    OperandType = "E0206", "an operator or method on values that it does not work on";
    DeclaredTypeNeeded = "E0207", "an operator that needs a declared width";
    NotMutable = "E0208", "assignment to something not declared `mut`";
    NotAPlace = "E0209", "assignment to something that is not a variable";
    MissingField = "E0210", "a field without a value";
    DuplicateField = "E0211", "a field given twice";
    MissingCases = "E0212", "a `match` that leaves cases open";
    UnreachableArm = "E0213", "an arm that is never taken";
    RefutablePattern = "E0214", "a pattern that may not match";
    PatternMismatch = "E0215", "a pattern for another type";
    AlternativesDiffer = "E0216", "alternatives that bind different names";
    BadIntegerWidth = "E0217", "an integer type that does not exist";
    BadRange = "E0218", "a range that a type cannot have";
    BadLength = "E0219", "a length that does not fit";
    ArrayWithoutLength = "E0220", "an array type without a length";
    NotCallable = "E0221", "a call of something that is not a function";
    OutsideLoop = "E0222", "`break`, `continue` or `return` with nothing to leave";
    NoValue = "E0223", "an expression that never has a value";
    MissingElse = "E0224", "an `if` without `else` as a value";
    ElseGoesOn = "E0225", "the `else` of a `let` that does not leave";
    NotIterable = "E0226", "a loop over something that has no elements";
    MisplacedRange = "E0227", "a range used as a value";
    MisplacedClosure = "E0228", "a closure used as a value";
    EmptyArray = "E0229", "the least, greatest, first or last of nothing";
    NotSupported = "E0230", "a part of the language that is not there yet";
    AssertOutsideTest = "E0231", "an assertion outside of a test";
    NotConstant = "E0301", "a value that must be known at build time";
    ConstantFails = "E0302", "a constant that cannot be computed";
    ParamMissing = "E0303", "a parameter without a value";
    ParamUnknown = "E0304", "a value for a parameter that does not exist";
    ParamOutOfRange = "E0305", "a value that a parameter cannot have";
    ParamType = "E0306", "a parameter of a type that cannot be set";
    BadMain = "E0307", "a `main` that cannot be run";
    InputWithoutSource = "E0308", "an input that nobody gives";
    OutputWithoutRecipient = "E0309", "an output that nobody learns";
    MisplacedBorder = "E0310", "`from`, `to` or `public` outside of `main`";
    UnknownParty = "E0311", "a party that is not declared";
    FamilyAsParty = "E0312", "a family where one party is needed, or the reverse";
    EachNeedsArray = "E0313", "`from each` with another type than an array of the family's size";
    ExactAtBorder = "E0314", "`int` as an input or output";
    PartyCount = "E0315", "too few or too many parties";
    SecretBound = "E0320", "a secret where everybody must know the value";
    RequiresMissing = "E0330", "a requirement, and nobody who learns whether it holds";
    OutsideAudience = "E0331", "somebody who learns a result, but not whether the requirements hold";
    NothingRequired = "E0332", "`requires` in a program that requires nothing";
    NeverHolds = "E0333", "a requirement that never holds";
    DoesNotFit = "E0401", "a value that may be outside its type's range";
    ZeroDivisor = "E0402", "a divisor that may be 0";
    IndexOutside = "E0403", "an index that may be outside its array";
    NegativeShift = "E0404", "a shift by an amount that may be negative";
    UnboundedGrowth = "E0405", "a value without a range that holds in every iteration";
    FileTooLarge = "E0501", "a source file that is too large";
    NestedTooDeeply = "E0502", "code that nests too deeply";
    NumberTooLong = "E0503", "a number with too many digits";
    TooManyErrors = "E0504", "too many errors";
    TypeTooLarge = "E0505", "a type that is too large";
    TooManyExpansions = "E0506", "too many expansions of generic code";
    ConstantTooLong = "E0507", "a constant that takes too long to compute";
    MatchTooComplex = "E0508", "patterns that are too intricate to check";
    TooManyGates = "E0510", "a circuit that is too large";
    TooManySteps = "E0511", "a program that takes too long to compile";
    TooWide = "E0512", "an integer with too many bits";
    TooDeep = "E0513", "expressions or calls that nest too deeply";
    TooManyElements = "E0514", "an array that is too long";
    OverBudget = "E0515", "a function that costs more than it may";
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
