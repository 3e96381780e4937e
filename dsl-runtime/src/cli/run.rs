//! `run`: processes what is in the log, or follows it.

use std::rc::Rc;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command};
use indicatif::HumanCount;

use super::failure::{Failure, Outcome};
use super::meter::Meter;
use super::signals::Signals;
use super::summary::{Report, counted};
use super::{Finished, Invocation, topics};
use crate::engine::{Job, Progress, RunOptions, cores};
use crate::error::Result;

/// How often progress is shown and signals are looked for.
pub(super) const TICK: Duration = Duration::from_millis(50);

/// What a first signal is answered with.
pub(super) const STOPPING: &str =
    "stopping at the next commit; Ctrl-C again stops at once, and loses nothing that was committed";

const THE_END: &str = "\
Without `--until-end` it follows the log until Ctrl-C or SIGTERM, which end it cleanly: what is under way is committed and the state is
saved, which may take seconds. A second one stops at once: nothing that was committed is lost, and the next run first computes again
what the state lacks.

The end of input: `--until-end` processes everything that is in the log and stops. Windows that event time has not passed
stay open, and the next run goes on with them. `--close` also closes event time there: every window emits, and from then on
a run that finds newer rows refuses. Nothing is ever closed silently; `reset` is the way back.

After a crash, what was committed since the last checkpoint is computed again, by the code that committed it: a program with other
code is refused. `--recover-only`, with the program as it was, does that and no more; `--accept-changed-replay` lets the changed
program do it, rows that are written staying as they are.

The results are the same for any number of workers and any size of epochs, and each run may choose anew.";

pub(super) fn command() -> Command {
    Command::new("run")
        .about("Processes the log, from where the last run was committed")
        .after_help(THE_END)
        .arg(flag("until-end", "Stop when everything in the log has been processed"))
        .arg(flag("close", "With --until-end: also close event time, so that every window emits"))
        .arg(flag(
            "recover-only",
            "After a crash: compute again what was committed since the last checkpoint, save the state, stop",
        ))
        .arg(flag(
            "accept-changed-replay",
            "After a crash: go on even if this program computes that otherwise than the one that committed it",
        ))
        .arg(
            Arg::new("workers")
                .long("workers")
                .value_name("N")
                .value_parser(at_least_one)
                .allow_negative_numbers(true)
                .help("Worker threads, at most as many as there are cores or 4 [default: the number of cores, at most 4]"),
        )
        .arg(
            Arg::new("epoch-rows")
                .long("epoch-rows")
                .value_name("N")
                .value_parser(at_least_one)
                .allow_negative_numbers(true)
                .help("The most rows of an epoch, the unit of commit [default: 32768]"),
        )
}

fn at_least_one(text: &str) -> std::result::Result<u64, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("it should be a whole number, and at least 1")
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

pub(super) fn perform(call: &Invocation) -> Outcome {
    let options = options_of(call.arguments(), &call.program())?;
    run(call, options)?;
    Ok(())
}

/// What the arguments say of the run.
pub(super) fn options_of(arguments: &ArgMatches, program: &str) -> std::result::Result<RunOptions, Failure> {
    let (until_end, close) = (arguments.get_flag("until-end"), arguments.get_flag("close"));
    let recover_only = arguments.get_flag("recover-only");
    let refuse = |kind, message| {
        let mut command = command().bin_name(format!("{program} run"));
        Err(command.error(kind, message).into())
    };
    if recover_only && (until_end || close) {
        let message = "`--recover-only` computes again what a crash has left, and reads nothing new, so it has no end of input: \
                       say `--recover-only` alone, and then run with `--until-end`";
        return refuse(ErrorKind::ArgumentConflict, message);
    }
    if close && !until_end {
        let message = "`--close` closes event time at the end of the input, so it goes with `--until-end` only: \
                       say `--until-end --close`";
        return refuse(ErrorKind::MissingRequiredArgument, message);
    }
    let mut options = RunOptions::new();
    (options.until_end, options.close) = (until_end, close);
    options.recover_only = recover_only;
    options.accept_changed_replay = arguments.get_flag("accept-changed-replay");
    if let Some(workers) = arguments.get_one::<u64>("workers") {
        options = options.workers(usize::try_from(*workers).unwrap_or(usize::MAX));
        tell_fewer_workers(*workers, options.workers as u64);
    }
    if let Some(rows) = arguments.get_one::<u64>("epoch-rows") {
        options = options.epoch_rows(*rows);
    }
    Ok(options)
}

/// Says so where fewer workers run than were asked for.
fn tell_fewer_workers(asked: u64, running: u64) {
    if asked > running {
        let (workers, cores) = (counted(running, "worker"), counted(cores() as u64, "core"));
        eprintln!(
            "`--workers {asked}`: {workers} will run. Their most is one a core, and 4 where there are fewer cores; this machine has \
             {cores}. More would only cost, and the results are the same"
        );
    }
}

/// Runs the pipeline with progress on stderr, until it is over or a signal ends it, and prints the summary.
pub(super) fn run(call: &Invocation, options: RunOptions) -> Result<Finished> {
    run_heeding(call, options, || Signals::listen().map(Rc::new))
}

/// As [`run`]. Signals are listened for when the store is open and nothing runs yet.
pub(super) fn run_heeding(
    call: &Invocation,
    options: RunOptions,
    listen: impl FnOnce() -> Result<Rc<Signals>>,
) -> Result<Finished> {
    let store = call.store()?;
    let signals = &*listen()?;
    let job = call.pipeline().start(store, options.clone())?;
    let interrupted = match (options.recover_only, options.until_end) {
        (true, _) => wait(&job, signals, |_| (), |text| eprintln!("{text}")),
        (false, true) => show_to_end(&job, signals),
        (false, false) => show_following(&job, signals),
    };
    finish(call, job, &options, interrupted)
}

/// Waits for the end of a run, and prints the summary.
pub(super) fn finish(
    call: &Invocation,
    job: Job,
    options: &RunOptions,
    interrupted: bool,
) -> Result<Finished> {
    let (reads, writes) = topics::of(call.pipeline())?;
    let furthest_back = job.furthest_back();
    let summary = job.wait()?;
    let finished = Finished { summary, interrupted };
    let report = Report {
        finished: finished.clone(),
        until_end: options.until_end,
        recover_only: options.recover_only,
        accepts_changes: options.accept_changed_replay,
        entries: call.pipeline().plan()?.entry_words(),
        reads,
        writes,
        furthest_back,
        data_dir: call.data_dir().display().to_string(),
    };
    eprintln!("{report}");
    Ok(finished)
}

fn show_to_end(job: &Job, signals: &Signals) -> bool {
    let first = job.progress();
    let left = |now: Progress| now.offsets_end.saturating_sub(first.offsets_done);
    let meter = Meter::new("processing", left(first));
    let show = |now: Progress| {
        meter.set_total(left(now));
        meter.advance_to(now.offsets_done.saturating_sub(first.offsets_done));
    };
    wait(job, signals, show, |text| meter.tell(text))
}

fn show_following(job: &Job, signals: &Signals) -> bool {
    let before = job.progress();
    let of_earlier_runs = match before.rows_read_in_all {
        0 => String::new(),
        rows => format!("; earlier runs have read {}", counted(rows, "row")),
    };
    eprintln!("following the log{of_earlier_runs}; Ctrl-C ends it cleanly, at a commit");
    if before.closed {
        eprintln!(
            "event time is closed, as by `--close`: rows that are appended from now on are refused; `reset` lets the next run \
             compute everything anew"
        );
    }
    let meter = Meter::endless();
    wait(job, signals, |now| meter.say(following(now)), |text| meter.tell(text))
}

/// How far a run that follows is, in a line.
fn following(now: Progress) -> String {
    let (read, all) = (counted(now.rows_read, "row"), HumanCount(now.rows_read_in_all));
    let state = if now.offsets_done < now.offsets_end { "catching up" } else { "waiting for rows" };
    format!("{state}: this run has read {read}, all runs {all}")
}

/// Waits until the run is over; whether a signal has ended it.
fn wait(job: &Job, signals: &Signals, show: impl Fn(Progress), say: impl Fn(&str)) -> bool {
    let mut interrupted = false;
    while !job.wait_timeout(TICK) {
        show(job.progress());
        if signals.received() && !interrupted {
            interrupted = true;
            say(STOPPING);
            job.request_stop();
        }
    }
    interrupted
}
