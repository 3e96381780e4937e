//! `topic alter`: other settings for a topic, from now on.

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command};

use super::config;
use crate::failure::Outcome;
use crate::session::{Session, topic_argument};

pub(super) fn command() -> Command {
    let delete = Arg::new("delete")
        .long("delete")
        .value_name("NAME")
        .action(ArgAction::Append)
        .value_parser(config::name)
        .help("Has a setting as it is by default again");
    Command::new("alter")
        .about("Changes a topic's settings, from now on, for whoever works on it")
        .arg(topic_argument())
        .args([config::settings(), delete])
        .group(ArgGroup::new("what").args(["config", "delete"]).multiple(true).required(true))
}

pub(super) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let topic = session.topic_to_change(arguments)?;
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
