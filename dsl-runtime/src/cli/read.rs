//! `read`: a topic's committed rows as JSON, one object a line.

use std::io::BufWriter;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};
use log_store::{Store, Topic};

use super::failure::{Failure, Outcome};
use super::signals::Signals;
use super::summary::counted;
use super::{Invocation, instants, topics};
use crate::engine::{Job, RunOptions, with_reset};
use crate::error::{Error, Result};
use crate::plan::{Plan, TopicFacts};
use crate::time::Timestamp;
use crate::typed::{Met, Print, Printer, Where};

/// What is collected before it is written to stdout, in bytes.
const BUFFER_BYTES: usize = 64 << 10;

/// How long to wait for a commit before looking for signals, and for the end of the run.
const TICK: Duration = Duration::from_millis(50);

pub(super) fn command(reads: &[&'static str], writes: &[&'static str]) -> Command {
    let topics: Vec<&'static str> =
        writes.iter().chain(reads.iter().filter(|topic| !writes.contains(topic))).copied().collect();
    let topic = Arg::new("TOPIC")
        .required(true)
        .value_parser(PossibleValuesParser::new(topics))
        .help("A topic that the pipeline writes or reads");
    let headers = Arg::new("headers")
        .long("headers")
        .action(ArgAction::SetTrue)
        .help("Prints each row as `row` of an object with its partition, offset and headers");
    let condition = Arg::new("where")
        .long("where")
        .value_name("FIELD[=VALUE]")
        .action(ArgAction::Append)
        .value_parser(Where::parse)
        .help("Prints the rows whose field has this value in JSON, such as `origin=EWR` or `place.lat=1.5`; with no value, those that have the field, or are of the variant of this name; several must all hold");
    let from_time =
        Arg::new("from-time").long("from-time").value_name("TIME").value_parser(instants::read).help(
            format!(
                "Begins with the first row that was appended at this time or later, not by event time: {}",
                instants::FORMS
            ),
        );
    let from_offset = Arg::new("from-offset")
        .long("from-offset")
        .value_name("PARTITION:OFFSET")
        .action(ArgAction::Append)
        .conflicts_with("from-time")
        .value_parser(FromOffset::parse)
        .help("Begins a partition at this offset, such as `0:1200`, and the others at their start; of a topic with one partition, `1200`");
    let follow = Arg::new("follow").long("follow").short('f').action(ArgAction::SetTrue).help(
        "Prints rows as they are committed, until Ctrl-C; runs the pipeline meanwhile, as `run` does, unless another process does",
    );
    Command::new("read")
        .about("Prints the committed rows of a topic, one JSON object a line")
        .arg(topic)
        .arg(follow)
        .arg(from_time)
        .arg(from_offset)
        .arg(condition)
        .arg(headers)
}

/// Where a partition begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FromOffset {
    /// `None` if the topic is to have one partition alone.
    partition: Option<u32>,
    offset: u64,
}

impl FromOffset {
    /// Reads `3:1200`, or `1200`.
    fn parse(text: &str) -> std::result::Result<FromOffset, String> {
        let (partition, offset) = match text.split_once(':') {
            Some((partition, offset)) => (Some(partition.parse().ok()), offset),
            None => (None, text),
        };
        match (partition, offset.parse()) {
            (Some(Some(partition)), Ok(offset)) => Ok(FromOffset { partition: Some(partition), offset }),
            (None, Ok(offset)) => Ok(FromOffset { partition: None, offset }),
            _ => Err("write a partition and an offset in it, `0:1200`".to_owned()),
        }
    }

    /// The partition of a topic that has so many.
    fn partition(self, topic: &Topic) -> Result<u32> {
        match (self.partition, topic.partitions()) {
            (Some(partition), _) => Ok(partition),
            (None, 1) => Ok(0),
            (None, several) => Err(Error::Usage(format!(
                "topic `{}` has {several} partitions, each with offsets of its own: say which one is meant, `--from-offset 0:{}`",
                topic.name(),
                self.offset
            ))),
        }
    }
}

pub(super) fn perform(call: &Invocation) -> Outcome {
    let name = call.arguments().get_one::<String>("TOPIC").expect("the argument is required");
    let plan = call.pipeline().plan()?;
    let facts = topics::find(&plan, name).expect("the grammar allows the plan's topics only");
    check_fields(call, facts)?;
    match call.arguments().get_flag("follow") {
        true => follow(call, &plan, facts),
        false => print(call, &plan, facts),
    }
}

/// Prints what is there.
fn print(call: &Invocation, plan: &Plan, facts: &TopicFacts) -> Outcome {
    let name = facts.name;
    let Some(topic) = call.existing_store()?.find_topic(name) else {
        let (dir, program) = (call.data_dir().display(), call.program());
        return Err(Error::Usage(format!(
            "topic `{name}` is not in {dir} yet: it is made when something is written to it, as by `{program} run`"
        ))
        .into());
    };
    let mut met = Met::default();
    let printed = printing(call, &topic, facts, |printer| {
        printer.print()?;
        met = printer.met();
        Ok(())
    });
    printed.map_err(|error| told(error, plan))?;
    if met.printed == 0 {
        eprintln!("{}", nothing(call, name, met.rows));
    }
    Ok(())
}

/// What is said where nothing was printed, so that this is no riddle.
fn nothing(call: &Invocation, topic: &str, rows: u64) -> String {
    let arguments = call.arguments();
    let begins_later = arguments.contains_id("from-time") || arguments.contains_id("from-offset");
    match (rows, begins_later) {
        (0, false) => format!("topic `{topic}` has no rows yet"),
        (0, true) => format!("topic `{topic}` has no rows from there on"),
        (rows, _) => format!("none of {} of topic `{topic}` is as `--where` asks", counted(rows, "row")),
    }
}

/// Runs the pipeline, unless another process does, and prints what is there and what comes, until a signal ends it or the run is over.
fn follow(call: &Invocation, plan: &Plan, facts: &TopicFacts) -> Outcome {
    let store = call.store()?;
    let signals = Signals::listen()?;
    let job = match call.pipeline().start(store, RunOptions::new()) {
        Ok(job) => Some(job),
        // Another process runs it, and commits what this one prints.
        Err(Error::Log(log_store::Error::Claimed { name, holder })) => {
            eprintln!("{name} is run by {holder}; Ctrl-C ends the reading");
            None
        }
        Err(error) => return Err(error.into()),
    };
    let Some(topic) = wait_for(store, facts.name, &signals) else { return Ok(()) };
    let printed = printing(call, &topic, facts, |printer| print_meanwhile(printer, job.as_ref(), &signals));
    let ended = job.map_or(Ok(()), |job| job.stop().map(drop));
    printed.map_err(|error| told(error, plan))?;
    ended?;
    Ok(())
}

/// The topic, as soon as there is one: who has just begun to run the pipeline may not have come to make it. None if a signal comes first.
fn wait_for(store: &Store, name: &str, signals: &Signals) -> Option<Topic> {
    while !signals.received() {
        let topic = store.find_topic(name);
        if topic.is_some() {
            return topic;
        }
        std::thread::sleep(TICK);
    }
    None
}

fn print_meanwhile(printer: &mut Printer<'_>, job: Option<&Job>, signals: &Signals) -> Result<()> {
    printer.print()?;
    loop {
        // In this order, so that what a run that is over has committed is printed.
        let is_over = signals.received() || job.is_some_and(|job| job.wait_timeout(Duration::ZERO));
        printer.print_next(if is_over { Duration::ZERO } else { TICK })?;
        if is_over {
            return Ok(());
        }
    }
}

/// Has `print` print rows to stdout as the arguments say.
fn printing(
    call: &Invocation,
    topic: &Topic,
    facts: &TopicFacts,
    print: impl FnOnce(&mut Printer<'_>) -> Result<()>,
) -> Result<()> {
    let arguments = call.arguments();
    let what = if arguments.get_flag("headers") { Print::WithHeaders } else { Print::Row };
    let conditions = arguments.get_many::<Where>("where").unwrap_or_default().cloned().collect();
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, std::io::stdout().lock());
    let mut printer = Printer::of(call.store()?, topic, facts, what, conditions, &mut out)?;
    if let Some(time) = arguments.get_one::<Timestamp>("from-time") {
        printer.seek_to_time(*time);
    }
    for from in arguments.get_many::<FromOffset>("from-offset").unwrap_or_default() {
        printer.seek(from.partition(topic)?, from.offset);
    }
    print(&mut printer)
}

/// Refuses conditions on fields that no row has, which would print nothing without a word.
fn check_fields(call: &Invocation, facts: &TopicFacts) -> Outcome {
    let fields = facts.field_names();
    for condition in call.arguments().get_many::<Where>("where").unwrap_or_default() {
        let field = condition.field();
        if fields.is_empty() || fields.iter().any(|name| name == field) {
            continue;
        }
        let has: Vec<String> = fields.iter().map(|name| format!("`{name}`")).collect();
        let message = format!(
            "the rows of topic `{}` have no field `{field}`; they have {}",
            facts.name,
            has.join(", ")
        );
        let mut command = command(&[], &[]).bin_name(format!("{} read", call.program()));
        let mut error = command.error(ErrorKind::InvalidValue, message);
        error.insert(ContextKind::InvalidArg, ContextValue::String("--where".to_owned()));
        return Err(error.into());
    }
    Ok(())
}

/// What went wrong, with what to do about it.
fn told(error: Error, plan: &Plan) -> Failure {
    match error {
        Error::Io { source, .. } => Failure::of_stdout(source),
        error => with_reset(error, plan).into(),
    }
}
