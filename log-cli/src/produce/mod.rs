//! `produce`: appends the lines of stdin, a record each.

mod lines;
mod parse;
mod write;

use std::io;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use log_store::{Store, Topic, Writer};

use crate::failure::{Failure, Outcome};
use crate::session::{Session, topic_argument};
use crate::sizes::counted;
use lines::Lines;
use parse::Shape;
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
        .value_parser(value_parser!(u32))
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
    let mut lines = Lines::of(io::stdin().lock());
    let mut number = 0_u64;
    let outcome = loop {
        let ready = lines.ready().map_err(|error| Failure::Error(format!("cannot read stdin: {error}")))?;
        let Some(ready) = ready else { break Ok(()) };
        let mut taken = number;
        let pushed = ready.into_iter().try_for_each(|line| {
            number += 1;
            if number <= written_before {
                return Ok(());
            }
            let parsed = shape.parse(line).and_then(|record| producer.push(&record));
            parsed.map_err(|what| Failure::Error(format!("line {number} of stdin: {what}")))?;
            taken = number;
            Ok(())
        });
        // What stands before a line that is none is appended.
        let written = producer.write(taken);
        if let Err(failure) = written.and(pushed) {
            break Err(failure);
        }
    };
    let passed_over = match written_before.min(number) {
        0 => String::new(),
        lines => {
            format!("; {} had been appended before, and were passed over", counted(lines, "line", "lines"))
        }
    };
    if let (Ok(()), Some(writer)) =
        (&outcome, arguments.get_one::<String>("writer").filter(|_| number < written_before))
    {
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
    eprintln!("appended {records} to topic `{}`{passed_over}", topic.name());
    outcome
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
