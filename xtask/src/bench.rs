//! `cargo xtask bench`: builds and runs the benches, the departures job's and those of the engine's parts.

use std::ffi::{OsStr, OsString};

use clap::{Arg, ArgMatches, Command};

use crate::error::Result;
use crate::workspace::{Profile, build_example, cargo, succeed};

/// The measurements of `engine-bench`, which has the same list with what each is about.
const PARTS: [&str; 8] = ["all", "bids", "light", "epoch-rows", "departures", "state", "close", "restart"];

pub(crate) fn command() -> Command {
    Command::new("bench")
        .about(
            "Measures. With options alone: the departures job in memory beside raw timely, through the log, and the latency of \
             commits. With the name of a part (`all`, `bids`, `light`, `epoch-rows`, `departures`, `state`, `close`, `restart`): what \
             rows, epochs, state and restarts cost, of one build or of two in turn. With nothing: all of it",
        )
        .disable_help_flag(true)
        .arg(
            Arg::new("arguments")
                .num_args(0..)
                .allow_hyphen_values(true)
                .trailing_var_arg(true)
                .value_parser(clap::value_parser!(OsString))
                .help("Passed on; `cargo xtask bench --help` and `cargo xtask bench all --help` list them"),
        )
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    let arguments: Vec<&OsString> = matches.get_many("arguments").unwrap_or_default().collect();
    let parts = names_a_part(&arguments);
    if !parts {
        let departures = build_example("departures", Profile::Release)?;
        let mut bench = program("departures-bench");
        succeed(bench.arg("--departures").arg(departures).args(&arguments))?;
    }
    if parts || arguments.is_empty() {
        succeed(program("engine-bench").args(&arguments))?;
    }
    Ok(())
}

/// Parts stand before the options.
fn names_a_part(arguments: &[&OsString]) -> bool {
    arguments.first().is_some_and(|first| PARTS.iter().any(|part| OsStr::new(part) == *first))
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
    fn a_part_is_told_from_the_options_of_the_other_bench() {
        let told = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            names_a_part(&words.iter().collect::<Vec<_>>())
        };
        assert!(told(&["state"]) && told(&["bids", "light", "--runs", "3"]) && told(&["all"]));
        assert!(!told(&[]) && !told(&["--section", "log"]) && !told(&["--help"]));
    }
}
