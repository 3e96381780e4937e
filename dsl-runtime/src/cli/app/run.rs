//! `run`: to the end of input one pipeline after the other, in the order of their topics; or all at the same time, following the log.

use std::cell::OnceCell;
use std::rc::Rc;
use std::time::Duration;

use clap::Command;

use super::{Call, Member, pipelines};
use crate::cli::failure::Outcome;
use crate::cli::meter::Meter;
use crate::cli::run::{STOPPING, TICK, command as command_of_one, finish, options_of, run_heeding};
use crate::cli::signals::Signals;
use crate::cli::summary::counted;
use crate::cli::topics::quoted;
use crate::cli::{Finished, Invocation};
use crate::engine::{Job, RunOptions};
use crate::error::{Error, Result};

const THE_ORDER: &str = "\
With `--until-end`, a pipeline that reads what another writes is run after it, and so comes to its end in the same call. Without it, all
run at the same time. If one fails, the others are stopped at a commit, and the error says which it was; all go on from there.";

pub(super) fn command(names: &[&'static str]) -> Command {
    let command = command_of_one();
    let of_one = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    command
        .about("Runs pipelines over the log, from where each was committed last")
        .after_help(format!("{THE_ORDER}\n\n{of_one}"))
        .arg(pipelines(names, "The pipelines to run [default: all]"))
}

pub(super) fn perform(call: &Call) -> Outcome {
    let options = options_of(call.arguments(), &call.program())?;
    run(call, call.named()?, &options)?;
    Ok(())
}

/// Runs the pipelines, which are in the order of their topics. Gives what each has come to; after a signal, of those that have run.
pub(super) fn run(call: &Call, members: Vec<Member>, options: &RunOptions) -> Result<Vec<Finished>> {
    call.store()?;
    match options.until_end || options.recover_only {
        true => in_turn(call, &members, options),
        false => together(call, &members, options),
    }
}

fn in_turn(call: &Call, members: &[Member], options: &RunOptions) -> Result<Vec<Finished>> {
    let signals = OnceCell::new();
    let listen = || match signals.get() {
        Some(signals) => Ok(Rc::clone(signals)),
        None => Signals::listen().map(|listening| signals.get_or_init(|| Rc::new(listening)).clone()),
    };
    let mut all = Vec::new();
    for (at, member) in members.iter().enumerate() {
        let space = if at == 0 { "" } else { "\n" };
        eprintln!("{space}pipeline {}", member.name());
        let finished = run_heeding(&call.of(member), options.clone(), listen);
        let finished = finished.map_err(|error| failed(member, error, &not_run(&members[at + 1..])))?;
        let interrupted = finished.interrupted;
        all.push(finished);
        if interrupted {
            let left = not_run(&members[at + 1..]);
            if !left.is_empty() {
                eprintln!("{}", left.trim_start_matches("; "));
            }
            break;
        }
    }
    Ok(all)
}

/// What is to be said of pipelines whose turn did not come; empty if there are none.
fn not_run(members: &[Member]) -> String {
    let names: Vec<&str> = members.iter().map(Member::name).collect();
    match names.len() {
        0 => String::new(),
        1 => format!("; {} was not run", quoted(&names)),
        _ => format!("; {} were not run", quoted(&names)),
    }
}

fn failed(member: &Member, error: Error, others: &str) -> Error {
    Error::OfPipeline {
        pipeline: member.name().to_owned(),
        source: Box::new(error),
        others: others.to_owned(),
    }
}

/// A pipeline that runs beside others.
struct Running<'a> {
    member: &'a Member,
    call: Invocation,
    job: Job,
}

fn together(call: &Call, members: &[Member], options: &RunOptions) -> Result<Vec<Finished>> {
    let store = call.store()?;
    let signals = Signals::listen()?;
    let mut running = Vec::new();
    for member in members {
        // If one cannot start, those that have are dropped, which stops them at a commit.
        let job = member.pipeline.start(store, options.clone());
        let job = job.map_err(|error| failed(member, error, none_runs(members.len())))?;
        running.push(Running { member, call: call.of(member), job });
    }
    let names: Vec<&str> = members.iter().map(Member::name).collect();
    eprintln!("{} follow the log; Ctrl-C ends them cleanly, at a commit", quoted(&names));
    let interrupted = wait(&running, &signals);
    ended(running, options, interrupted)
}

/// What is to be said of the others where one of so many could not start; empty if there are none.
fn none_runs(pipelines: usize) -> &'static str {
    if pipelines == 1 { "" } else { "; the others do not run either: all are started, or none" }
}

/// What is to be said of the others where one of so many failed; empty if there are none.
fn stopped(pipelines: usize) -> &'static str {
    if pipelines == 1 {
        ""
    } else {
        "; the others were stopped at a commit, and go on from there in the next run"
    }
}

/// Waits until all runs are over. The first that ends on its own, which is by failing, ends the others; so does a signal: whether one has.
fn wait(running: &[Running], signals: &Signals) -> bool {
    let meter = Meter::endless();
    let (mut interrupted, mut stopping) = (false, false);
    loop {
        let is_over = |each: &Running| each.job.wait_timeout(Duration::ZERO);
        let over = running.iter().filter(|each| is_over(each)).count();
        if over == running.len() {
            return interrupted;
        }
        if signals.received() && !interrupted {
            interrupted = true;
            meter.tell(STOPPING);
        }
        if (over > 0 || interrupted) && !stopping {
            stopping = true;
            running.iter().for_each(|each| each.job.request_stop());
        }
        meter.say(progress(running));
        // One that is not over has the wait.
        if let Some(each) = running.iter().find(|each| !is_over(each)) {
            each.job.wait_timeout(TICK);
        }
    }
}

/// How far the runs are, in a line.
fn progress(running: &[Running]) -> String {
    let of = |each: &Running| {
        let now = each.job.progress();
        let state = if now.offsets_done < now.offsets_end { "catching up" } else { "waiting for rows" };
        format!("{}: {state}, {} read", each.member.name(), counted(now.rows_read, "row"))
    };
    running.iter().map(of).collect::<Vec<_>>().join("; ")
}

/// The summaries of those that ended well, and the error of the first that did not.
fn ended(running: Vec<Running>, options: &RunOptions, interrupted: bool) -> Result<Vec<Finished>> {
    let (others, mut all, mut first) = (stopped(running.len()), Vec::new(), None);
    for (at, Running { member, call, job }) in running.into_iter().enumerate() {
        let space = if at == 0 { "" } else { "\n" };
        eprintln!("{space}pipeline {}", member.name());
        match finish(&call, job, options, interrupted) {
            Ok(finished) => all.push(finished),
            Err(error) => {
                eprintln!("failed");
                first.get_or_insert_with(|| failed(member, error, others));
            }
        }
    }
    first.map_or(Ok(all), Err)
}
