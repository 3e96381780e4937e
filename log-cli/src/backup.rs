//! `backup` and `restore`: a copy of the whole log, taken while it is at work, and a log made of it.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use log_store::{BackupProgress, BackupReport, Error, Store};
use serde_json::json;

use crate::failure::{Failure, Outcome};
use crate::session::{Session, instant};
use crate::signals::Signals;
use crate::sizes::counted;
use crate::status::as_json;

pub(crate) fn backup_command() -> Command {
    Command::new("backup")
        .about("Copies the whole log to a directory, as of one instant, while others go on writing")
        .long_about(
            "Copies the whole log to a directory, as of one instant, while others go on writing: topics, records, properties, how far \
             pipelines and writers are. Each batch is verified on the way.\n\n\
             A second backup to the same directory copies only what is new, and takes the place of the first in one step: whatever ends it \
             before, the first is there as it was. `waterwheel-log restore` makes a data directory of it.",
        )
        .arg(directory("DIR", "Where the backup lies, or is to lie: an empty or a new directory, or an earlier backup of this log"))
        .arg(as_json())
}

pub(crate) fn restore_command() -> Command {
    Command::new("restore")
        .about("Makes a data directory of a backup, and verifies every byte of it")
        .long_about(
            "Makes a data directory of a backup, and verifies every byte of it on the way. The directory must be empty or new. Whoever opens \
             it finds what the log had when the backup was taken: a pipeline goes on from there, and so does a `produce --writer`. If \
             it is cut short, the directory is refused until it is removed and restored again.",
        )
        .arg(directory("BACKUP", "Where the backup lies"))
        .arg(directory("TO", "The data directory to be made; `--data-dir` does not count here"))
        .arg(as_json())
}

fn directory(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).required(true).value_parser(value_parser!(PathBuf)).help(help)
}

pub(crate) fn back_up(session: &Session, arguments: &ArgMatches) -> Outcome {
    let to = path(arguments, "DIR");
    let store = session.store()?;
    let signals = Signals::listen()?;
    let mut progress = Progress::new("backup", &signals);
    let made = store.backup(to, |now| progress.tell(now));
    progress.bar.finish_and_clear();
    let report = made.map_err(|error| match error {
        Error::Stopped => Failure::Error(
            "the backup was stopped before it was done; an earlier one is as it was".to_owned(),
        ),
        other => other.into(),
    })?;
    let (copied, all) = (HumanBytes(report.copied_bytes), HumanBytes(report.bytes));
    let segments = counted(report.segments as u64, "segment", "segments");
    eprintln!("backed up {segments} ({all}) to {}: {copied} were new", to.display());
    say(arguments, &report)
}

pub(crate) fn restore(arguments: &ArgMatches) -> Outcome {
    let (from, to) = (path(arguments, "BACKUP"), path(arguments, "TO"));
    let signals = Signals::listen()?;
    let mut progress = Progress::new("restore", &signals);
    let made = Store::restore(from, to, |now| progress.tell(now));
    progress.bar.finish_and_clear();
    let report = made.map_err(|error| match error {
        Error::Stopped => Failure::Error(format!(
            "restoring was stopped before it was done; remove {}, and restore again",
            to.display()
        )),
        other => other.into(),
    })?;
    let segments = counted(report.segments as u64, "segment", "segments");
    let (all, taken) = (HumanBytes(report.bytes), instant(report.taken_ms));
    eprintln!("restored {segments} ({all}) to {}: the log as it was at {taken}", to.display());
    say(arguments, &report)
}

fn path<'a>(arguments: &'a ArgMatches, name: &str) -> &'a Path {
    arguments.get_one::<PathBuf>(name).expect("the argument is required")
}

fn say(arguments: &ArgMatches, report: &BackupReport) -> Outcome {
    if !arguments.get_flag("json") {
        return Ok(());
    }
    let said = json!({
        "taken": report.taken_ms,
        "topics": report.topics,
        "segments": report.segments,
        "bytes": report.bytes,
        "copied_bytes": report.copied_bytes,
    });
    writeln!(std::io::stdout(), "{said}").map_err(Failure::of_stdout)
}

/// Shows how far it is, and ends it on Ctrl-C.
struct Progress<'s> {
    bar: ProgressBar,
    signals: &'s Signals,
}

impl Progress<'_> {
    fn new<'s>(what: &'static str, signals: &'s Signals) -> Progress<'s> {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes}");
        bar.set_style(style.expect("the template is a constant"));
        bar.set_message(what);
        Progress { bar, signals }
    }

    fn tell(&mut self, now: BackupProgress) -> ControlFlow<()> {
        self.bar.set_length(now.bytes_total);
        self.bar.set_position(now.bytes);
        if self.signals.received() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
