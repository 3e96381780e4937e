//! `group`: consumer groups, which several programs read by: who is in them, and how far they came.

mod delete;
mod describe;
mod list;
mod reset;

use clap::{Arg, ArgMatches, Command};

use crate::failure::Outcome;
use crate::session::Session;

pub(crate) fn command() -> Command {
    Command::new("group")
        .about("Lists, describes, resets and deletes consumer groups")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommands([list::command(), describe::command(), reset::command(), delete::command()])
}

pub(crate) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let (name, arguments) = arguments.subcommand().expect("a command is required");
    match name {
        "list" => list::perform(session, arguments),
        "describe" => describe::perform(session, arguments),
        "reset" => reset::perform(session, arguments),
        "delete" => delete::perform(session, arguments),
        name => unreachable!("`{name}` is not in the grammar"),
    }
}

/// The name of a group that a command is about.
fn group_argument() -> Arg {
    Arg::new("GROUP").required(true).help("The group's name")
}

fn named(arguments: &ArgMatches) -> &str {
    arguments.get_one::<String>("GROUP").expect("the argument is required")
}

/// Rows of a table, with columns as wide as what stands in them.
fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let line = |row: &[String; COLUMNS]| {
        let cells: Vec<_> = row
            .iter()
            .enumerate()
            .map(|(column, cell)| format!("{cell:<width$}", width = width(column)))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
