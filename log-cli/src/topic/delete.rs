//! `topic delete`: a topic and all its records, once that is meant.

use std::io::{self, BufRead, IsTerminal};

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::failure::{Failure, Outcome};
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

/// Asks whether to do what is deleted by it.
fn confirms(deletes: &str) -> Outcome<bool> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::usage(format!(
            "error: {deletes}, and there is no terminal to ask on; say `--yes` if that is meant"
        )));
    }
    eprint!("{deletes}. Go on? [y/N] ");
    let mut answer = String::new();
    let read = stdin.lock().read_line(&mut answer);
    read.map_err(|source| Failure::Error(format!("cannot read the answer: {source}")))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
