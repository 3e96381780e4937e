//! `reset`: drops state and results of pipelines, those that read before those that write, and asks first.

use clap::Command;
use log_store::Store;

use super::{Call, Member, pipelines};
use crate::cli::failure::Outcome;
use crate::cli::reset::{confirms, yes};
use crate::cli::topics::quoted;
use crate::engine::{has_run, refuse_reset};
use crate::error::Error;

pub(super) fn command(names: &[&'static str]) -> Command {
    Command::new("reset")
        .about("Drops the state and results of pipelines, and keeps the inputs")
        .after_help(
            "Drops the topics that they write; what they read from elsewhere stays, and the next run computes everything anew. A pipeline \
             that reads another's results goes before it. While one that is not named reads them, nothing is dropped: name it, too.",
        )
        .arg(pipelines(names, "The pipelines to reset [default: all]"))
        .arg(yes())
}

pub(super) fn perform(call: &Call) -> Outcome {
    let named = call.named()?;
    let store = call.existing_store()?;
    let dir = call.data_dir().display();
    let (mut has, has_not): (Vec<Member>, Vec<Member>) =
        named.into_iter().partition(|member| has_run(store, member.name()));
    if has.is_empty() {
        let names: Vec<&str> = has_not.iter().map(Member::name).collect();
        eprintln!(
            "nothing to drop: none of {} has run in {dir} yet, or since its last reset",
            quoted(&names)
        );
        return Ok(());
    }
    // Those that read are reset before those that write.
    has.reverse();
    let names: Vec<&str> = has.iter().map(Member::name).collect();
    for (before, member) in has.iter().enumerate() {
        let refused = refuse_reset(store, &member.pipeline.plan()?, &names[..before]);
        refused.map_err(|error| with_readers(call, store, error, &names))?;
    }
    let writes: Vec<&str> = has.iter().flat_map(|member| member.writes.iter().copied()).collect();
    let drops = format!(
        "`reset` drops the state of {} and every row of {} in {dir}",
        quoted(&names),
        quoted(&writes)
    );
    if !call.arguments().get_flag("yes") && !confirms(&drops)? {
        eprintln!("nothing was dropped");
        return Ok(());
    }
    for member in &has {
        let dropped = member.pipeline.reset(store)?;
        let dropped: Vec<&str> = dropped.iter().map(String::as_str).collect();
        eprintln!("dropped the state of pipeline `{}` and the rows of {}", member.name(), quoted(&dropped));
    }
    Ok(())
}

/// The error, with the command that does it where the reader is one of the program's own: it names all that read on from there, so that
/// none of them is a next refusal.
fn with_readers(call: &Call, store: &Store, error: Error, names: &[&str]) -> Error {
    let Error::OutputIsRead { reader, .. } = &error else { return error };
    if !call.has(reader) {
        return error;
    }
    let Ok(known) = call.known() else { return error };
    let mut all: Vec<String> = names.iter().copied().chain([reader.as_str()]).map(str::to_owned).collect();
    // In the order of their topics, so that who feeds one comes before it.
    for member in &known {
        let is_fed = known
            .iter()
            .any(|other| all.iter().any(|name| name == other.name()) && other.feeds(member).is_some());
        if is_fed && has_run(store, member.name()) && !all.iter().any(|name| name == member.name()) {
            all.push(member.name().to_owned());
        }
    }
    let program = call.program();
    Error::Usage(format!("{error}; `{program} reset {}` does it in the right order", all.join(" ")))
}
