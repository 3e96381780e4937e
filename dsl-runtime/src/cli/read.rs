//! `read`: a topic's committed rows as JSON, one object a line.

use std::io::BufWriter;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command};

use super::failure::{Failure, Outcome};
use super::{Invocation, topics};
use crate::engine::with_reset;
use crate::error::Error;
use crate::typed::{Print, print_rows};

/// What is collected before it is written to stdout, in bytes.
const BUFFER_BYTES: usize = 64 << 10;

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
    Command::new("read")
        .about("Prints the committed rows of a topic, one JSON object a line")
        .arg(topic)
        .arg(headers)
}

pub(super) fn perform(call: &Invocation) -> Outcome {
    let name = call.arguments().get_one::<String>("TOPIC").expect("the argument is required");
    let plan = call.pipeline().plan()?;
    let facts = topics::find(&plan, name).expect("the grammar allows the plan's topics only");
    let store = call.existing_store()?;
    let Some(topic) = store.find_topic(name) else {
        let (dir, program) = (call.data_dir().display(), call.program());
        return Err(Error::Usage(format!(
            "topic `{name}` is not in {dir} yet: it is made when something is written to it, as by `{program} run`"
        ))
        .into());
    };
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, std::io::stdout().lock());
    let what = if call.arguments().get_flag("headers") { Print::WithHeaders } else { Print::Row };
    let printed = print_rows(&topic, facts, what, &mut out);
    printed.map_err(|error| match error {
        Error::Io { source, .. } => Failure::of_stdout(source),
        error => with_reset(error, &plan).into(),
    })
}
