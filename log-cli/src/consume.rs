//! `consume`: prints the records of a topic, those that are there and those that come.

use std::io::{self, BufWriter, StdoutLock, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, value_parser};
use log_store::{ConsumerConfig, Error, Offset, OffsetReset, Partition, RecordRef, Scan, Store, Topic};

use crate::failure::{Failure, Outcome};
use crate::session::{Session, topic_argument};
use crate::signals::Signals;
use crate::written::Shown;

/// What is collected before it is written to stdout, in bytes.
const BUFFER_BYTES: usize = 64 << 10;

/// How many records of a partition are printed before it is the next one's turn.
const TURN: usize = 1_000;

/// How long to wait for a commit before looking for signals.
const TICK: Duration = Duration::from_millis(50);

pub(crate) fn command() -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    let from_offset = Arg::new("from-offset")
        .long("from-offset")
        .value_name("OFFSET")
        .value_parser(value_parser!(u64))
        .help("Begins at this offset, of the one partition or that of `--partition`");
    let from_time = Arg::new("from-time")
        .long("from-time")
        .value_name("TIME")
        .value_parser(instant)
        .help("Begins in each partition with the first record of this time or later: `2026-03-01T12:00:00Z`, or milliseconds since 1970. Ones that come later are passed over until then");
    let partition = Arg::new("partition")
        .long("partition")
        .value_name("N")
        .value_parser(value_parser!(u32))
        .help("Prints this partition alone");
    let separator = Arg::new("key-separator")
        .long("key-separator")
        .value_name("TEXT")
        .conflicts_with("json")
        .help("Prints each record's key, and this, before its value");
    let group = Arg::new("group")
        .long("group")
        .value_name("GROUP")
        .conflicts_with_all(["from-offset", "from-time", "partition"])
        .help("Reads as a member of this consumer group: shares the partitions with its other members, goes on where the group has committed, and commits what was written to stdout");
    Command::new("consume")
        .about("Prints the records of a topic, and those that are committed meanwhile, until Ctrl-C")
        .long_about(
            "Prints the records of a topic, and those that are committed meanwhile, until Ctrl-C. It begins with what comes from now on, \
             or with `--until-end` at the beginning, unless it is told where.\n\n\
             A record is its value, as it is, and a line feed; one without a value is an empty line. With `--json` it is one object a line: \
             {\"partition\":0,\"offset\":17,\"timestamp\":1772366400000,\"key\":\"shop 7\",\"value\":\"12.50\",\"headers\":{}}. Bytes that are \
             UTF-8 are a string there, others {\"base64\":\"..\"}, and what a record has not is null. Records of one partition are in order.\n\n\
             Rows in the format `native` of a pipeline's topic are bytes: the pipeline's own program prints them as JSON, by `read TOPIC`.",
        )
        .arg(topic_argument())
        .arg(flag("from-beginning", "Begins with the first record that there is"))
        .args([from_offset, from_time])
        .group(ArgGroup::new("from").args(["from-beginning", "from-offset", "from-time"]))
        .arg(flag("until-end", "Stops at the end, as it is when the command begins"))
        .args([group, partition, separator])
        .arg(flag("json", "Prints a JSON object for each record, one a line"))
}

pub(crate) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let topic = session.topic(arguments)?;
    let store = session.store()?;
    let signals = Signals::listen()?;
    if let Some(group) = arguments.get_one::<String>("group") {
        return in_group(store, &topic, group, arguments, &signals);
    }
    // Subscribed before the first look, so that nothing falls between the two.
    let (told, commits) = sync_channel(1);
    let hook = move || {
        // If it is told already, that is enough.
        let _ = told.try_send(());
    };
    let _subscription = store.on_commit(Arc::new(hook));
    warn_of_native(&topic);
    let mut reading = Reading::begin(store, &topic, arguments)?;
    reading.print(&signals)?;
    while !arguments.get_flag("until-end") && !signals.received() {
        topic.check()?;
        if wait(&commits) {
            reading.go_on_to(&store.snapshot(&reading.partitions));
            reading.print(&signals)?;
        }
    }
    Ok(())
}

/// Where each partition's reading stands, and how its records are printed.
struct Reading<'s> {
    partitions: Vec<Partition>,
    scans: Vec<Scan>,
    /// Those before it are passed over, in the partitions where none of it or later was met.
    from_time: Option<i64>,
    begun: Vec<bool>,
    print: Print<'s>,
    out: BufWriter<StdoutLock<'static>>,
}

/// How a record is printed.
enum Print<'s> {
    Json,
    Text { separator: Option<&'s str> },
}

impl<'s> Reading<'s> {
    fn begin(store: &Store, topic: &Topic, arguments: &'s ArgMatches) -> Outcome<Reading<'s>> {
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
            scans,
            from_time,
            begun,
            partitions,
            print: Print::of(arguments),
            out: BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock()),
        })
    }

    fn go_on_to(&mut self, ranges: &[std::ops::Range<Offset>]) {
        for (scan, range) in self.scans.iter_mut().zip(ranges) {
            scan.until(range.end.max(scan.next_offset()));
        }
    }

    /// Prints what is there, the partitions in turn, until a signal comes.
    fn print(&mut self, signals: &Signals) -> Outcome {
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

impl<'s> Print<'s> {
    fn of(arguments: &'s ArgMatches) -> Print<'s> {
        let separator = arguments.get_one::<String>("key-separator").map(String::as_str);
        if arguments.get_flag("json") { Print::Json } else { Print::Text { separator } }
    }

    fn print(&self, out: &mut impl Write, partition: u32, record: &RecordRef<'_>) -> io::Result<()> {
        match self {
            Print::Json => serde_json::to_writer(&mut *out, &Shown::of(partition, record))?,
            Print::Text { separator } => {
                if let Some(separator) = separator {
                    out.write_all(record.key.unwrap_or_default())?;
                    out.write_all(separator.as_bytes())?;
                }
                out.write_all(record.value.unwrap_or_default())?;
            }
        }
        out.write_all(b"\n")
    }
}

/// Prints as a member of a consumer group. What is printed is committed once it is written out: it is printed again after a crash
/// between the two, and never left out.
fn in_group(store: &Store, topic: &Topic, group: &str, arguments: &ArgMatches, signals: &Signals) -> Outcome {
    warn_of_native(topic);
    let until_end = arguments.get_flag("until-end");
    let from_start = arguments.get_flag("from-beginning") || until_end;
    let auto_offset_reset = if from_start { OffsetReset::Earliest } else { OffsetReset::Latest };
    let config = ConsumerConfig { auto_offset_reset, max_poll_records: TURN, ..ConsumerConfig::default() };
    let mut consumer = store.consumer(group, &[topic.name()], config)?;
    let ends = topic.snapshot();
    let print = Print::of(arguments);
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

/// Waits for a commit, but not for long; tells whether there was one.
fn wait(commits: &Receiver<()>) -> bool {
    match commits.recv_timeout(TICK) {
        Ok(()) => true,
        Err(RecvTimeoutError::Timeout) => false,
        Err(RecvTimeoutError::Disconnected) => unreachable!("the subscription holds the sender"),
    }
}

fn warn_of_native(topic: &Topic) {
    if topic.property("waterwheel.format").as_deref() == Some(b"native") {
        eprintln!(
            "topic `{name}` holds rows in the format `native`, which only the types of its pipeline can read: that program prints them \
             as JSON by `read {name}`; here they are bytes",
            name = topic.name()
        );
    }
}

/// An instant, in milliseconds since 1970.
pub(crate) fn instant(text: &str) -> Result<i64, String> {
    if let Ok(ms) = text.parse() {
        return Ok(ms);
    }
    text.parse::<jiff::Timestamp>()
        .map(|instant| instant.as_millisecond())
        .map_err(|error| format!("{error}; write it as 2026-03-01T12:00:00Z, or in milliseconds since 1970"))
}
