//! `group list`: the groups, one a line.

use std::io::Write;

use clap::{ArgMatches, Command};
use serde_json::json;

use crate::failure::{Failure, Outcome};
use crate::session::Session;
use crate::status;

pub(super) fn command() -> Command {
    Command::new("list")
        .about("Lists the consumer groups that have members or committed offsets")
        .arg(status::as_json().help("Prints a JSON object for each group, one a line"))
}

pub(super) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let store = session.store()?;
    let mut rows = vec![["GROUP", "STATE", "MEMBERS", "LAG"].map(str::to_owned)];
    let mut lines = Vec::new();
    for name in store.groups()? {
        // One that ended meanwhile is none.
        let Ok(group) = store.describe_group(&name) else { continue };
        let lag: u64 = group.partitions.iter().map(log_store::GroupPartition::lag).sum();
        let (state, members) = (group.state.name(), group.members.len());
        lines.push(json!({ "group": name, "state": state, "members": members, "lag": lag }).to_string());
        rows.push([name, state.to_owned(), members.to_string(), lag.to_string()]);
    }
    if !arguments.get_flag("json") {
        lines = if rows.len() > 1 { super::table(&rows) } else { vec!["no consumer groups".to_owned()] };
    }
    let mut out = std::io::stdout().lock();
    lines.iter().try_for_each(|line| writeln!(out, "{line}")).map_err(Failure::of_stdout)
}
