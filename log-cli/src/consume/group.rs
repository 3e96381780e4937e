//! Reading as a member of a consumer group.

use std::io::{self, BufWriter, Write};

use clap::ArgMatches;
use log_store::{ConsumerConfig, Error, Offset, OffsetReset, Partition, Store, Topic};

use super::print::Print;
use super::{BUFFER_BYTES, TICK, TURN};
use crate::failure::{Failure, Outcome};
use crate::signals::Signals;

/// Prints as a member of a consumer group. What is printed is committed once it is written out: it is printed again after a crash
/// between the two, and never left out.
pub(super) fn in_group(
    store: &Store,
    topic: &Topic,
    group: &str,
    arguments: &ArgMatches,
    signals: &Signals,
) -> Outcome {
    let until_end = arguments.get_flag("until-end");
    let from_start = arguments.get_flag("from-beginning") || until_end;
    let auto_offset_reset = if from_start { OffsetReset::Earliest } else { OffsetReset::Latest };
    let config = ConsumerConfig { auto_offset_reset, max_poll_records: TURN, ..ConsumerConfig::default() };
    let mut consumer = store.consumer(group, &[topic.name()], config)?;
    let ends = topic.snapshot();
    let mut print = Print::of(topic, arguments);
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
    while !signals.received() {
        topic.check()?;
        let polled = consumer.poll(TICK)?;
        let is_quiet = polled.is_empty();
        if let Some(partition) = polled.partition() {
            for record in polled.records() {
                print.print(&mut out, partition.id().0, &record).map_err(Failure::of_stdout)?;
            }
        }
        drop(polled);
        out.flush().map_err(Failure::of_stdout)?;
        match consumer.commit() {
            // It was stopped for too long: others print what it did not commit, and it goes on with what it is given.
            Err(error @ Error::IllegalGeneration { .. }) => eprintln!("warning: {error}"),
            committed => committed?,
        }
        let is_at_end = |partition: &Partition| {
            let end = ends.get(partition.id().0 as usize).map_or(Offset(0), |range| range.end);
            consumer.position(partition).is_none_or(|position| position >= end)
        };
        if until_end && is_quiet && consumer.is_settled() && consumer.assignment().iter().all(is_at_end) {
            break;
        }
    }
    Ok(())
}
