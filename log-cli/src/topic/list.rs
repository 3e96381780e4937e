//! `topic list`: the topics, one a line.

use std::io::Write;

use clap::{ArgMatches, Command};

use crate::failure::{Failure, Outcome};
use crate::session::Session;
use crate::status;

pub(super) fn command() -> Command {
    Command::new("list")
        .about("Lists the topics")
        .arg(status::as_json().help("Prints a JSON object for each topic, one a line"))
        .arg(status::internal())
}

pub(super) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let store = session.store()?;
    let topics = status::topics(store, arguments);
    let lines: Vec<String> = match arguments.get_flag("json") {
        true => topics.iter().map(|topic| status::in_json(store, topic).to_string()).collect(),
        false => status::table(store, &topics),
    };
    let mut out = std::io::stdout().lock();
    lines.iter().try_for_each(|line| writeln!(out, "{line}")).map_err(Failure::of_stdout)
}
