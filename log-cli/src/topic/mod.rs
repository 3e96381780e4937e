//! `topic`: making, listing, describing, altering and deleting topics.

mod alter;
mod config;
mod create;
mod delete;
mod delete_records;
mod describe;
mod list;

use clap::{ArgMatches, Command};

use crate::failure::Outcome;
use crate::session::Session;

/// So many partitions a topic has at most.
const PARTITIONS_MAX: u32 = 65_536;

pub(crate) fn command() -> Command {
    Command::new("topic")
        .about("Makes, lists, describes, alters and deletes topics")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommands([
            create::command(),
            list::command(),
            describe::command(),
            alter::command(),
            delete::command(),
            delete_records::command(),
        ])
}

pub(crate) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let (name, arguments) = arguments.subcommand().expect("a command is required");
    match name {
        "create" => create::perform(session, arguments),
        "list" => list::perform(session, arguments),
        "describe" => describe::perform(session, arguments),
        "alter" => alter::perform(session, arguments),
        "delete" => delete::perform(session, arguments),
        "delete-records" => delete_records::perform(session, arguments),
        name => unreachable!("`{name}` is not in the grammar"),
    }
}
