//! `produce`: appends the lines of stdin, a record each.

mod lines;
mod parse;
mod stdin;
mod write;

use std::io::{IsTerminal, stdin};

use clap::{Arg, ArgAction, ArgMatches, Command};

use log_store::{Durability, Store, Topic, Writer};

use crate::failure::{Failure, Outcome};
use crate::numbers::TakesNumber;
use crate::session::{Session, topic_argument};
use crate::signals::Signals;
use crate::sizes::counted;
use lines::Lines;
use parse::Shape;
use stdin::Stdin;
use write::Producer;

pub(crate) fn command() -> Command {
    let separator = Arg::new("key-separator")
        .long("key-separator")
        .value_name("TEXT")
        .value_parser(clap::builder::NonEmptyStringValueParser::new())
        .conflicts_with("json")
        .help("What stands between a key and its value; without it records have no key");
    let json = Arg::new("json")
        .long("json")
        .action(ArgAction::SetTrue)
        .help("Each line is a JSON object as `consume --json` prints it; all its members may be left out, and `offset` is passed over");
    let partition = Arg::new("partition")
        .long("partition")
        .value_name("N")
        .whole::<u32>()
        .help("Appends all to this partition, instead of each by its key");
    let acks = Arg::new("acks").long("acks").action(ArgAction::SetTrue).help(
        "Prints `{\"partition\":0,\"offset\":17}` for each record, in the order of the lines, once it is as durable as its topic promises",
    );
    let writer = Arg::new("writer").long("writer").value_name("NAME").help(
        "Appends each line of stdin once under this name, however often the command is stopped, killed and given the same lines again",
    );
    Command::new("produce")
        .about("Appends the lines of stdin to a topic, a record each")
        .long_about(
            "Appends the lines of stdin to a topic, a record each. What stdin has ready is appended together, and not kept waiting for more.\n\n\
             A key's partition is that of Kafka's default partitioner. Records without a key go, those that are appended together, to \
             the partition with the fewest.\n\n\
             With `--writer` the lines count: the log keeps with the records how many lines of stdin are in it under that name, and the next call \
             passes over so many. Give it the same lines from the first on, with more behind them if there are more. A second call under the name \
             takes it over from the first. A name belongs to its topic, and is forgotten when it was not used for seven days.",
        )
        .arg(topic_argument())
        .args([separator, json, partition, acks, writer])
}

pub(crate) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let topic = session.topic_to_change(arguments)?;
    let separator = arguments.get_one::<String>("key-separator").map(String::as_str);
    let shape = if arguments.get_flag("json") { Shape::Json } else { Shape::Text { separator } };
    let partition = arguments.get_one::<u32>("partition").copied();
    let writer = arguments.get_one::<String>("writer").map(|name| topic.writer(name)).transpose()?;
    let written_before = writer.as_ref().map_or(0, Writer::next_sequence);
    let mut producer =
        Producer::new(session.store()?, &topic, partition, writer, arguments.get_flag("acks"))?;
    let signals = Signals::listen()?;
    let mut number = 0_u64;
    let outcome = append_lines(&mut producer, shape, &signals, written_before, &mut number);
    let passed_over = match written_before.min(number) {
        0 => String::new(),
        lines => {
            format!("; {} had been appended before, and were passed over", counted(lines, "line", "lines"))
        }
    };
    let writer = arguments.get_one::<String>("writer");
    if let (Ok(End::OfStdin), Some(writer)) = (&outcome, writer.filter(|_| number < written_before)) {
        eprintln!(
            "warning: stdin ended after {}, and {written_before} are in topic `{}` under the writer `{writer}`: nothing of it was new. If these \
             are other lines than before, give them another writer's name",
            counted(number, "line", "lines"),
            topic.name()
        );
    }
    let records = counted(producer.durable(), "record", "records");
    if producer.durable() > 0 {
        retain(session.store()?, &topic);
    }
    let promised =
        if matches!(outcome, Ok(End::BySignal)) && producer.durable() > 0 { promised(&topic) } else { "" };
    eprintln!("appended {records} to topic `{}`{promised}{passed_over}", topic.name());
    match outcome? {
        // Who types has nothing more to give.
        End::BySignal if !stdin().is_terminal() => Err(Failure::Error(match writer {
            Some(_) => "a signal came before stdin was at its end; the same lines from the first on, given again under this writer, go on from there".to_owned(),
            None => "a signal came before stdin was at its end: what stood there behind these records is not appended".to_owned(),
        })),
        End::BySignal | End::OfStdin => Ok(()),
    }
}

/// How reading stdin ends that does not fail.
enum End {
    OfStdin,
    /// What stdin has beyond what was taken is not appended.
    BySignal,
}

/// Appends the lines of stdin until its end, or a signal. Counts them in `number`.
fn append_lines(
    producer: &mut Producer,
    shape: Shape<'_>,
    signals: &Signals,
    written_before: u64,
    number: &mut u64,
) -> Outcome<End> {
    let mut lines = Lines::of(Stdin::heeding(signals));
    loop {
        let ready = match lines.ready() {
            Err(_) if signals.received() => return Ok(End::BySignal),
            ready => ready.map_err(|error| Failure::Error(format!("cannot read stdin: {error}")))?,
        };
        let Some(ready) = ready else { return Ok(End::OfStdin) };
        let mut taken = *number;
        let pushed = ready.into_iter().try_for_each(|line| {
            *number += 1;
            if *number <= written_before {
                return Ok(());
            }
            let parsed = shape.parse(line).and_then(|record| producer.push(&record));
            parsed.map_err(|what| Failure::Error(format!("line {number} of stdin: {what}")))?;
            taken = *number;
            Ok(())
        });
        // What stands before a line that is none is appended.
        producer.write(taken).and(pushed)?;
    }
}

/// What is said of records that were appended before a signal came.
fn promised(topic: &Topic) -> &'static str {
    match topic.config().durability {
        Durability::Fsync => ", which are on disk",
        Durability::Interval | Durability::Os => {
            ", which are as durable as its setting `durability` makes them"
        }
    }
}

/// Has go what a topic keeps no longer: where a directory is opened for short calls only, nobody else has the time to look.
fn retain(store: &Store, topic: &Topic) {
    let config = topic.config();
    if config.retention.is_none() && config.retention_bytes.is_none() {
        return;
    }
    // The records are in the log all the same.
    if let Err(error) = store.retain() {
        eprintln!("warning: what topic `{}` keeps no longer is still there: {error}", topic.name());
    }
}
