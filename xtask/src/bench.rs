//! `cargo xtask bench`: builds and runs the benchmark of the departures job.

use std::ffi::OsString;

use clap::{Arg, ArgMatches, Command};

use crate::error::Result;
use crate::workspace::{Profile, build_example, cargo, succeed};

pub(crate) fn command() -> Command {
    Command::new("bench")
        .about("Measures the departures job: in memory beside raw timely, through the log, and the latency of commits")
        .disable_help_flag(true)
        .arg(
            Arg::new("arguments")
                .num_args(0..)
                .allow_hyphen_values(true)
                .trailing_var_arg(true)
                .value_parser(clap::value_parser!(OsString))
                .help("Passed on; `cargo xtask bench --help` lists them"),
        )
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    let departures = build_example("departures", Profile::Release)?;
    let arguments = matches.get_many::<OsString>("arguments").unwrap_or_default();
    let mut cargo = cargo();
    cargo.args(["run", "--quiet", "--release", "--package", "departures-bench", "--"]);
    cargo.arg("--departures").arg(departures).args(arguments);
    succeed(&mut cargo)
}
