//! One call of a program: its arguments, its store, and running the pipeline with a progress bar.

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use log_store::Store;

use super::Action;
use super::failure::Outcome;
use super::meter::Meter;
use super::run;
use crate::engine::{RunOptions, Summary};
use crate::error::{Error, Result};
use crate::pipeline::Pipeline;

/// One call of a program, as its commands see it.
pub struct Invocation {
    pipeline: Pipeline,
    arguments: clap::ArgMatches,
    data_dir: PathBuf,
    store: OnceCell<Store>,
}

/// A run that has come to its end.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Finished {
    /// What the run has come to.
    pub summary: Summary,
    /// It was ended by Ctrl-C or SIGTERM, at a commit: there may be more to do.
    pub interrupted: bool,
}

impl Invocation {
    pub(super) fn new(pipeline: Pipeline, arguments: clap::ArgMatches, data_dir: PathBuf) -> Self {
        Invocation { pipeline, arguments, data_dir, store: OnceCell::new() }
    }

    /// Does what was asked for, and closes the store if it was opened.
    pub(super) fn perform(self, action: Action) -> Outcome {
        action(&self)?;
        match self.store.into_inner() {
            Some(store) => Ok(store.close()?),
            None => Ok(()),
        }
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
        &self.data_dir
    }

    /// The program as it was called, for messages that name one of its commands.
    pub fn program(&self) -> String {
        let called = std::env::args_os().next().unwrap_or_default();
        let name = Path::new(&called).file_name().map(OsStr::to_string_lossy);
        name.map_or_else(|| self.pipeline.name().to_owned(), |name| name.into_owned())
    }

    /// The store in the data directory. It is opened, and made, by the first call.
    ///
    /// # Errors
    /// The log's: another process has it open, or it is of a newer format.
    pub fn store(&self) -> Result<&Store> {
        if let Some(store) = self.store.get() {
            return Ok(store);
        }
        let store = Store::open(&self.data_dir)?;
        tell_recovery(&store);
        Ok(self.store.get_or_init(|| store))
    }

    /// As [`Invocation::store`], for commands that make no sense on a directory that is not there.
    pub(super) fn existing_store(&self) -> Result<&Store> {
        if !self.data_dir.is_dir() {
            let (dir, program) = (self.data_dir.display(), self.program());
            return Err(Error::Usage(format!(
                "there is no data directory {dir}; name the right one with `--data-dir`, or make it with `{program} run`"
            )));
        }
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

/// Says what opening had to do, where that is worth knowing.
fn tell_recovery(store: &Store) {
    let report = store.recovery();
    if report.format_restored {
        let file = store.dir().join("FORMAT");
        eprintln!(
            "recovered: {} was missing or damaged, and was written again; all data is there",
            file.display()
        );
    }
    for cut in &report.cut {
        let (topic, partition, bytes) = (&cut.topic_name, cut.partition, cut.bytes);
        eprintln!(
            "recovered: cut {bytes} bytes that were never acknowledged from topic `{topic}` partition {partition}"
        );
    }
    for damage in &report.damaged {
        eprintln!("warning: {damage}");
    }
}
