//! What the results of `killed-operators` must be: plain loops over the flights and the reports that its `load` makes of them, by the rules of time as the
//! guide has them. Estimates are compared with the true values.

mod input;
mod joins;
mod looking_back;
mod lookups;
mod windows;

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::{Value, json};

use super::model::Model;
use super::rows::Results;
use crate::error::{Error, Result};
use input::{Flight, Report, Row};

/// What the results are compared with.
const LOOPS: &str = "plain loops over the file";

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The topic with estimates.
const DAYS: &str = "days";

/// The results of a file, and how many flights it has.
pub(super) struct Operators {
    flights: u64,
    /// With the reports that can be decoded, and the rows of the side tables.
    rows: u64,
    figures: String,
    /// All but the days.
    expected: Results,
    days: BTreeMap<String, windows::Day>,
}

/// Lines of results, and what was late.
#[derive(Default)]
struct Out<'i> {
    lines: Vec<String>,
    late_flights: Vec<&'i Flight>,
    late_reports: Vec<&'i Report>,
}

impl Out<'_> {
    /// A row of a topic as `read` prints it.
    fn row(&mut self, topic: &str, row: impl std::fmt::Display) {
        self.lines.push(format!("{topic} {row}"));
    }
}

impl Operators {
    pub(super) const TOPICS: [&str; 17] = [
        "smooths",
        "farthests",
        "by-span",
        "by-rows",
        "forties",
        DAYS,
        "days-so-far",
        "delays-of-places",
        "mets",
        "untold",
        "in-windows",
        "late-flights",
        "late-reports",
        "bad-reports",
        "tolds",
        "unknowns",
        "regions",
    ];

    /// Topics whose rows are read with their headers.
    pub(super) const WITH_HEADERS: [&str; 1] = ["tolds"];

    /// Goes through the flights of a file.
    pub(super) fn of(text: impl Read) -> Result<Operators, String> {
        let input = input::Input::of(text)?;
        let (flights, reports) = (&input.flights[..], &input.reports[..]);
        let delayed: Vec<&Row<Flight>> = flights.iter().filter(|flight| flight.row.is_delayed()).collect();
        let others: Vec<&Row<Flight>> = flights.iter().filter(|flight| !flight.row.is_delayed()).collect();
        let mut out = Out { late_reports: input.ahead.iter().collect(), ..Out::default() };
        windows::smooth(flights, &mut out);
        looking_back::recent(flights, &mut out);
        looking_back::forties(flights, &mut out);
        let days = windows::days(flights, &mut out)?;
        windows::so_far(&others, &mut out);
        windows::delays(&delayed, &mut out);
        joins::tolds(reports, &mut out);
        joins::met_or_not(&delayed, reports, &mut out);
        joins::in_windows(&delayed, reports, &mut out);
        let tables = lookups::Tables::of(flights)?;
        lookups::unknowns(flights, &tables, &mut out);
        lookups::regions(flights, &tables, &mut out);
        let Out { mut lines, late_flights, late_reports } = out;
        let (ahead, bad) = (input.ahead.len(), input.bad.len());
        let figures = format!(
            "{} reports, {ahead} ahead, {bad} undecodable; {} times a flight was late, {} times a report",
            reports.len(),
            late_flights.len(),
            late_reports.len() - ahead
        );
        lines.extend(late_flights.iter().map(|flight| format!("late-flights {}", flight.json)));
        lines.extend(late_reports.iter().map(|report| format!("late-reports {}", report.json())));
        lines.extend(input.bad.iter().map(|bytes| format!("bad-reports {}", json!({ "bytes": bytes }))));
        let rows = (flights.len() + reports.len() + ahead) as u64 + tables.rows;
        Ok(Operators { flights: flights.len() as u64, rows, figures, expected: Results::of(lines), days })
    }

    /// Of the days the counts and the mean are exact, and the estimates near enough.
    fn check_days(&self, lines: &[&str]) -> Result<(), String> {
        if lines.len() != self.days.len() {
            return Err(format!("{} days instead of {}", lines.len(), self.days.len()));
        }
        for line in lines {
            let row: Value = serde_json::from_str(line).map_err(|error| format!("{line}: {error}"))?;
            let key = format!("{}{}", row["origin"], row["from"]);
            let day = self.days.get(&key).ok_or_else(|| format!("there is no such day: {line}"))?;
            day.check(&row).map_err(|wrong| format!("{wrong} in {line}"))?;
        }
        Ok(())
    }
}

impl Model for Operators {
    fn flights(&self) -> u64 {
        self.flights
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn check(&self, results: &Results) -> Result<()> {
        let (mut days, mut others) = (Vec::new(), Vec::new());
        for line in results.lines() {
            match line.split_once(' ') {
                Some((DAYS, row)) => days.push(row),
                _ => others.push(line.to_owned()),
            }
        }
        Results::of(others).expect(&self.expected, LOOPS)?;
        self.check_days(&days).map_err(Error::Refuted)
    }

    fn figures(&self) -> String {
        self.figures.clone()
    }
}

fn floor(at: i64, length: i64, offset: i64) -> i64 {
    at - (at - offset).rem_euclid(length)
}
