//! `cargo xtask bench`: builds and runs the benches: the departures job's, those of the engine's parts, and that of the log's reading.

use std::ffi::{OsStr, OsString};

use clap::{Arg, ArgMatches, Command};

use crate::error::{Error, Result};
use crate::workspace::{Profile, build_example, cargo, succeed, target};

/// The measurements of `engine-bench`, which has the same list with what each is about.
const PARTS: [&str; 11] = [
    "bids",
    "light",
    "epoch-rows",
    "departures",
    "state",
    "close",
    "close-texts",
    "restart",
    "nexmark",
    "fields",
    "build",
];

/// What the log costs, in a workspace of its own.
const LOG: &str = "log";

/// All that there is, of all programs.
const ALL: &str = "all";

/// What each of the programs takes, where all of them run.
const OF_DEPARTURES: [&str; 4] = ["--input", "--runs", "--seconds", WRITE];
const OF_PARTS: [&str; 6] = ["--runs", "--workers", "--percent", "--against", "--dir", WRITE];
const OF_READING: [&str; 1] = [WRITE];

/// Has no value.
const WRITE: &str = "--write";

pub(crate) fn command() -> Command {
    Command::new("bench")
        .about(
            "Measures. With options alone: the departures job in memory beside raw timely, through the log, and the latency of \
             commits. With the name of a part (`bids`, `light`, `epoch-rows`, `departures`, `state`, `close`, `close-texts`, \
             `restart`, `nexmark`, `fields`, `build`): what rows, epochs, state, restarts, Nexmark's queries, fields and the compiler cost, of one build or of two in turn. `log` is the log alone, beside bare files and embedded databases. `all` is all of it but \
             `log`, and the reading of the log, with the options of each: with `--input FILE --write` it makes every table of docs/benchmarks.md",
        )
        .disable_help_flag(true)
        .arg(
            Arg::new("arguments")
                .num_args(0..)
                .allow_hyphen_values(true)
                .trailing_var_arg(true)
                .value_parser(clap::value_parser!(OsString))
                .help("Passed on; `cargo xtask bench --help` and `cargo xtask bench bids --help` list them"),
        )
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    let arguments: Vec<&OsString> = matches.get_many("arguments").unwrap_or_default().collect();
    match arguments.split_first() {
        None => all(&[]),
        Some((first, options)) if OsStr::new(ALL) == *first => all(options),
        Some((first, options)) if OsStr::new(LOG) == *first => log(options),
        Some((first, _)) if PARTS.iter().any(|part| OsStr::new(part) == *first) => {
            succeed(program("engine-bench").args(&arguments))
        }
        Some(_) => departures(&arguments),
    }
}

/// Runs every bench.
fn all(options: &[&OsString]) -> Result<()> {
    let known = [&OF_DEPARTURES[..], &OF_PARTS].concat();
    let [of_departures, of_parts, of_reading, known] =
        [&OF_DEPARTURES[..], &OF_PARTS, &OF_READING, &known].map(|taken| options_of(options, taken));
    if known.len() < options.len() {
        let taken = [&OF_DEPARTURES[..], &OF_PARTS[1..5]].concat().join("`, `");
        return Err(Error::Refuted(format!("with `{ALL}` the benches take `{taken}`, and nothing else")));
    }
    departures(&of_departures)?;
    succeed(program("engine-bench").arg(ALL).args(of_parts))?;
    succeed(program("read-path-bench").args(of_reading))
}

fn departures(options: &[&OsString]) -> Result<()> {
    let departures = build_example("departures", Profile::Release)?;
    succeed(program("departures-bench").arg("--departures").arg(departures).args(options))
}

/// The log's bench has a workspace of its own, but builds where everything else is built.
fn log(options: &[&OsString]) -> Result<()> {
    let mut cargo = cargo();
    cargo.args(["run", "--quiet", "--release", "--manifest-path", "benches/log-bench/Cargo.toml"]);
    succeed(cargo.env("CARGO_TARGET_DIR", target()?).arg("--").args(options))
}

/// Those of the options that are in the list, with their values.
fn options_of<'a>(options: &[&'a OsString], taken: &[&str]) -> Vec<&'a OsString> {
    let (mut found, mut rest) = (Vec::new(), options.iter());
    while let Some(option) = rest.next() {
        let text = option.to_string_lossy();
        let (name, has_value) = text.split_once('=').map_or((&*text, false), |(name, _)| (name, true));
        let is_taken = taken.contains(&name);
        found.extend(is_taken.then_some(*option));
        if !has_value
            && name != WRITE
            && let Some(value) = rest.next()
        {
            found.extend(is_taken.then_some(*value));
        }
    }
    found
}

/// Runs a program of the workspace, built for release.
fn program(package: &str) -> std::process::Command {
    let mut cargo = cargo();
    cargo.args(["run", "--quiet", "--release", "--package", package, "--"]);
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bench_gets_the_options_that_it_takes() {
        let words = ["--input", "f.csv", "--write", "--runs=3", "--against", "old", "--percent", "1"];
        let words = words.map(OsString::from);
        let words: Vec<&OsString> = words.iter().collect();
        assert_eq!(options_of(&words, &OF_DEPARTURES), ["--input", "f.csv", "--write", "--runs=3"]);
        assert_eq!(
            options_of(&words, &OF_PARTS),
            ["--write", "--runs=3", "--against", "old", "--percent", "1"]
        );
        assert_eq!(options_of(&words, &OF_READING), ["--write"]);
    }
}
