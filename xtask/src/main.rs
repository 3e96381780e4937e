//! Development tasks: `cargo xtask accept`, `cargo xtask bench`, `cargo xtask tidy`.

mod accept;
mod bench;
mod error;
mod random;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{ArgMatches, Command};

use error::Result;

fn main() -> ExitCode {
    match run(&command().get_matches()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Command {
    Command::new("xtask")
        .bin_name("cargo xtask")
        .about("Development tasks of Waterwheel")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(accept::command())
        .subcommand(bench::command())
        .subcommand(tidy::command())
}

fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("accept", matches)) => accept::run(matches),
        Some(("bench", matches)) => bench::run(matches),
        Some(("tidy", _)) => tidy::run(),
        _ => unreachable!("clap asks for one of the subcommands"),
    }
}
