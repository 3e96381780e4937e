//! `group reset`: where a group goes on when its consumers are started again.

use std::io::Write;

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command};
use log_store::{Offset, OffsetSpec};
use serde_json::json;

use super::describe;
use crate::failure::{Failure, Outcome};
use crate::instants;
use crate::numbers::TakesNumber;
use crate::session::Session;
use crate::status;

pub(super) fn command() -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    let topic = Arg::new("topic")
        .long("topic")
        .value_name("TOPIC")
        .action(ArgAction::Append)
        .help("The topics that are meant, else all of which the group has committed offsets");
    let to_offset = Arg::new("to-offset")
        .long("to-offset")
        .value_name("OFFSET")
        .whole::<u64>()
        .help("To this offset in each partition");
    let to_time = Arg::new("to-time")
        .long("to-time")
        .value_name("TIME")
        .value_parser(instants::read)
        .help(format!("To the first record of this time or later: {}", instants::FORMS));
    let shift_by = Arg::new("shift-by")
        .long("shift-by")
        .value_name("N")
        .allow_hyphen_values(true)
        .value_parser(|text: &str| {
            text.parse::<i64>().map_err(|_| "it should be a whole number, such as `100` or `-100`")
        })
        .help("So many offsets further on, or back with `-N`");
    Command::new("reset")
        .about("Changes what a group has committed, so that its consumers go on elsewhere; prints what is committed then")
        .long_about(
            "Changes what a group has committed, so that its consumers go on elsewhere when they are started again; prints what is committed \
             then. An offset that is not there becomes the nearest that is. The group must have no members: stop its consumers first.",
        )
        .arg(super::group_argument())
        .arg(topic)
        .arg(flag("to-earliest", "To the first record that there is"))
        .arg(flag("to-latest", "Behind the last record"))
        .args([to_offset, to_time, shift_by])
        .group(
            ArgGroup::new("to")
                .args(["to-earliest", "to-latest", "to-offset", "to-time", "shift-by"])
                .required(true),
        )
        .arg(flag("dry-run", "Prints what would be committed, and changes nothing"))
        .arg(status::as_json())
}

pub(super) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let (store, group) = (session.store()?, super::named(arguments));
    let topics: Vec<&str> =
        arguments.get_many::<String>("topic").into_iter().flatten().map(String::as_str).collect();
    let to = if arguments.get_flag("to-earliest") {
        OffsetSpec::Earliest
    } else if arguments.get_flag("to-latest") {
        OffsetSpec::Latest
    } else if let Some(&offset) = arguments.get_one::<u64>("to-offset") {
        OffsetSpec::Offset(Offset(offset))
    } else if let Some(&time) = arguments.get_one::<i64>("to-time") {
        OffsetSpec::Time(time)
    } else {
        OffsetSpec::Shift(*arguments.get_one::<i64>("shift-by").expect("one of them is required"))
    };
    let reset = match arguments.get_flag("dry-run") {
        true => store.plan_reset(group, &topics, to)?,
        false => store.reset_group(group, &topics, to)?,
    };
    let text = match arguments.get_flag("json") {
        true => {
            let partitions: Vec<_> = reset.iter().map(describe::partition_in_json).collect();
            json!({ "group": group, "partitions": partitions }).to_string()
        }
        false => describe::table(&reset).join("\n"),
    };
    writeln!(std::io::stdout(), "{text}").map_err(Failure::of_stdout)?;
    if arguments.get_flag("dry-run") {
        eprintln!("nothing was changed: this is what would be committed without `--dry-run`");
    }
    Ok(())
}
