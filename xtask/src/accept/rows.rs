//! The result rows that a program's `read` prints, and comparing them.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// What the results of a killed run are compared with.
pub(super) const UNINTERRUPTED: &str = "an uninterrupted run";

/// The results of a run: the printed lines, sorted, so that two of them compare as multisets.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Results(Vec<String>);

impl Results {
    pub(super) fn of(mut lines: Vec<String>) -> Self {
        lines.sort_unstable();
        Results(lines)
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub(super) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// Equal multisets, or where they differ from the reference, which is that of so much.
    pub(super) fn expect(&self, reference: &Results, of: &str) -> Result<()> {
        if self == reference {
            return Ok(());
        }
        let (mut missing, mut surplus) = (Vec::new(), Vec::new());
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        reference.0.iter().for_each(|line| *counts.entry(line).or_default() -= 1);
        self.0.iter().for_each(|line| *counts.entry(line).or_default() += 1);
        for (line, count) in counts {
            match count {
                0 => {}
                ..0 => missing.push(line),
                _ => surplus.push(line),
            }
        }
        Err(Error::Refuted(format!(
            "the results differ from those of {of}: {} rows for {}, {} different rows are missing{}, {} are too \
             many{}",
            self.len(),
            reference.len(),
            missing.len(),
            first(&missing),
            surplus.len(),
            first(&surplus)
        )))
    }
}

fn first(lines: &[&str]) -> String {
    lines.first().map_or(String::new(), |line| format!(" (first {line})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(lines: &[&str]) -> Results {
        Results::of(lines.iter().map(|line| (*line).to_owned()).collect())
    }

    #[test]
    fn order_does_not_matter_and_number_does() {
        assert!(results(&["a", "b"]).expect(&results(&["b", "a"]), "b").is_ok());
        let error = results(&["a", "a"]).expect(&results(&["a", "b"]), "b").unwrap_err().to_string();
        assert!(
            error.ends_with("1 different rows are missing (first b), 1 are too many (first a)"),
            "{error}"
        );
    }
}
