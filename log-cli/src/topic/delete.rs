//! `topic delete`: a topic and all its records, once that is meant.

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::asking::confirms;
use crate::failure::Outcome;
use crate::session::{Session, topic_argument};

/// Where a topic keeps which pipeline writes it.
const WRITTEN_BY: &str = "waterwheel.writer";

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
    // One that is made anew is empty, and its pipeline goes on behind what it has committed.
    let lost = topic.property(WRITTEN_BY).map(|pipeline| {
        let pipeline = String::from_utf8_lossy(&pipeline).into_owned();
        format!(
            "these are the results of pipeline `{pipeline}`, whose next run makes the topic anew without them; its own command `reset` \
             has it compute them again"
        )
    });
    let results = lost.as_ref().map_or_else(String::new, |lost| format!("; {lost}"));
    let deletes = format!(
        "`topic delete` deletes every record of topic `{}` in {}{pins}{results}",
        topic.name(),
        session.data_dir().display()
    );
    if !arguments.get_flag("yes") && !confirms(&deletes)? {
        eprintln!("nothing was deleted");
        return Ok(());
    }
    store.delete_topic(topic.name())?;
    eprintln!("deleted topic `{}`", topic.name());
    if let Some(lost) = lost {
        eprintln!("warning: {lost}");
    }
    Ok(())
}
