//! `waterwheel-log`: the log of a data directory on the command line.
//!
//! Records and answers go to stdout and everything else to stderr. Exit codes: 0, 1 for an error, 2 for wrong usage.

mod asking;
mod backup;
mod completions;
mod consume;
mod dump;
mod failure;
mod group;
mod instants;
mod native;
mod numbers;
mod produce;
mod session;
mod signals;
mod sizes;
mod status;
mod topic;
mod verify;
mod written;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Command;

use failure::{Outcome, exit_code};
use session::Session;

const AFTER_HELP: &str = "Several processes can work on one data directory: pipelines, producers, calls of this program.\n\
    Records go to stdout, everything else to stderr. Exit codes: 0, 1 for an error, 2 for wrong usage.";

fn main() -> ExitCode {
    exit_code(perform(std::env::args_os()))
}

fn perform(arguments: impl IntoIterator<Item = OsString>) -> Outcome {
    let matches = grammar().subcommand(completions::names_command()).try_get_matches_from(arguments)?;
    let session = Session::new(&matches);
    let (name, arguments) = matches.subcommand().expect("a command is required");
    match name {
        "status" => status::perform(&session, arguments)?,
        "topic" => topic::perform(&session, arguments)?,
        "produce" => produce::perform(&session, arguments)?,
        "consume" => consume::perform(&session, arguments)?,
        "group" => group::perform(&session, arguments)?,
        "dump" => dump::perform(&session, arguments)?,
        "verify" => verify::perform(&session, arguments)?,
        "backup" => backup::back_up(&session, arguments)?,
        "restore" => backup::restore(arguments)?,
        "completions" => completions::perform(arguments, grammar())?,
        "complete" => completions::names(arguments, grammar())?,
        name => unreachable!("`{name}` is not in the grammar"),
    }
    session.close()
}

fn grammar() -> Command {
    Command::new("waterwheel-log")
        .about("Shows and changes the log in a data directory")
        .version(env!("CARGO_PKG_VERSION"))
        .after_help(AFTER_HELP)
        .arg(session::data_dir())
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommands([
            status::command(),
            topic::command(),
            produce::command(),
            consume::command(),
            group::command(),
            dump::command(),
            verify::command(),
            backup::backup_command(),
            backup::restore_command(),
            completions::command(),
        ])
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_grammar_is_sound() {
        super::grammar().debug_assert();
    }
}
