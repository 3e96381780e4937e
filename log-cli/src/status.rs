//! `status`: who has the directory open, and what is in it.

use std::io::Write;

use clap::{Arg, ArgAction, ArgMatches, Command};
use jiff::{Timestamp, Unit};
use log_store::{Process, Processes, Store, Topic};
use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};
use crate::session::{Session, instant};
use crate::sizes;

pub(crate) fn command() -> Command {
    Command::new("status")
        .about("Tells who has the directory open, its topics and their sizes, and what may have been lost")
        .arg(as_json())
        .arg(internal())
        .arg(
            Arg::new("acknowledge-loss")
                .long("acknowledge-loss")
                .action(ArgAction::SetTrue)
                .help("Says that the warning of a possible loss was seen, so that it is not repeated"),
        )
}

/// The flag of commands whose answer programs read.
pub(crate) fn as_json() -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).help("Prints one JSON object")
}

/// The flag of commands that leave out what is no data for people.
pub(crate) fn internal() -> Arg {
    Arg::new("internal")
        .long("internal")
        .action(ArgAction::SetTrue)
        .help("Also topics that are the bookkeeping of programs")
}

pub(crate) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let store = session.store()?;
    let processes = store.processes()?;
    let topics = topics(store, arguments);
    let losses = store.possible_losses();
    let printed = match arguments.get_flag("json") {
        true => {
            let losses: Vec<_> = losses
                .iter()
                .map(|loss| json!({ "found": loss.found_ms, "what": loss.to_string() }))
                .collect();
            let topics: Vec<_> = topics.iter().map(|topic| in_json(store, topic)).collect();
            let all = json!({
                "data_dir": store.dir().display().to_string(),
                "bytes": sizes::of_store(store).bytes,
                "owner": process_in_json(&processes.owner),
                "clients": processes.clients.iter().map(process_in_json).collect::<Vec<_>>(),
                "not_shared": processes.alone,
                "topics": topics,
                "possible_losses": losses,
            });
            writeln!(std::io::stdout(), "{all}")
        }
        false => {
            let size = sizes::human(sizes::of_store(store).bytes);
            let mut lines = vec![format!("{}: {size}", store.dir().display())];
            lines.extend(told_of(&processes));
            for loss in &losses {
                lines.push(format!("possible loss, found at {}: {loss}", instant(loss.found_ms)));
            }
            lines.push(String::new());
            lines.extend(table(store, &topics));
            writeln!(std::io::stdout(), "{}", lines.join("\n"))
        }
    };
    printed.map_err(Failure::of_stdout)?;
    if arguments.get_flag("acknowledge-loss") {
        store.acknowledge_losses()?;
    }
    Ok(())
}

/// The topics that are asked for.
pub(crate) fn topics(store: &Store, arguments: &ArgMatches) -> Vec<Topic> {
    let all = arguments.get_flag("internal");
    store.topics().into_iter().filter(|topic| all || !topic.config().internal).collect()
}

/// The topics, one a line.
pub(crate) fn table(store: &Store, topics: &[Topic]) -> Vec<String> {
    if topics.is_empty() {
        return vec!["no topics".to_owned()];
    }
    let mut rows = vec![["TOPIC", "PARTITIONS", "OFFSETS", "SIZE", "PINNED BY"].map(str::to_owned)];
    rows.extend(topics.iter().map(|topic| {
        let pins = store.pins_on(topic.id());
        [
            topic.name().to_owned(),
            topic.partitions().to_string(),
            offsets(topic).to_string(),
            sizes::human(sizes::of_topic(store, topic.id()).bytes),
            if pins.is_empty() { "-".to_owned() } else { pins.join(", ") },
        ]
    }));
    let widths: [usize; 5] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let line = |row: &[String; 5]| {
        let [topic, partitions, records, size, pins] = row;
        let [first, second, third, fourth, _] = widths;
        format!("{topic:first$}  {partitions:>second$}  {records:>third$}  {size:>fourth$}  {pins}")
    };
    rows.iter().map(line).collect()
}

/// A topic as programs read it.
pub(crate) fn in_json(store: &Store, topic: &Topic) -> Value {
    json!({
        "topic": topic.name(),
        "id": topic.id().to_string(),
        "partitions": topic.partitions(),
        "offsets": offsets(topic),
        "bytes": sizes::of_topic(store, topic.id()).bytes,
        "pinned_by": store.pins_on(topic.id()),
        "internal": topic.config().internal,
    })
}

/// How many offsets of a topic can be read: its records, and the markers at the ends of transactions.
fn offsets(topic: &Topic) -> u64 {
    topic.snapshot().iter().map(|range| range.end.0 - range.start.0).sum()
}

fn told_of(processes: &Processes) -> Vec<String> {
    let mut lines = vec![format!("owned by {}", told(&processes.owner))];
    lines.extend(processes.clients.iter().map(|client| format!("open in {}", told(client))));
    lines.extend(processes.alone.as_deref().map(told_of_alone));
    lines
}

fn told_of_alone(reason: &str) -> String {
    format!(
        "not shared: {reason}; one process at a time can have it open, so move it to a local file system if several are to"
    )
}

fn told(process: &Process) -> String {
    if process.id == std::process::id() {
        return "this process".to_owned();
    }
    let mut text = format!("process {}", process.id);
    if !process.command.is_empty() {
        text.push_str(&format!(" (`{}`)", process.command));
    }
    if let Some(began) = began(process) {
        text.push_str(&format!(", since {began}"));
    }
    if process.connections > 0 {
        text.push_str(&format!(
            ", {}",
            sizes::counted(process.connections.into(), "connection", "connections")
        ));
    }
    if !process.claims.is_empty() {
        text.push_str(&format!(", holds {}", process.claims.join(", ")));
    }
    text
}

/// When it began, to a second.
fn began(process: &Process) -> Option<Timestamp> {
    let began = Timestamp::now().checked_sub(process.age?).ok()?;
    began.round(Unit::Second).ok()
}

fn process_in_json(process: &Process) -> Value {
    json!({
        "process": process.id,
        "command": process.command,
        "began": began(process).map(|began| began.as_millisecond()),
        "connections": process.connections,
        "claims": process.claims,
        "this": process.id == std::process::id(),
    })
}
