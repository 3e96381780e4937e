//! `group delete`: a group's committed offsets.

use clap::{ArgMatches, Command};

use crate::failure::Outcome;
use crate::session::Session;

pub(super) fn command() -> Command {
    Command::new("delete")
        .about("Deletes a consumer group, that is, what it has committed; no record is touched")
        .arg(super::group_argument())
}

pub(super) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let group = super::named(arguments);
    session.store()?.delete_group(group)?;
    eprintln!("deleted consumer group `{group}`");
    Ok(())
}
