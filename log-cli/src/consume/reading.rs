//! Partitions that are read in turn, from where they are told.

use std::io::{self, BufWriter, StdoutLock, Write};

use clap::ArgMatches;
use log_store::{Offset, Partition, Scan, Store, Topic};

use super::print::Print;
use super::{BUFFER_BYTES, TURN};
use crate::failure::{Failure, Outcome};
use crate::signals::Signals;

/// Where each partition's reading stands, and how its records are printed.
pub(super) struct Reading<'s> {
    partitions: Vec<Partition>,
    /// Whether they are all that the topic has, also those that are added to it.
    is_all: bool,
    scans: Vec<Scan>,
    /// Those before it are passed over, in the partitions where none of it or later was met.
    from_time: Option<i64>,
    begun: Vec<bool>,
    print: Print<'s>,
    out: BufWriter<StdoutLock<'static>>,
}

impl<'s> Reading<'s> {
    pub(super) fn begin(store: &Store, topic: &Topic, arguments: &'s ArgMatches) -> Outcome<Reading<'s>> {
        let partitions: Vec<Partition> = match arguments.get_one::<u32>("partition") {
            Some(&number) => vec![topic.partition(number)?],
            None => {
                (0..topic.partitions()).map(|number| topic.partition(number)).collect::<Result<_, _>>()?
            }
        };
        let from_offset = arguments.get_one::<u64>("from-offset").map(|&offset| Offset(offset));
        if from_offset.is_some() && partitions.len() > 1 {
            let (name, count) = (topic.name(), topic.partitions());
            return Err(Failure::usage(format!(
                "topic `{name}` has {count} partitions, each with offsets of its own: say `--partition`, too"
            )));
        }
        if let Some(from) = from_offset {
            // A scan that begins behind the end would wait there, and say nothing.
            partitions[0].read(from, 1)?;
        }
        let from_time = arguments.get_one::<i64>("from-time").copied();
        let from_start =
            arguments.get_flag("from-beginning") || arguments.get_flag("until-end") || from_time.is_some();
        let ranges = store.snapshot(&partitions);
        let (mut scans, mut begun) = (Vec::new(), Vec::new());
        for (partition, range) in partitions.iter().zip(&ranges) {
            let first = match from_time {
                Some(time) => partition.offset_for_time(time)?,
                None => from_offset,
            };
            // Where there is none of that time yet, it may come.
            let otherwise = if from_start && from_time.is_none() { range.start } else { range.end };
            let from = first.unwrap_or(otherwise);
            scans.push(partition.scan(from, range.end.max(from)));
            begun.push(first.is_some());
        }
        Ok(Reading {
            is_all: arguments.get_one::<u32>("partition").is_none(),
            scans,
            from_time,
            begun,
            partitions,
            print: Print::of(topic, arguments),
            out: BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock()),
        })
    }

    /// Takes up what was committed since, and partitions that were added, from their first record on.
    pub(super) fn go_on(&mut self, store: &Store, topic: &Topic) -> Outcome {
        let had = self.partitions.len() as u32;
        for number in had..if self.is_all { topic.partitions() } else { had } {
            let partition = topic.partition(number)?;
            let start = partition.log_start_offset();
            self.scans.push(partition.scan(start, start));
            self.begun.push(false);
            self.partitions.push(partition);
        }
        for (scan, range) in self.scans.iter_mut().zip(store.snapshot(&self.partitions)) {
            scan.until(range.end.max(scan.next_offset()));
        }
        Ok(())
    }

    /// Prints what is there, the partitions in turn, until a signal comes.
    pub(super) fn print(&mut self, signals: &Signals) -> Outcome {
        let mut is_more = true;
        while is_more && !signals.received() {
            is_more = false;
            for (index, scan) in self.scans.iter_mut().enumerate() {
                if !scan.fetch()? {
                    continue;
                }
                is_more = true;
                let partition = self.partitions[index].id().0;
                for record in scan.take_at_hand(TURN) {
                    let is_early = self.from_time.is_some_and(|time| record.timestamp < time);
                    if is_early && !self.begun[index] {
                        continue;
                    }
                    self.begun[index] = true;
                    self.print.print(&mut self.out, partition, &record).map_err(Failure::of_stdout)?;
                }
            }
        }
        self.out.flush().map_err(Failure::of_stdout)
    }
}
