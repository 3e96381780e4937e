//! Durations as a pipeline writes them: `500ms`, `10s`, `5m`, `1h`, `30d`.
//!
//! They are integer literals whose suffix is a unit, for rustc's lexer takes nothing longer as one token: neither `1h30m` nor
//! `1.5h`. That needs five units and no date library, which every user's build would have to wait for. Texts at run time are
//! read by `Duration`'s `FromStr`, which is jiff's.

use proc_macro2::Span;
use syn::{LitFloat, LitInt};

/// A length of time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Duration {
    pub(crate) millis: i64,
}

/// The units, with their milliseconds.
const UNITS: &[(&str, i64)] = &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

impl Duration {
    /// The duration that an integer literal with a unit stands for; `None` for any other integer.
    pub(crate) fn of_literal(literal: &LitInt) -> Option<syn::Result<Duration>> {
        let (_, unit) = UNITS.iter().find(|(suffix, _)| literal.suffix() == *suffix)?;
        let millis = literal.base10_parse::<i64>().ok().and_then(|count| count.checked_mul(*unit));
        Some(match millis {
            Some(millis) => Ok(Duration { millis }),
            None => Err(too_long(literal.span())),
        })
    }
}

/// Whether a literal's suffix is a unit of time.
pub(crate) fn is_unit(suffix: &str) -> bool {
    UNITS.iter().any(|(unit, _)| *unit == suffix)
}

/// Units, and the words that others have for them.
const UNITS_IN_WORDS: &[(&str, &str)] = &[
    ("ms", "ms milli millis millisecond milliseconds"),
    ("s", "s sec secs second seconds"),
    ("m", "m min mins minute minutes"),
    ("h", "h hour hours hr hrs"),
    ("d", "d day days"),
];

/// The unit that a word stands for.
pub(crate) fn unit_by_word(word: &str) -> Option<&'static str> {
    UNITS_IN_WORDS
        .iter()
        .find(|(_, words)| words.split(' ').any(|known| known == word))
        .map(|(unit, _)| *unit)
}

/// What to write for a number with other words than a unit behind it: `1min`, `2weeks`, `1h30m`.
pub(crate) fn as_meant(digits: &str, suffix: &str) -> Option<String> {
    let word = suffix.trim_start_matches('_').to_lowercase();
    if let Some(unit) = unit_by_word(&word) {
        return Some(format!("{digits}{unit}"));
    }
    if ["w", "wk", "week", "weeks"].contains(&word.as_str()) {
        return Some(format!("{}d", digits.parse::<i64>().ok()?.checked_mul(7)?));
    }
    // Several numbers, each with its unit.
    let (mut millis, mut rest) = (0_i64, format!("{digits}{word}"));
    while !rest.is_empty() {
        let unit_at = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let (number, behind) = rest.split_at(unit_at);
        let ends = behind.find(|letter: char| letter.is_ascii_digit()).unwrap_or(behind.len());
        let (_, of_unit) = UNITS.iter().find(|(unit, _)| *unit == &behind[..ends])?;
        millis = number.parse::<i64>().ok()?.checked_mul(*of_unit)?.checked_add(millis)?;
        rest = behind[ends..].to_owned();
    }
    let (unit, of_unit) = UNITS.iter().rev().find(|(_, of_unit)| millis % of_unit == 0)?;
    Some(format!("{}{unit}", millis / of_unit))
}

/// What to say of a number with a fraction and a unit of time, `1.5h`.
pub(crate) fn of_fraction(literal: &LitFloat) -> Option<String> {
    let (unit, millis) = UNITS.iter().find(|(suffix, _)| literal.suffix() == *suffix)?;
    let whole = literal.base10_parse::<f64>().ok()? * *millis as f64;
    let smaller = UNITS.iter().rev().find(|(_, of_unit)| whole >= 1.0 && whole % *of_unit as f64 == 0.0);
    let remedy = match smaller {
        Some((smaller, of_unit)) => format!("write `{}{smaller}`", whole / *of_unit as f64),
        None => "take a smaller unit, down to `1ms`".to_owned(),
    };
    Some(format!(
        "a duration is a whole number of its unit, and `{}{unit}` is none: {remedy}",
        literal.base10_digits()
    ))
}

fn too_long(span: Span) -> syn::Error {
    syn::Error::new(span, "this duration is too long: the longest is about 292 million years, 106751991167d")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Option<Option<i64>> {
        let literal: LitInt = syn::parse_str(text).unwrap();
        Duration::of_literal(&literal).map(|duration| duration.ok().map(|duration| duration.millis))
    }

    #[test]
    fn every_unit_is_read_in_milliseconds() {
        assert_eq!(millis("250ms"), Some(Some(250)));
        assert_eq!(millis("10s"), Some(Some(10_000)));
        assert_eq!(millis("5m"), Some(Some(300_000)));
        assert_eq!(millis("24h"), Some(Some(86_400_000)));
        assert_eq!(millis("1_000d"), Some(Some(86_400_000_000)));
    }

    #[test]
    fn other_units_are_told_in_those_that_there_are() {
        let said = |digits: &str, suffix: &str| as_meant(digits, suffix);
        assert_eq!(said("1", "min").as_deref(), Some("1m"));
        assert_eq!(said("2", "weeks").as_deref(), Some("14d"));
        assert_eq!(said("1", "h30m").as_deref(), Some("90m"));
        assert_eq!(said("1", "d12h").as_deref(), Some("36h"));
        assert_eq!(said("1", "m500ms").as_deref(), Some("60500ms"));
        assert_eq!(said("1", "y"), None);
        assert_eq!(said("1", "h30"), None);
    }

    #[test]
    fn a_fraction_is_told_in_a_smaller_unit() {
        let said = |text: &str| of_fraction(&syn::parse_str(text).unwrap());
        assert!(said("1.5h").unwrap().ends_with("write `90m`"));
        assert!(said("0.5s").unwrap().ends_with("write `500ms`"));
        assert!(said("0.0001s").unwrap().ends_with("down to `1ms`"));
        assert_eq!(said("1.5f64"), None);
    }

    #[test]
    fn what_is_too_long_is_an_error_and_other_integers_are_left_alone() {
        assert_eq!(millis("106751991168d"), Some(None));
        assert_eq!(millis("99999999999999999999s"), Some(None));
        assert_eq!(millis("10u64"), None);
        assert_eq!(millis("10"), None);
    }
}
