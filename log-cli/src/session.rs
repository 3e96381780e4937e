//! One call of the program: its data directory, and the store in it.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, value_parser};
use jiff::Timestamp;
use log_store::{Store, Topic};

use crate::failure::{Failure, Outcome};

/// Where programs keep their log unless they are told otherwise.
pub(crate) const DEFAULT_DATA_DIR: &str = "waterwheel-data";

/// The data directory, which stands before a command or behind it.
pub(crate) fn data_dir() -> Arg {
    Arg::new("data-dir")
        .long("data-dir")
        .value_name("DIR")
        .help("Where the log lies")
        .default_value(DEFAULT_DATA_DIR)
        .value_parser(value_parser!(PathBuf))
        .global(true)
}

/// The data directory of a call, and its store once that is opened.
pub(crate) struct Session {
    data_dir: PathBuf,
    store: OnceCell<Store>,
}

impl Session {
    pub(crate) fn new(matches: &ArgMatches) -> Session {
        let data_dir = matches.get_one::<PathBuf>("data-dir").expect("the option has a default").clone();
        Session { data_dir, store: OnceCell::new() }
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The store. It is opened, and made, by the first call, which tells what opening had to do.
    pub(crate) fn store_to_be(&self) -> Outcome<&Store> {
        if let Some(store) = self.store.get() {
            return Ok(store);
        }
        let store = Store::open_saying(&self.data_dir, |line| eprintln!("{line}"))?;
        told_of_recovery(&store).iter().for_each(|line| eprintln!("{line}"));
        Ok(self.store.get_or_init(|| store))
    }

    /// The store, for commands that make no sense on a directory that is not there.
    pub(crate) fn store(&self) -> Outcome<&Store> {
        match Store::absent_at(&self.data_dir) {
            Some(absent) => Err(Failure::Error(format!(
                "{absent}; name the right one with `--data-dir`, or make it with `topic create`"
            ))),
            None => self.store_to_be(),
        }
    }

    /// A topic that is there.
    pub(crate) fn topic(&self, arguments: &ArgMatches) -> Outcome<Topic> {
        Ok(self.store()?.topic(arguments.get_one::<String>("TOPIC").expect("the argument is required"))?)
    }

    /// A topic that people may change: no program's bookkeeping.
    pub(crate) fn topic_to_change(&self, arguments: &ArgMatches) -> Outcome<Topic> {
        let topic = self.topic(arguments)?;
        if topic.config().internal {
            return Err(Failure::Error(format!(
                "topic `{}` is the bookkeeping of a program, which would not find its way in it any more: nothing was changed; a \
                 pipeline's goes with its own command `reset`",
                topic.name()
            )));
        }
        Ok(topic)
    }

    /// Closes the store if it was opened.
    pub(crate) fn close(&self) -> Outcome {
        self.store.get().map_or(Ok(()), |store| Ok(store.clone().close()?))
    }
}

/// The name of a topic that a command is about.
pub(crate) fn topic_argument() -> Arg {
    Arg::new("TOPIC").required(true).help("The topic's name")
}

/// An instant as people read it.
pub(crate) fn instant(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| format!("{ms} ms"), |instant| instant.to_string())
}

/// What to say of what opening had to do, where that is worth knowing.
fn told_of_recovery(store: &Store) -> Vec<String> {
    let report = store.recovery();
    let mut lines = report.lines(&store.dir());
    for loss in store.possible_losses() {
        lines.push(format!(
            "warning: found at {}: {loss}; this is repeated until you have looked whether something is missing, and say so by \
             `waterwheel-log status --acknowledge-loss`",
            instant(loss.found_ms)
        ));
    }
    lines.extend(report.damaged.iter().map(|damage| format!("warning: {damage}")));
    lines
}
