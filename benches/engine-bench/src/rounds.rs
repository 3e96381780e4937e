//! Round after round, each build in turn: what else the machine does in a round weighs on all of them.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::time::SystemTime;

use tempfile::TempDir;
use waterwheel::Timestamp;

use crate::Failure;
use crate::builds::{Build, Runner};
use crate::median::{median, median_ratio};
use crate::parts::Part;
use crate::report::Report;

/// What is measured, and how often.
pub(crate) struct Bench {
    /// One, or two of which the first was before.
    pub(crate) builds: Vec<Build>,
    pub(crate) rounds: u64,
    pub(crate) workers: Vec<u64>,
    /// How many of the usual rows and keys.
    pub(crate) percent: u64,
    pub(crate) keys: u64,
    pub(crate) folder: TempDir,
}

/// What must come of the jobs, by the data directory they are done in.
pub(crate) type Oracles = BTreeMap<&'static str, Report>;

/// One quantity that was measured once.
pub(crate) struct Figure {
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    /// What it shall not exceed; absent if nothing was aimed at.
    pub(crate) aim: Option<f64>,
    pub(crate) value: f64,
}

impl Figure {
    pub(crate) fn of(what: impl Into<String>, unit: &'static str, value: f64) -> Self {
        Figure { what: what.into(), unit, aim: None, value }
    }

    pub(crate) fn aim(self, most: f64) -> Self {
        Figure { aim: Some(most), ..self }
    }
}

/// A part's figures, of all builds and rounds.
pub(crate) struct Table {
    date: String,
    /// Linux's load averages when it began, and how many processors there are.
    load: String,
    rounds: u64,
    builds: Vec<&'static str>,
    rows: Vec<Row>,
}

/// A quantity of all rounds.
struct Row {
    what: String,
    unit: &'static str,
    aim: Option<f64>,
    /// By build, then by round.
    values: Vec<Vec<f64>>,
}

impl Bench {
    /// So many of the part's usual rows or keys.
    pub(crate) fn scaled(&self, usual: u64) -> u64 {
        (usual * self.percent / 100).max(1)
    }
}

/// Measures a part.
pub(crate) fn measure(bench: &Bench, part: &Part) -> Result<Table, Failure> {
    let mut table = Table::begin(bench);
    let mut runners = Vec::new();
    for build in &bench.builds {
        let folder = bench.folder.path().join(format!("{}-{}", part.name, build.name));
        std::fs::create_dir(&folder)?;
        let runner = Runner { build, folder };
        let oracles = (part.prepare)(bench, &runner)?;
        runners.push((runner, oracles));
    }
    for round in 0..bench.rounds {
        for at in order(bench.builds.len(), round) {
            let (runner, oracles) = &runners[at];
            table.add(at, (part.sample)(bench, runner, oracles)?)?;
        }
    }
    for (runner, _) in runners {
        std::fs::remove_dir_all(runner.folder)?;
    }
    Ok(table)
}

/// Which build's turn it is: the other one begins in every other round.
fn order(builds: usize, round: u64) -> Vec<usize> {
    let forwards = 0..builds;
    if round.is_multiple_of(2) { forwards.collect() } else { forwards.rev().collect() }
}

impl Table {
    fn begin(bench: &Bench) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let today = Timestamp::from_millis(now.as_millis() as i64).to_string();
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let load: Vec<&str> = load.split(' ').take(2).collect();
        Table {
            date: today.split('T').next().unwrap_or(&today).to_owned(),
            load: format!("{} on {cores} cores", load.join(", ")),
            rounds: bench.rounds,
            builds: bench.builds.iter().map(|build| build.name).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a build's figures of one round.
    fn add(&mut self, build: usize, figures: Vec<Figure>) -> Result<(), Failure> {
        for (at, Figure { what, unit, aim, value }) in figures.into_iter().enumerate() {
            if at == self.rows.len() {
                let values = vec![Vec::new(); self.builds.len()];
                self.rows.push(Row { what, unit, aim, values });
            } else if self.rows[at].what != what {
                return Err(format!("{what} was measured in place of {}", self.rows[at].what).into());
            }
            self.rows[at].values[build].push(value);
        }
        Ok(())
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Table { date, load, rounds, builds, .. } = self;
        writeln!(f, "Measured on {date} in {rounds} rounds; load of the machine {load}.\n")?;
        let both = builds.len() > 1;
        write!(f, "| | {} |", builds.join(" | "))?;
        f.write_str(if both { " now ÷ before | aim |\n" } else { " aim |\n" })?;
        writeln!(f, "|---{}|---|", "|---".repeat(builds.len() + usize::from(both)))?;
        for row in &self.rows {
            write!(f, "| {} |", row.what)?;
            for (at, values) in row.values.iter().enumerate() {
                let bold = if at + 1 == builds.len() { "**" } else { "" };
                write!(f, " {bold}{}{bold} |", told(median(values.clone()), row.unit))?;
            }
            if let [before, now] = &row.values[..] {
                write!(f, " {:.2} |", median_ratio(now, before))?;
            }
            match row.aim {
                Some(aim) => writeln!(f, " ≤ {} |", told(aim, row.unit))?,
                None => writeln!(f, " |")?,
            }
        }
        Ok(())
    }
}

/// A number with about three digits, and its unit.
fn told(value: f64, unit: &str) -> String {
    let digits = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    let number = format!("{value:.digits$}");
    let number = match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => &number,
    };
    format!("{number} {unit}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(builds: Vec<&'static str>) -> Table {
        Table { date: "2026-01-02".into(), load: "0.10 on 2 cores".into(), rounds: 3, builds, rows: vec![] }
    }

    #[test]
    fn builds_take_turns() {
        assert_eq!((order(2, 0), order(2, 1), order(1, 1)), (vec![0, 1], vec![1, 0], vec![0]));
    }

    #[test]
    fn medians_and_ratios_of_rounds_stand_in_the_table() {
        let mut table = table(vec!["before", "now"]);
        for (before, now) in [(2.0, 1.0), (10.0, 20.0), (4.0, 2.0)] {
            table.add(0, vec![Figure::of("a row", "µs", before).aim(0.15)]).unwrap();
            table.add(1, vec![Figure::of("a row", "µs", now).aim(0.15)]).unwrap();
        }
        let text = table.to_string();
        let (_, rows) = text.split_once("| | before | now | now ÷ before | aim |\n").unwrap();
        assert_eq!(rows, "|---|---|---|---|---|\n| a row | 4 µs | **2 µs** | 0.50 | ≤ 0.15 µs |\n");
        assert!(table.add(0, vec![Figure::of("another", "µs", 1.0)]).is_err());
    }

    #[test]
    fn one_build_has_no_ratio() {
        let mut table = table(vec!["now"]);
        table.add(0, vec![Figure::of("peak", "MiB", 123.4)]).unwrap();
        assert!(table.to_string().ends_with("| | now | aim |\n|---|---|---|\n| peak | **123 MiB** | |\n"));
    }

    #[test]
    fn numbers_have_about_three_digits() {
        assert_eq!(told(0.1234, "µs"), "0.123 µs");
        assert_eq!(told(1.15, ""), "1.15");
        assert_eq!(told(20.04, "ms"), "20 ms");
        assert_eq!(told(1300.4, "ms"), "1300 ms");
    }
}
