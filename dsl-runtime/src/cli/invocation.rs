//! One call of a program: its arguments, its store, and running the pipeline with a progress bar.

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::{Arg, ArgAction, value_parser};
use log_store::Store;

use super::meter::Meter;
use super::run;
use crate::engine::{RunOptions, Summary, held_in};
use crate::error::{Error, Result};
use crate::pipeline::Pipeline;
use crate::time::Timestamp;

/// Where a program keeps its log unless it is told otherwise: beside the working directory's other files.
const DEFAULT_DATA_DIR: &str = "waterwheel-data";

/// One call of a program, as its commands see it.
pub struct Invocation {
    pipeline: Pipeline,
    arguments: clap::ArgMatches,
    session: Rc<Session>,
}

/// A run that has come to its end.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Finished {
    /// What the run has come to.
    pub summary: Summary,
    /// It was ended by Ctrl-C or SIGTERM, at a commit: there may be more to do.
    pub interrupted: bool,
}

impl Invocation {
    pub(super) fn new(pipeline: Pipeline, arguments: clap::ArgMatches, session: Rc<Session>) -> Self {
        Invocation { pipeline, arguments, session }
    }

    /// The arguments of the command.
    pub fn arguments(&self) -> &clap::ArgMatches {
        &self.arguments
    }

    /// The pipeline.
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// The data directory: `--data-dir`, or the default.
    pub fn data_dir(&self) -> &Path {
        self.session.data_dir()
    }

    /// The program as it was called, for messages that name one of its commands.
    pub fn program(&self) -> String {
        program_name(self.pipeline.name())
    }

    /// The store in the data directory. It is opened, and made, by the first call.
    ///
    /// # Errors
    /// The log's: another process has it open, or it is of a newer format.
    pub fn store(&self) -> Result<&Store> {
        let plan = self.pipeline.plan()?;
        self.session.store(&self.program(), |topic| held_in(&plan, topic))
    }

    /// As [`Invocation::store`], for commands that make no sense where there is none, and would make it.
    pub(super) fn existing_store(&self) -> Result<&Store> {
        self.session.refuse_missing(&self.program())?;
        self.store()
    }

    /// A progress bar on stderr, shown only if that is a terminal. `total` is in whatever unit [`Meter::advance_to`] takes.
    pub fn meter(&self, what: &str, total: u64) -> Meter {
        Meter::new(what, total)
    }

    /// Runs the pipeline as `run` does: with progress, ended cleanly by Ctrl-C and SIGTERM, with a summary on stderr.
    ///
    /// # Errors
    /// The run's.
    pub fn run(&self, options: RunOptions) -> Result<Finished> {
        run::run(self, options)
    }
}

/// The program as it was called, or another name where that is not known.
pub(super) fn program_name(otherwise: &str) -> String {
    let called = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&called).file_name().map(OsStr::to_string_lossy);
    name.map_or_else(|| otherwise.to_owned(), |name| name.into_owned())
}

/// The store of a call, once it is opened: all that is done in the call is done in one.
pub(super) struct Session {
    data_dir: PathBuf,
    /// Possible losses of records, which opening tells of, were seen.
    acknowledge_loss: bool,
    store: OnceCell<Store>,
}

impl Session {
    /// Of a command line that has the arguments of [`store_arguments`].
    pub(super) fn new(matches: &clap::ArgMatches) -> Rc<Session> {
        let data_dir = matches.get_one::<PathBuf>("data-dir").expect("the option has a default").clone();
        let acknowledge_loss = matches.get_flag("acknowledge-loss");
        Rc::new(Session { data_dir, acknowledge_loss, store: OnceCell::new() })
    }

    pub(super) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The store. It is opened, and made, by the first call, which tells what opening had to do. `held_in` says what of a pipeline a
    /// topic holds that can be computed anew.
    pub(super) fn store(
        &self,
        program: &str,
        held_in: impl Fn(&str) -> Option<&'static str>,
    ) -> Result<&Store> {
        if let Some(store) = self.store.get() {
            return Ok(store);
        }
        let store = Store::open_saying(&self.data_dir, |line| eprintln!("{line}"))?;
        told_of_recovery(&store, program, held_in).iter().for_each(|line| eprintln!("{line}"));
        if self.acknowledge_loss {
            store.acknowledge_losses()?;
        }
        Ok(self.store.get_or_init(|| store))
    }

    /// For commands that make no sense where there is no store: they would make one.
    pub(super) fn refuse_missing(&self, program: &str) -> Result<()> {
        let Some(absent) = Store::absent_at(&self.data_dir) else { return Ok(()) };
        Err(Error::Usage(format!(
            "{absent}; name the right one with `--data-dir`, or make it with `{program} run`"
        )))
    }

    /// Closes the store if it was opened.
    pub(super) fn close(&self) -> Result<()> {
        self.store.get().map_or(Ok(()), |store| Ok(store.clone().close()?))
    }
}

/// The arguments that say where the store is and how it is opened; they stand before a command or behind it.
pub(super) fn store_arguments() -> [Arg; 2] {
    let data_dir = Arg::new("data-dir")
        .long("data-dir")
        .value_name("DIR")
        .help("Where the log lies")
        .default_value(DEFAULT_DATA_DIR)
        .value_parser(value_parser!(PathBuf))
        .global(true);
    let acknowledge_loss = Arg::new("acknowledge-loss")
        .long("acknowledge-loss")
        .action(ArgAction::SetTrue)
        .help("Says that the warning of a possible loss was seen, so that it is not repeated")
        .global(true);
    [data_dir, acknowledge_loss]
}

/// What to say of what opening had to do, where that is worth knowing.
fn told_of_recovery(
    store: &Store,
    program: &str,
    held_in: impl Fn(&str) -> Option<&'static str>,
) -> Vec<String> {
    let report = store.recovery();
    let mut lines = report.lines(&store.dir());
    for loss in store.possible_losses() {
        let found = Timestamp::from_millis(loss.found_ms);
        lines.push(format!(
            "warning: found at {found}: {loss}; this is repeated until you have looked whether something is missing, and \
             say so by `{program} run --acknowledge-loss`"
        ));
    }
    for damage in &report.damaged {
        let topic = damage.split('`').nth(1).unwrap_or_default();
        let remedy = held_in(topic).map_or_else(String::new, |holds| {
            format!(
                "; that topic holds {holds} of the pipeline: without a copy, `{program} reset` drops state and results, and keeps the inputs, from which the next run computes everything anew"
            )
        });
        lines.push(format!("warning: {damage}{remedy}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use log_store::{FaultyDisk, RecordsBuilder, StoreConfig, TopicConfig};

    use super::*;

    fn open(disk: &FaultyDisk) -> Store {
        Store::open_on(Arc::new(disk.clone()), StoreConfig::default()).unwrap()
    }

    fn append(store: &Store, value: &str) {
        let mut records = RecordsBuilder::new();
        records.push(0, None, Some(value.as_bytes()));
        store.topic("orders").unwrap().partition(0).unwrap().append(records).unwrap();
    }

    /// The power went off amid a commit, which is half in the journal and, as it happens, whole in the segment.
    fn torn() -> FaultyDisk {
        let disk = FaultyDisk::new();
        let store = open(&disk);
        store.create_topic("orders", TopicConfig::default()).unwrap();
        append(&store, "first");
        let vouched = disk.content(Path::new("journal/synced")).unwrap();
        append(&store, "second");
        let torn = (0..).map(|seed| disk.crash(seed));
        let segment = Path::new("topics/0000000000000000/0/00000000000000000000.log");
        let torn = torn.into_iter().find(|torn| torn.content(segment) == disk.content(segment)).unwrap();
        torn.set_content(Path::new("journal/synced"), vouched);
        for journal in [Path::new("journal/0"), Path::new("journal/1")] {
            let mut content = torn.content(journal).unwrap();
            if let Some(at) = content.windows(6).rposition(|bytes| bytes == b"second") {
                // With its record the segment could still complete it.
                content[at - 120..at + 6].fill(0);
                torn.set_content(journal, content);
            }
        }
        torn
    }

    #[test]
    fn damage_of_what_can_be_computed_anew_comes_with_reset_as_a_remedy_and_other_damage_does_not() {
        let disk = FaultyDisk::new();
        let store = open(&disk);
        store.create_topic("orders", TopicConfig::default()).unwrap();
        append(&store, "first");
        store.close().unwrap();
        disk.set_content(Path::new("topics/0000000000000000/0/00000000000000000000.log"), Vec::new());
        let lines = |held: Option<&'static str>| {
            told_of_recovery(&open(&disk), "shop", |topic| held.filter(|_| topic == "orders"))
        };
        let (input, results) = (lines(None), lines(Some("the results")));
        assert!(input[0].ends_with("restore the file from a copy"), "{input:?}");
        let remedy = "restore the file from a copy; that topic holds the results of the pipeline: without a copy, `shop reset` drops";
        assert!(results[0].contains(remedy), "{results:?}");
    }

    #[test]
    fn a_possible_loss_is_told_at_each_start_until_it_is_acknowledged() {
        let disk = torn();
        for start in 0..3 {
            let store = open(&disk);
            let lines = told_of_recovery(&store, "shop", |_| None);
            assert_eq!(lines.len(), 1, "start {start}: {lines:?}");
            assert!(lines[0].starts_with("warning: found at "), "{lines:?}");
            assert!(
                lines[0].contains("bytes of topic `orders` partition 0; it may have been acknowledged"),
                "{lines:?}"
            );
            assert!(lines[0].ends_with("by `shop run --acknowledge-loss`"), "{lines:?}");
            store.close().unwrap();
        }
        let store = open(&disk);
        store.acknowledge_losses().unwrap();
        store.close().unwrap();
        assert_eq!(told_of_recovery(&open(&disk), "shop", |_| None), [""; 0]);
    }
}
