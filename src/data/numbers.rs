//! Numbers as people's files write them: decimal commas, thousands separators, and amounts with decimals that a program takes as whole numbers.
//!
//! Nothing of this is guessed: `--numbers 1.234,56` shows how 1234.56 is written, and `--decimals price=2` says that the whole number `price` counts
//! hundredths. Without them such a number is an error that names the option.
//!
//! # Invariants
//! - Nothing is rounded: a number with more decimals than declared is an error.
//! - Separators stand where they must, after groups of three digits, so that a decimal point is not taken for one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hushgate_circuits::circuit::InputPort;
use hushgate_circuits::shape::Shape;

use super::expected;
use super::json::{Json, Misfit, parse_integer};
use super::known::{Known, known};

/// How numbers are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    style: Option<Style>,
    decimals: BTreeMap<String, u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Style {
    decimal: char,
    group: Option<char>,
}

impl Numbers {
    /// From `--numbers` and `--decimals`; or what is wrong with them.
    pub fn parse(style: Option<&str>, decimals: &[String]) -> Result<Numbers, String> {
        let style = style.map(|text| {
            Style::parse(text).ok_or_else(|| {
                format!("--numbers {text}: expected how 1234.56 is written in the data, such as 1.234,56 or 1,234.56 or \"1 234,56\"")
            })
        });
        let mut names = BTreeMap::new();
        for text in decimals {
            let split =
                text.split_once('=').and_then(|(name, digits)| Some((name.trim(), digits.trim().parse().ok()?)));
            let Some((name, digits)) = split.filter(|&(_, digits)| (1..=DECIMALS_MAX).contains(&digits)) else {
                return Err(format!(
                    "--decimals {text}: expected NAME=DIGITS, such as price=2 where a price in euros counts cents; at most {DECIMALS_MAX} digits"
                ));
            };
            if names.insert(name.to_owned(), digits).is_some() {
                return Err(format!("--decimals {name} is given twice"));
            }
        }
        Ok(Numbers { style: style.transpose()?, decimals: names })
    }

    /// A name with declared decimals that none of these inputs has, nor a field in them.
    pub fn unknown<'a>(&'a self, ports: &[&InputPort]) -> Option<&'a str> {
        let has = |name: &str| {
            ports.iter().any(|port| port.name == name && is_whole(&port.shape) || has_field(&port.shape, name))
        };
        self.decimals.keys().map(String::as_str).find(|name| !has(name))
    }

    /// The mark that separates the cells of a CSV file with this header.
    pub(super) fn delimiter(&self, header: &str) -> u8 {
        let has_comma = header.contains(',');
        match () {
            () if !has_comma && header.contains(';') => b';',
            () if !has_comma && header.contains('\t') => b'\t',
            // A single column: commas are in the numbers.
            () if !has_comma && self.style.is_some_and(|style| style.decimal == ',' || style.group == Some(',')) => {
                b';'
            }
            () => b',',
        }
    }

    /// The text of a number of this shape as the program's own format has it; other texts as they are.
    pub(super) fn plain<'t>(&self, name: &str, shape: &Shape, text: &'t str) -> Result<Cow<'t, str>, String> {
        let shape = match known(shape) {
            Some(Known::Optional(some)) if !text.is_empty() => return self.plain(name, some, text),
            _ => shape,
        };
        if !is_number(shape) || text.is_empty() || text.starts_with("0x") {
            return Ok(Cow::Borrowed(text));
        }
        let plain = match &self.style {
            Some(style) => Cow::Owned(style.plain(text).ok_or_else(|| {
                format!("found {text:?}; expected {}, written like {}", expected(shape), style.sample())
            })?),
            None => Cow::Borrowed(text),
        };
        match (shape, self.decimals.get(name)) {
            (Shape::Int { .. }, Some(&digits)) => scaled(&plain, digits).map(Cow::Owned).ok_or_else(|| {
                let amounts = format!(
                    "a number with at most {digits} decimals, which counts parts of 1/1{}",
                    "0".repeat(digits as usize)
                );
                format!("found {text:?}; expected {amounts}, for {}", expected(shape))
            }),
            _ => Ok(plain),
        }
    }

    /// A JSON document with its numbers in the program's own format; `name` is that of the value.
    pub(super) fn in_json(&self, name: &str, shape: &Shape, json: Json) -> Result<Json, Misfit> {
        if *self == Numbers::default() {
            return Ok(json);
        }
        let each = |name: &str, shapes: &dyn Fn(usize) -> Option<Shape>, items: Vec<Json>| -> Result<Json, Misfit> {
            let item = |(i, json): (usize, Json)| match shapes(i) {
                Some(shape) => self.in_json(name, &shape, json).map_err(|misfit| misfit.within(&format!("[{i}]"))),
                None => Ok(json),
            };
            Ok(Json::List(items.into_iter().enumerate().map(item).collect::<Result<_, _>>()?))
        };
        match (known(shape), shape, json) {
            (Some(Known::Optional(some)), _, json) if json != Json::Null => self.in_json(name, some, json),
            (_, _, Json::String(text)) if is_number(shape) => {
                self.plain(name, shape, &text).map(|text| Json::String(text.into_owned())).map_err(Misfit::new)
            }
            (_, Shape::Int { .. }, Json::Number(number)) if self.decimals.contains_key(name) => {
                let unstyled = Numbers { style: None, decimals: self.decimals.clone() };
                let text = number.to_string();
                unstyled.plain(name, shape, &text).map(|text| Json::String(text.into_owned())).map_err(Misfit::new)
            }
            (None, Shape::Array { element, .. }, Json::List(items)) => {
                each(name, &|_| Some((**element).clone()), items)
            }
            (None, Shape::Tuple(shapes), Json::List(items)) => each(name, &|i| shapes.get(i).cloned(), items),
            (None, Shape::Struct { fields, .. }, Json::Object(entries)) => {
                let entry = |(entry, json): (String, Json)| {
                    let shape = fields.iter().find(|(field, _)| *field == entry).map(|(_, shape)| shape);
                    let json = match shape {
                        Some(shape) => {
                            self.in_json(&entry, shape, json).map_err(|misfit| misfit.within(&format!(".{entry}")))?
                        }
                        None => json,
                    };
                    Ok((entry, json))
                };
                Ok(Json::Object(entries.into_iter().map(entry).collect::<Result<_, _>>()?))
            }
            (_, _, json) => Ok(json),
        }
    }
}

impl Style {
    /// From how 1234.56 is written.
    fn parse(sample: &str) -> Option<Style> {
        let rest = sample.strip_prefix('1')?.strip_suffix("56")?;
        let (thousands, decimal) = rest.split_at(rest.char_indices().next_back()?.0);
        let decimal = decimal.chars().next().filter(|mark| ['.', ','].contains(mark))?;
        let mut group = thousands.strip_suffix("234")?.chars();
        let style = Style { decimal, group: group.next() };
        let fits = style.group.is_none_or(|mark| mark != decimal && GROUP_MARKS.contains(&mark));
        (group.next().is_none() && fits).then_some(style)
    }

    fn sample(&self) -> String {
        let group = self.group.map_or(String::new(), String::from);
        format!("1{group}234{}56", self.decimal)
    }

    /// The number with a decimal point and without separators.
    fn plain(&self, text: &str) -> Option<String> {
        let (whole, fraction) = match text.split_once(self.decimal) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
        let groups: Vec<&str> = match self.group {
            Some(mark) => whole.split(|c| c == mark || is_space(mark) && is_space(c)).collect(),
            None => vec![whole],
        };
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
        let grouped = match &groups[..] {
            [_] => true,
            [first, rest @ ..] => first.len() <= 3 && rest.iter().all(|group| group.len() == 3),
            [] => false,
        };
        let fits = grouped && groups.iter().all(|group| is_digits(group)) && fraction.is_none_or(is_digits);
        let point = fraction.map_or(String::new(), |fraction| format!(".{fraction}"));
        fits.then(|| format!("{sign}{}{point}", groups.concat()))
    }
}

/// A decimal number times 10^`digits`, if that is a whole number.
fn scaled(text: &str, digits: u32) -> Option<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let has_point = text.contains('.');
    let kept = fraction.trim_end_matches('0');
    let fits = (!has_point || !fraction.is_empty()) && fraction.bytes().all(|c| c.is_ascii_digit());
    if !fits || kept.len() > digits as usize {
        return None;
    }
    let number = format!("{whole}{kept:0<width$}", width = digits as usize);
    parse_integer(whole).and_then(|_| parse_integer(&number)).map(|number| number.to_string())
}

/// Whether data write a value of this shape as one number.
pub(super) fn is_number(shape: &Shape) -> bool {
    matches!(shape, Shape::Int { .. }) || matches!(known(shape), Some(Known::Fixed(..)))
}

fn is_whole(shape: &Shape) -> bool {
    match (known(shape), shape) {
        (Some(Known::Optional(some)), _) => is_whole(some),
        (_, Shape::Int { .. }) => true,
        (_, Shape::Array { element, .. }) => is_whole(element),
        _ => false,
    }
}

/// Whether a struct in this shape has a field of this name that is a whole number, or made of them.
fn has_field(shape: &Shape, name: &str) -> bool {
    match shape {
        Shape::Struct { fields, .. } => {
            fields.iter().any(|(field, shape)| field == name && is_whole(shape) || has_field(shape, name))
        }
        Shape::Array { element, .. } => has_field(element, name),
        Shape::Tuple(items) => items.iter().any(|shape| has_field(shape, name)),
        Shape::Enum { variants, .. } => variants.iter().any(|(_, shape)| has_field(shape, name)),
        Shape::Bool | Shape::Int { .. } => false,
    }
}

/// What to say of a text that would be a number if it were declared how numbers are written.
pub(super) fn hint(text: &str) -> &'static str {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit())
        || digits.contains(|c| !is_mark(c) && !char::is_ascii_digit(&c))
    {
        return "";
    }
    let fits = |sample: &str| Style::parse(sample).is_some_and(|style| style.plain(text).is_some());
    let plain = |text: &str| text.split_once('.').is_some_and(|(_, fraction)| fraction.len() != 3);
    match () {
        () if plain(text) && fits("1234.56") => {
            "; where amounts with decimals are meant to count smaller units, such as cents, say so: --decimals NAME=2"
        }
        () if fits("1.234,56") || fits("1 234,56") => {
            "; if numbers are written like 1.234,56 in these data, say so: --numbers 1.234,56"
        }
        () if fits("1,234.56") => "; if numbers are written like 1,234.56 in these data, say so: --numbers 1,234.56",
        () if fits("1'234.56") => {
            "; if numbers are written like 1'234.56 in these data, say so: --numbers \"1'234.56\""
        }
        () => ", without separators",
    }
}

fn is_mark(c: char) -> bool {
    ['.', ','].contains(&c) || GROUP_MARKS.contains(&c)
}

/// Spreadsheets write three different ones between thousands.
const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}')
}

const GROUP_MARKS: [char; 8] = ['.', ',', ' ', '\u{a0}', '\u{202f}', '\'', '’', '_'];
const DECIMALS_MAX: u32 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(sample: &str, text: &str) -> Option<String> {
        Style::parse(sample).expect("it is a sample").plain(text)
    }

    #[test]
    fn a_sample_says_how_numbers_are_written() {
        for (sample, text, expected) in [
            ("1.234,56", "1.234.567,8", Some("1234567.8")),
            ("1.234,56", "-1234,50", Some("-1234.50")),
            ("1.234,56", "12", Some("12")),
            ("1.234,56", "1.5", None),
            ("1.234,56", "12.34,5", None),
            ("1.234,56", "1,234.56", None),
            ("1.234,56", "1.234,", None),
            ("1.234,56", ",5", None),
            ("1,234.56", "1,234.56", Some("1234.56")),
            ("1,234.56", "1,5", None),
            ("1 234,56", "1\u{a0}234\u{202f}567,25", Some("1234567.25")),
            ("1234,56", "0,5", Some("0.5")),
            ("1234,56", "1.000", None),
            ("1'234.56", "9'999", Some("9999")),
        ] {
            assert_eq!(plain(sample, text).as_deref(), expected, "{sample}: {text}");
        }
        for bad in ["", "1", "1234", "12.34,56", "1.234.56", "1..234,56", "1234;56", "1x234.56", "2.345,67"] {
            assert_eq!(Style::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn amounts_count_smaller_units_and_nothing_is_rounded() {
        for (text, digits, expected) in [
            ("12.34", 2, Some("1234")),
            ("12.3", 2, Some("1230")),
            ("12", 2, Some("1200")),
            ("-0.05", 2, Some("-5")),
            ("12.340", 2, Some("1234")),
            ("12.345", 2, None),
            ("12.", 2, None),
            (".5", 2, None),
            ("1e3", 2, None),
            ("", 2, None),
        ] {
            assert_eq!(scaled(text, digits).as_deref(), expected, "{text}");
        }
        for bad in ["price", "price=", "price=0", "price=31", "price=x"] {
            assert!(Numbers::parse(None, &[bad.to_owned()]).is_err(), "{bad}");
        }
        assert!(Numbers::parse(None, &["a=2".to_owned(), "a=3".to_owned()]).is_err());
    }

    #[test]
    fn what_looks_like_a_number_is_explained() {
        for (text, says) in [
            ("1.234,5", "--numbers 1.234,56"),
            ("12,5", "--numbers 1.234,56"),
            ("1 000", "--numbers 1.234,56"),
            ("1,234.5", "--numbers 1,234.56"),
            ("12.34", "--decimals"),
            ("1'000", "1'234.56"),
            ("1,,2", "without separators"),
        ] {
            assert!(hint(text).contains(says), "{text}: {}", hint(text));
        }
        assert_eq!((hint("many"), hint(""), hint("1x")), ("", "", ""));
    }
}
