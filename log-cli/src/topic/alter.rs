//! `topic alter`: other settings for a topic, or more partitions, from now on.

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command};
use log_store::{Offset, Topic};

use super::{PARTITIONS_MAX, config};
use crate::asking::confirms;
use crate::failure::Outcome;
use crate::numbers::TakesNumber;
use crate::session::{Session, topic_argument};
use crate::sizes::counted;

pub(super) fn command() -> Command {
    let delete = Arg::new("delete")
        .long("delete")
        .value_name("NAME")
        .action(ArgAction::Append)
        .value_parser(config::name)
        .help("Has a setting as it is by default again");
    let partitions = Arg::new("partitions")
        .long("partitions")
        .value_name("N")
        .within(1..=PARTITIONS_MAX)
        .help("Adds partitions until there are N in all; asks first if the topic has records");
    let yes = Arg::new("yes").long("yes").action(ArgAction::SetTrue).help("Do not ask");
    Command::new("alter")
        .about("Changes a topic's settings, or adds partitions, from now on, for whoever works on it")
        .arg(topic_argument())
        .args([config::settings(), delete, partitions, yes])
        .group(ArgGroup::new("what").args(["config", "delete", "partitions"]).multiple(true).required(true))
}

pub(super) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let topic = session.topic_to_change(arguments)?;
    if let Some(total) = arguments.get_one::<u32>("partitions")
        && !add_partitions(&topic, *total, arguments.get_flag("yes"))?
    {
        return Ok(());
    }
    if arguments.contains_id("config") || arguments.contains_id("delete") {
        alter(&topic, arguments)?;
    }
    Ok(())
}

/// Adds partitions; false if that was not meant.
fn add_partitions(topic: &Topic, total: u32, is_meant: bool) -> Outcome<bool> {
    let before = topic.partitions();
    let has_records = topic.snapshot().iter().any(|readable| readable.end > Offset(0));
    let adds = format!(
        "with {total} partitions instead of {before}, topic `{}` has records of one key in two of them: those that are there stay, and those \
         to come may go to another, so that nobody reads them in their order any more",
        topic.name()
    );
    if total > before && has_records && !is_meant && !confirms(&adds)? {
        eprintln!("nothing was changed");
        return Ok(false);
    }
    topic.add_partitions(total)?;
    let now = topic.partitions();
    if now == before {
        eprintln!(
            "topic `{}`: nothing was added: it has {} already",
            topic.name(),
            counted(now.into(), "partition", "partitions")
        );
    } else {
        eprintln!("topic `{}`: {now} partitions, was {before}", topic.name());
    }
    Ok(true)
}

fn alter(topic: &Topic, arguments: &ArgMatches) -> Outcome {
    config::refuse_repeated(arguments)?;
    let before = topic.config();
    topic.alter(|config| {
        for name in arguments.get_many::<String>("delete").unwrap_or_default() {
            config.unset(name).expect("it was tried when the arguments were read");
        }
        config::apply(config, arguments);
    })?;
    let (before, after) = (before.settings(), topic.config().settings());
    let changed = before.iter().zip(&after).filter(|(before, after)| before.value != after.value);
    let mut lines: Vec<_> = changed
        .map(|(before, after)| {
            let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "the store's".to_owned());
            format!("{}: {}, was {}", after.name, shown(&after.value), shown(&before.value))
        })
        .collect();
    if lines.is_empty() {
        lines.push("nothing was changed: it has these settings already".to_owned());
    }
    lines.iter().for_each(|line| eprintln!("topic `{}`: {line}", topic.name()));
    Ok(())
}
