//! `topic delete`: a topic and all its records, once that is meant.

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::asking::confirms;
use crate::failure::Outcome;
use crate::session::{Session, topic_argument};

pub(super) fn command() -> Command {
    Command::new("delete")
        .about("Deletes a topic with all its records; asks first")
        .arg(topic_argument())
        .arg(Arg::new("yes").long("yes").action(ArgAction::SetTrue).help("Do not ask"))
}

pub(super) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let topic = session.topic_to_change(arguments)?;
    let store = session.store()?;
    let pins = match store.pins_on(topic.id()).join(", ") {
        owners if owners.is_empty() => owners,
        owners => format!(", of which {owners} still needs some"),
    };
    let deletes = format!(
        "`topic delete` deletes every record of topic `{}` in {}{pins}",
        topic.name(),
        session.data_dir().display()
    );
    if !arguments.get_flag("yes") && !confirms(&deletes)? {
        eprintln!("nothing was deleted");
        return Ok(());
    }
    store.delete_topic(topic.name())?;
    eprintln!("deleted topic `{}`", topic.name());
    Ok(())
}
