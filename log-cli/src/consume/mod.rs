//! `consume`: prints the records of a topic, those that are there and those that come.

mod group;
mod print;
mod reading;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command};

use crate::failure::Outcome;
use crate::instants;
use crate::numbers::TakesNumber;
use crate::session::{Session, topic_argument};
use crate::signals::Signals;
use reading::Reading;

/// What is collected before it is written to stdout, in bytes.
const BUFFER_BYTES: usize = 64 << 10;

/// How many records of a partition are printed before it is the next one's turn.
const TURN: usize = 1_000;

/// How long to wait for a commit before looking for signals.
const TICK: Duration = Duration::from_millis(50);

pub(crate) fn command() -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    let from_offset = Arg::new("from-offset")
        .long("from-offset")
        .value_name("OFFSET")
        .whole::<u64>()
        .help("Begins at this offset, of the one partition or that of `--partition`");
    let from_time = Arg::new("from-time")
        .long("from-time")
        .value_name("TIME")
        .value_parser(instants::read)
        .help(format!(
            "Begins in each partition with the first record of this time or later: {}. Earlier ones that come are passed over until then",
            instants::FORMS
        ));
    let partition = Arg::new("partition")
        .long("partition")
        .value_name("N")
        .whole::<u32>()
        .help("Prints this partition alone");
    let separator = Arg::new("key-separator")
        .long("key-separator")
        .value_name("TEXT")
        .conflicts_with("json")
        .help("Prints each record's key, and this, before its value");
    let group = Arg::new("group")
        .long("group")
        .value_name("GROUP")
        .conflicts_with_all(["from-offset", "from-time", "partition"])
        .help("Reads as a member of this consumer group: shares the partitions with its other members, goes on where the group has committed, and commits what was written to stdout");
    Command::new("consume")
        .about("Prints the records of a topic, and those that are committed meanwhile, until Ctrl-C")
        .long_about(
            "Prints the records of a topic, and those that are committed meanwhile, until Ctrl-C. It begins with what comes from now on, \
             or with `--until-end` at the beginning, unless it is told where.\n\n\
             A record is its value, as it is, and a line feed; one without a value is an empty line. With `--json` it is one object a line: \
             {\"partition\":0,\"offset\":17,\"timestamp\":1772366400000,\"key\":\"shop 7\",\"value\":\"12.50\",\"headers\":{}}. Bytes that are \
             UTF-8 are a string there, others {\"base64\":\"..\"}, and what a record has not is null. Records of one partition are in order.\n\n\
             Rows in the format `native` of a pipeline's topic are bytes, and with `--json` an object as the pipeline's own program prints \
             it, by `read TOPIC`; so are their keys, if they are made of fields. With `--raw` they are bytes there, too, so that \
             `consume --json --raw | produce --json` copies the records of any topic.",
        )
        .arg(topic_argument())
        .arg(flag("from-beginning", "Begins with the first record that there is"))
        .args([from_offset, from_time])
        .group(ArgGroup::new("from").args(["from-beginning", "from-offset", "from-time"]))
        .arg(flag("until-end", "Stops at the end, as it is when the command begins"))
        .args([group, partition, separator])
        .arg(flag("json", "Prints a JSON object for each record, one a line"))
        .arg(flag("raw", "Prints rows in the format `native` as the bytes that they are").requires("json"))
}

pub(crate) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let topic = session.topic(arguments)?;
    let store = session.store()?;
    let signals = Signals::listen()?;
    if let Some(group) = arguments.get_one::<String>("group") {
        return group::in_group(store, &topic, group, arguments, &signals);
    }
    // Subscribed before the first look, so that nothing falls between the two.
    let (told, commits) = sync_channel(1);
    let hook = move || {
        // If it is told already, that is enough.
        let _ = told.try_send(());
    };
    let _subscription = store.on_commit(Arc::new(hook));
    let mut reading = Reading::begin(store, &topic, arguments)?;
    reading.print(&signals)?;
    while !arguments.get_flag("until-end") && !signals.received() {
        topic.check()?;
        if wait(&commits) {
            reading.go_on(store, &topic)?;
            reading.print(&signals)?;
        }
    }
    Ok(())
}

/// Waits for a commit, but not for long; tells whether there was one.
fn wait(commits: &Receiver<()>) -> bool {
    match commits.recv_timeout(TICK) {
        Ok(()) => true,
        Err(RecvTimeoutError::Timeout) => false,
        Err(RecvTimeoutError::Disconnected) => unreachable!("the subscription holds the sender"),
    }
}
