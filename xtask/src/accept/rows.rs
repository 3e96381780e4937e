//! The result rows that `departures read` prints, and comparing them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::oracle::Oracle;
use crate::error::{Error, Result};

/// The key of a result row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hour {
    pub(super) origin: String,
    pub(super) hour: String,
}

/// A result row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ResultRow {
    pub(super) hour: Hour,
    pub(super) scheduled: u64,
    pub(super) departed: u64,
    pub(super) cancelled: u64,
    pub(super) mean_delay: Option<f64>,
}

/// The results of a run: the printed lines, sorted, so that two of them compare as multisets.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Results(Vec<String>);

impl Results {
    pub(super) fn of(mut lines: Vec<String>) -> Self {
        lines.sort_unstable();
        Results(lines)
    }

    pub(super) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// Equal multisets, or where they differ.
    pub(super) fn expect(&self, reference: &Results) -> Result<()> {
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
            "the results differ from those of an uninterrupted run: {} rows for {}, {} different rows are missing{}, {} are too \
             many{}",
            self.len(),
            reference.len(),
            missing.len(),
            first(&missing),
            surplus.len(),
            first(&surplus)
        )))
    }

    /// Equal to what a plain loop gives, with each hour of an airport once.
    pub(super) fn expect_oracle(&self, oracle: &Oracle) -> Result<()> {
        let mut seen: BTreeMap<Hour, ResultRow> = BTreeMap::new();
        for line in &self.0 {
            let row = parse(line).ok_or_else(|| Error::Refuted(format!("no result row: {line}")))?;
            if let Some(row) = seen.insert(row.hour.clone(), row) {
                let Hour { origin, hour } = row.hour;
                return Err(Error::Refuted(format!("two result rows for {origin} at {hour}")));
            }
        }
        for (hour, expected) in &oracle.rows {
            let found = seen.remove(hour);
            if found.as_ref() != Some(expected) {
                return Err(Error::Refuted(format!(
                    "a plain loop gives {expected:?}, and the pipeline {found:?}"
                )));
            }
        }
        match seen.into_values().next() {
            Some(row) => Err(Error::Refuted(format!("a plain loop gives no such row: {row:?}"))),
            None => Ok(()),
        }
    }
}

fn parse(line: &str) -> Option<ResultRow> {
    let row: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| row[name].as_str().map(str::to_owned);
    let mean_delay = match &row["mean_delay"] {
        Value::Null => None,
        mean => Some(mean.as_f64()?),
    };
    Some(ResultRow {
        hour: Hour { origin: text("origin")?, hour: text("hour")? },
        scheduled: row["scheduled"].as_u64()?,
        departed: row["departed"].as_u64()?,
        cancelled: row["cancelled"].as_u64()?,
        mean_delay,
    })
}

fn first(lines: &[&str]) -> String {
    lines.first().map_or(String::new(), |line| format!(" (first {line})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"origin":"EWR","hour":"2013-01-01T10:00:00Z","scheduled":2,"departed":1,"cancelled":1,"mean_delay":2.5}"#;

    fn results(lines: &[&str]) -> Results {
        Results::of(lines.iter().map(|line| (*line).to_owned()).collect())
    }

    #[test]
    fn order_does_not_matter_and_number_does() {
        assert!(results(&["a", "b"]).expect(&results(&["b", "a"])).is_ok());
        let error = results(&["a", "a"]).expect(&results(&["a", "b"])).unwrap_err().to_string();
        assert!(
            error.ends_with("1 different rows are missing (first b), 1 are too many (first a)"),
            "{error}"
        );
    }

    #[test]
    fn an_hour_that_comes_twice_is_found() {
        let hour = Hour { origin: "EWR".to_owned(), hour: "2013-01-01T10:00:00Z".to_owned() };
        let row =
            ResultRow { hour: hour.clone(), scheduled: 2, departed: 1, cancelled: 1, mean_delay: Some(2.5) };
        let oracle = Oracle { flights: 2, rows: BTreeMap::from([(hour, row)]) };
        assert!(results(&[ROW]).expect_oracle(&oracle).is_ok());
        assert!(
            results(&[ROW, ROW])
                .expect_oracle(&oracle)
                .unwrap_err()
                .to_string()
                .starts_with("two result rows")
        );
        assert!(
            results(&[]).expect_oracle(&oracle).unwrap_err().to_string().starts_with("a plain loop gives")
        );
    }
}
