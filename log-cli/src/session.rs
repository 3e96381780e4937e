//! One call of the program: its data directory, and the store in it.

use std::cell::OnceCell;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;
use std::{fs, thread};

use clap::{Arg, ArgMatches, value_parser};
use jiff::Timestamp;
use log_store::{Store, Topic};

use crate::failure::{Failure, Outcome};
use crate::sizes::counted;

/// Where programs keep their log unless they are told otherwise.
pub(crate) const DEFAULT_DATA_DIR: &str = "waterwheel-data";

/// How long nothing is said while the store is opened.
const SILENCE: Duration = Duration::from_secs(2);

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
        let store = self.open_and_say()?;
        told_of_recovery(&store).iter().for_each(|line| eprintln!("{line}"));
        Ok(self.store.get_or_init(|| store))
    }

    /// Opens the store. Who waits long, as for an owner that is stopped, is told for whom.
    fn open_and_say(&self) -> Outcome<Store> {
        let (opened, waiting) = channel::<()>();
        let dir = self.data_dir.clone();
        let teller = thread::spawn(move || {
            if waiting.recv_timeout(SILENCE) == Err(RecvTimeoutError::Timeout) {
                eprintln!("{}", waited_for(&dir));
            }
        });
        let store = Store::open(&self.data_dir);
        drop(opened);
        // It has nothing to tell but that line.
        let _ = teller.join();
        Ok(store?)
    }

    /// The store, for commands that make no sense on a directory that is not there.
    pub(crate) fn store(&self) -> Outcome<&Store> {
        let why = match self.data_dir.read_dir().map(|mut entries| entries.next().is_none()) {
            // Such as where a disk is not mounted.
            Ok(true) => ": it is empty",
            Err(error) if error.kind() == ErrorKind::NotADirectory => ": it is a file",
            Err(error) if error.kind() == ErrorKind::NotFound => "",
            // What else is the matter is told by opening it.
            Ok(false) | Err(_) => return self.store_to_be(),
        };
        Err(Failure::Error(format!(
            "there is no data directory {}{why}; name the right one with `--data-dir`, or make it with `topic create`",
            self.data_dir.display()
        )))
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

/// What is said of a directory that takes long to open.
fn waited_for(dir: &Path) -> String {
    let owner = fs::read_to_string(dir.join("LOCK"))
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse::<u32>().ok());
    let shown = dir.display();
    match owner.filter(|&owner| owner != std::process::id()) {
        Some(owner) => {
            format!("{shown} belongs to process {owner}, which has not answered yet; waiting for it")
        }
        None => format!("{shown} is being opened, which takes long"),
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
    let mut lines = Vec::new();
    if report.format_restored {
        let file = store.dir().join("FORMAT");
        let file = file.display();
        lines.push(format!(
            "recovered: {file} was missing or damaged, and was written again; all data is there"
        ));
    }
    if report.journal_mended > 0 {
        lines.push(format!(
            "warning: the commit journal was damaged in {} and could be mended: nothing is lost, but check the disk and have a copy \
             of the data",
            counted(report.journal_mended as u64, "place", "places")
        ));
    }
    // What belongs to a possible loss is told with it.
    for cut in report.cut.iter().filter(|_| report.possible_loss.is_none()) {
        let (topic, partition, bytes) = (&cut.topic_name, cut.partition, cut.bytes);
        lines.push(format!(
            "recovered: cut {bytes} bytes that were never acknowledged from topic `{topic}` partition {partition}"
        ));
    }
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
