//! The property tests of the language's operators against plain loops, with their number of cases raised.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::workspace::{self, Profile, cargo};

/// Each operator, or whatever else has properties, and the program of `tests/` with its module that asks what it gives.
const OPERATORS: &[(&str, &str)] = &[
    ("tumbling", "windows::batching"),
    ("sliding", "windows::sliding"),
    ("cumulate", "windows::cumulate"),
    ("session", "windows::session"),
    ("by_clock", "windows::by_clock"),
    ("aligned", "windows::aligned"),
    ("join", "joins::join"),
    ("outer_join", "joins::join::outer"),
    ("window_join", "joins::join::windows"),
    ("lookup", "joins::lookup"),
    ("distinct_by", "rows::distinct"),
    ("over", "windows::over"),
    ("per_window", "windows::per_window"),
    ("every", "windows::every"),
    ("late_to", "sources::late_to"),
    ("idle", "sources::idle"),
    ("ahead", "sources::ahead"),
    ("dead_letter", "sources::dead_letters"),
    ("heartbeats", "sources::heartbeats"),
    ("append_time", "sources::append_time"),
    ("with_meta", "sources::with_meta"),
    ("streams", "rows::streams"),
    ("aggregates", "rows::aggregates"),
    ("decimals", "rows::decimals"),
    ("rich_rows", "rows::rich_rows"),
    ("enum_keys", "rows::enum_keys"),
    ("enum_rows", "rows::enum_rows"),
    ("places", "rows::places"),
];

/// What `tests/support` says of each property that it runs.
const SAID: &str = "cases of a property: ";

/// Where the totals stand.
const PAGE: &str = "docs/accept/language.md";

/// What to do.
pub(super) struct Settings {
    /// Of each property.
    pub(super) cases: u64,
    /// The seeds begin behind this number.
    pub(super) seed: u64,
    /// One of the operators, or all.
    pub(super) operator: Option<String>,
    pub(super) profile: Profile,
    /// Into the page.
    pub(super) write: bool,
}

/// What has passed of an operator.
struct Passed {
    operator: &'static str,
    tests: usize,
    properties: usize,
    cases: u64,
    seconds: u64,
}

/// The names of the operators.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().map(|(name, _)| *name)
}

/// Runs the tests of each operator; prints what has passed.
pub(super) fn run(settings: &Settings) -> Result<()> {
    let is_wanted = |name: &str| settings.operator.as_ref().is_none_or(|wanted| wanted == name);
    let wanted = || OPERATORS.iter().filter(|(name, _)| is_wanted(name)).map(|(name, at)| (*name, place(at)));
    let programs: BTreeSet<&str> = wanted().map(|(_, (program, _))| program).collect();
    // All are built before the first is timed.
    let tests: BTreeMap<&str, Vec<String>> = programs
        .into_iter()
        .map(|program| Ok((program, names_of_tests(settings, program)?)))
        .collect::<Result<_>>()?;
    let mut all = Vec::new();
    for (operator, (program, module)) in wanted() {
        let in_module = format!("{module}::");
        let tests: Vec<&String> = tests[program].iter().filter(|test| test.starts_with(&in_module)).collect();
        if tests.is_empty() {
            return Err(Error::Refuted(format!(
                "`tests/{program}` has no test in `{module}`, and so `{operator}` has none: its line in `{}` names \
                 another module, or the tests are gone",
                file!()
            )));
        }
        let passed = run_tests(settings, operator, program, &tests)?;
        println!("{passed}");
        all.push(passed);
    }
    println!("{} cases, and no row differs", with_commas(all.iter().map(|passed| passed.cases).sum()));
    if settings.write { write(settings, &all) } else { Ok(()) }
}

/// The program and the module in it.
fn place(at: &'static str) -> (&'static str, &'static str) {
    at.split_once("::").expect("each line of the table names a program and a module")
}

fn names_of_tests(settings: &Settings, program: &str) -> Result<Vec<String>> {
    let mut command = tests(settings, program);
    let listed = stdout(command.args(["--list", "--format", "terse"]))?;
    Ok(listed.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

fn run_tests(
    settings: &Settings,
    operator: &'static str,
    program: &str,
    names: &[&String],
) -> Result<Passed> {
    let mut command = tests(settings, program);
    command.args(["--exact", "--nocapture"]).args(names);
    command.env("WATERWHEEL_CASES", settings.cases.to_string());
    command.env("WATERWHEEL_SEED", settings.seed.to_string());
    let began = Instant::now();
    let said = stdout(&mut command)?;
    let cases: Vec<u64> = said
        .lines()
        .filter_map(|line| line.strip_prefix(SAID))
        .map(|number| {
            number.trim().parse().map_err(|_| Error::Refuted(format!("no number of cases: `{number}`")))
        })
        .collect::<Result<_>>()?;
    if cases.is_empty() {
        return Err(Error::Refuted(format!("no test of `{operator}` has cases that can be asked for")));
    }
    Ok(Passed {
        operator,
        tests: names.len(),
        properties: cases.len(),
        cases: cases.iter().sum(),
        seconds: began.elapsed().as_secs(),
    })
}

/// Cargo, to run tests of a program of `tests/`; what is added are arguments of theirs.
fn tests(settings: &Settings, program: &str) -> Command {
    let mut command = cargo();
    command.args(["test", "--quiet", "--test", program]);
    // In the dev profile with the features that `cargo test --workspace` has, so that nothing is built twice.
    command.args(match settings.profile {
        Profile::Dev => ["--workspace"],
        Profile::Release => ["--release"],
    });
    command.arg("--");
    command
}

/// What cargo says, also of tests that panic on purpose, is told only if it fails.
fn stdout(command: &mut Command) -> Result<String> {
    let program = format!("{command:?}");
    let output = command.output().map_err(Error::start(&program))?;
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    match output.status.success() {
        true => Ok(stdout),
        false => Err(Error::Program { program, status: output.status.to_string(), stderr: stdout + &stderr }),
    }
}

/// Puts the totals in place of the operators' earlier ones.
fn write(settings: &Settings, all: &[Passed]) -> Result<()> {
    let path: PathBuf = workspace::root().join(PAGE);
    let page = std::fs::read_to_string(&path).map_err(Error::path(&path))?;
    let rows: Vec<String> = all.iter().map(|passed| passed.row(settings)).collect();
    std::fs::write(&path, with_rows(&page, &rows)).map_err(Error::path(&path))?;
    println!("written to {PAGE}");
    Ok(())
}

/// A page whose last part is a table, with rows in place of those that begin with the same cell, or at its end.
fn with_rows(page: &str, rows: &[String]) -> String {
    let first_cell = |row: &str| row.split('|').nth(1).map(str::to_owned);
    let mut lines: Vec<&str> = page.lines().collect();
    for row in rows {
        match lines.iter_mut().find(|line| line.starts_with('|') && first_cell(line) == first_cell(row)) {
            Some(line) => *line = row,
            None => lines.push(row),
        }
    }
    lines.join("\n") + "\n"
}

impl Passed {
    fn row(&self, settings: &Settings) -> String {
        let Passed { operator, tests, properties, cases, .. } = self;
        let cases = with_commas(*cases);
        let (of_each, seed, now) = (settings.cases, settings.seed, Timestamp::now().to_string());
        let today = now.split('T').next().expect("splitting gives at least one part");
        format!(
            "| `{operator}` | {cases} | {properties} | {tests} | `--cases {of_each} --seed {seed}` | {today} |"
        )
    }
}

impl std::fmt::Display for Passed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Passed { operator, tests, properties, cases, seconds } = self;
        let cases = with_commas(*cases);
        write!(
            f,
            "{operator:<12} {cases:>9} cases of {properties:>2} properties, {tests:>2} tests, {seconds:>4} s"
        )
    }
}

fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).expect("digits")).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_has_one_row_which_is_of_the_last_run() {
        let page = "# Title\n\n| operator | cases |\n|---|---|\n| `join` | 1 |\n| `idle` | 2 |\n";
        let rows = ["| `idle` | 3 |".to_owned(), "| `late_to` | 4 |".to_owned()];
        let table = "| operator | cases |\n|---|---|\n| `join` | 1 |\n| `idle` | 3 |\n| `late_to` | 4 |\n";
        assert_eq!(with_rows(page, &rows), format!("# Title\n\n{table}"));
    }

    #[test]
    fn numbers_are_written_in_groups_of_three() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(with_commas), ["0", "999", "1,000", "1,234,567"]);
    }
}
