//! `dump`: a topic's batches as they lie on disk.

use std::io::{BufWriter, Write};
use std::ops::ControlFlow;

use clap::{Arg, ArgMatches, Command};
use log_store::{Batch, BatchKind, Inspected};
use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};
use crate::numbers::TakesNumber;
use crate::session::{Session, topic_argument};
use crate::sizes::counted;

pub(crate) fn command() -> Command {
    Command::new("dump")
        .about("Prints the batches of a topic as they lie on disk, with markers and what was aborted: a JSON object each, one a line")
        .arg(topic_argument())
        .arg(
            Arg::new("partition")
                .long("partition")
                .value_name("N")
                .whole::<u32>()
                .help("This partition alone"),
        )
}

pub(crate) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let topic = session.topic(arguments)?;
    let numbers = match arguments.get_one::<u32>("partition") {
        Some(&number) => number..number.saturating_add(1),
        None => 0..topic.partitions(),
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut damaged = 0_u64;
    for number in numbers {
        let mut written = Ok(());
        topic.partition(number)?.inspect(|found| {
            let line = match found {
                Inspected::Batch(batch) => in_json(number, &batch),
                Inspected::Damage(damage) => {
                    damaged += 1;
                    json!({
                        "partition": number,
                        "damage": damage.reason,
                        "file": damage.file.display().to_string(),
                        "position": damage.position,
                        "offset": damage.offset.0,
                    })
                }
                _ => return ControlFlow::Continue(()),
            };
            written = writeln!(out, "{line}");
            if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        written.map_err(Failure::of_stdout)?;
    }
    out.flush().map_err(Failure::of_stdout)?;
    match damaged {
        0 => Ok(()),
        places => Err(Failure::Error(format!(
            "topic `{}` is damaged in {}; `waterwheel-log verify` tells what to do",
            topic.name(),
            counted(places, "place", "places")
        ))),
    }
}

fn in_json(partition: u32, batch: &Batch) -> Value {
    let kind = match batch.kind {
        BatchKind::Plain => "records",
        BatchKind::Transactional => "records of a transaction",
        BatchKind::Commit => "commit",
        BatchKind::Abort => "abort",
        _ => "unknown",
    };
    let (producer, epoch, sequence) = batch.producer;
    json!({
        "partition": partition,
        "base_offset": batch.base_offset.0,
        "last_offset": batch.next_offset.0 - 1,
        "kind": kind,
        "base_timestamp": batch.base_timestamp,
        "max_timestamp": batch.max_timestamp,
        "compression": batch.compression.name(),
        "producer_id": producer.0,
        "producer_epoch": epoch.0,
        "base_sequence": sequence,
        "file": batch.file.display().to_string(),
        "position": batch.position,
        "bytes": batch.bytes,
    })
}
