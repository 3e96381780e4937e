//! `topic delete-records`: gives up the records of a partition up to an offset, once that is meant.

use clap::{Arg, ArgAction, ArgMatches, Command};
use log_store::Offset;

use crate::asking::confirms;
use crate::failure::{Failure, Outcome};
use crate::numbers::TakesNumber;
use crate::session::{Session, topic_argument};

pub(super) fn command() -> Command {
    let partition = Arg::new("partition")
        .long("partition")
        .value_name("N")
        .required(true)
        .whole::<u32>()
        .help("The partition");
    let before = Arg::new("before")
        .long("before")
        .value_name("OFFSET")
        .required(true)
        .whole::<u64>()
        .help("The first offset that stays");
    Command::new("delete-records")
        .about("Gives up the records of a partition before an offset; asks first")
        .long_about(
            "Gives up the records of a partition before an offset; asks first. Nobody can read them any more, and whole segments of them are deleted. \
             What a pipeline still needs, which `topic describe` shows as a pin, and what is not committed yet stays.",
        )
        .arg(topic_argument())
        .args([partition, before])
        .arg(Arg::new("yes").long("yes").action(ArgAction::SetTrue).help("Do not ask"))
}

pub(super) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let topic = session.topic_to_change(arguments)?;
    let number = *arguments.get_one::<u32>("partition").expect("the option is required");
    let before = Offset(*arguments.get_one::<u64>("before").expect("the option is required"));
    let (partition, name) = (topic.partition(number)?, topic.name());
    let (start, end) = (partition.log_start_offset(), partition.last_stable_offset());
    if before > end {
        return Err(Failure::usage(format!(
            "topic `{name}` partition {number} ends at offset {end}: name it to give up all that there is"
        )));
    }
    if before <= start {
        eprintln!(
            "topic `{name}` partition {number} begins at offset {start}: there is nothing before {before}"
        );
        return Ok(());
    }
    let gives_up = format!(
        "`topic delete-records` gives up what topic `{name}` partition {number} has from offset {start} to {before} in {}",
        session.data_dir().display()
    );
    if !arguments.get_flag("yes") && !confirms(&gives_up)? {
        eprintln!("nothing was given up");
        return Ok(());
    }
    let begins = partition.delete_records_before(before)?;
    if begins < before {
        let owners = session.store()?.pins_on(topic.id()).join(", ");
        return Err(Failure::Error(format!(
            "topic `{name}` partition {number} begins at offset {begins} now: from there on it is needed by {owners}"
        )));
    }
    eprintln!("topic `{name}` partition {number} begins at offset {begins} now");
    Ok(())
}
