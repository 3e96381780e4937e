//! `produce`: appends the lines of stdin, a record each.

mod lines;
mod parse;
mod write;

use std::io;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

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
        "Prints `{\"partition\":0,\"offset\":17}` for each record, in the order of the lines, once it is durable",
    );
    Command::new("produce")
        .about("Appends the lines of stdin to a topic, a record each")
        .long_about(
            "Appends the lines of stdin to a topic, a record each. What stdin has ready is appended together, and not kept waiting for more.\n\n\
             A key's partition is that of Kafka's default partitioner. Records without a key go, those that are appended together, to \
             the partition with the fewest.",
        )
        .arg(topic_argument())
        .args([separator, json, partition, acks])
}

pub(crate) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let topic = session.topic_to_change(arguments)?;
    let separator = arguments.get_one::<String>("key-separator").map(String::as_str);
    let shape = if arguments.get_flag("json") { Shape::Json } else { Shape::Text { separator } };
    let partition = arguments.get_one::<u32>("partition").copied();
    let mut producer = Producer::new(session.store()?, &topic, partition, arguments.get_flag("acks"))?;
    let mut lines = Lines::of(io::stdin().lock());
    let mut number = 0_u64;
    let outcome = loop {
        let ready = lines.ready().map_err(|error| Failure::Error(format!("cannot read stdin: {error}")))?;
        let Some(ready) = ready else { break Ok(()) };
        let pushed = ready.into_iter().try_for_each(|line| {
            number += 1;
            let parsed = shape.parse(line).and_then(|record| producer.push(&record));
            parsed.map_err(|what| Failure::Error(format!("line {number} of stdin: {what}")))
        });
        // What stands before a line that is none is appended.
        let written = producer.write();
        if let Err(failure) = written.and(pushed) {
            break Err(failure);
        }
    };
    eprintln!("appended {} to topic `{}`", counted(producer.durable(), "record", "records"), topic.name());
    outcome
}
