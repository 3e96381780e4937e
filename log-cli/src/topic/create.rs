//! `topic create`: a topic, and the directory if it is not there.

use clap::{Arg, ArgMatches, Command};
use log_store::TopicConfig;

use super::{PARTITIONS_MAX, config};
use crate::failure::{Failure, Outcome};
use crate::numbers::TakesNumber;
use crate::session::{Session, topic_argument};
use crate::sizes::counted;

pub(super) fn command() -> Command {
    let partitions = Arg::new("partitions")
        .long("partitions")
        .value_name("N")
        .within(1..=PARTITIONS_MAX)
        .default_value("1")
        .help("How many partitions it has; more can be added later, and none be taken away");
    Command::new("create")
        .about("Makes a topic, and the data directory if it is not there")
        .arg(topic_argument())
        .arg(partitions)
        .arg(config::settings())
}

pub(super) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let name = arguments.get_one::<String>("TOPIC").expect("the argument is required");
    let partitions = *arguments.get_one::<u32>("partitions").expect("the option has a default");
    let mut config = TopicConfig::with_partitions(partitions);
    config::refuse_repeated(arguments)?;
    config::apply(&mut config, arguments);
    let created = session.store_to_be()?.create_topic(name, config);
    created.map_err(|error| match error {
        error @ log_store::Error::InvalidTopic { .. } => Failure::usage(error),
        error => error.into(),
    })?;
    eprintln!(
        "made topic `{name}` with {} in {}",
        counted(partitions.into(), "partition", "partitions"),
        session.data_dir().display()
    );
    Ok(())
}
