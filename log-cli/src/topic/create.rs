//! `topic create`: a topic, and the directory if it is not there.

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use log_store::{Durability, TopicConfig};

use crate::failure::{Failure, Outcome};
use crate::session::{Session, topic_argument};
use crate::sizes::counted;

/// A setting of a topic, as it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Setting {
    SegmentBytes(u64),
    Durability(Durability),
}

pub(super) fn command() -> Command {
    let partitions = Arg::new("partitions")
        .long("partitions")
        .value_name("N")
        .value_parser(value_parser!(u32).range(1..=65_536))
        .default_value("1")
        .help("How many partitions it has, for as long as it is there");
    let config = Arg::new("config")
        .long("config")
        .value_name("NAME=VALUE")
        .action(ArgAction::Append)
        .value_parser(setting)
        .help("`durability=fsync` (the default: records outlive the power) or `durability=os` (they outlive the process); `segment.bytes=N`");
    Command::new("create")
        .about("Makes a topic, and the data directory if it is not there")
        .arg(topic_argument())
        .arg(partitions)
        .arg(config)
}

pub(super) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let name = arguments.get_one::<String>("TOPIC").expect("the argument is required");
    let partitions = *arguments.get_one::<u32>("partitions").expect("the option has a default");
    let mut config = TopicConfig::with_partitions(partitions);
    for setting in arguments.get_many::<Setting>("config").unwrap_or_default() {
        match *setting {
            Setting::SegmentBytes(bytes) => config.segment_bytes = Some(bytes),
            Setting::Durability(durability) => config.durability = durability,
        }
    }
    let created = session.store_to_be()?.create_topic(name, config);
    created.map_err(|error| match error {
        error @ log_store::Error::InvalidTopic { .. } => Failure::usage(format!("error: {error}")),
        error => error.into(),
    })?;
    eprintln!(
        "made topic `{name}` with {} in {}",
        counted(partitions.into(), "partition", "partitions"),
        session.data_dir().display()
    );
    Ok(())
}

/// The settings of Kafka's topics that are asked for most, and what holds here in their place.
const NOT_THERE: [(&str, &str); 7] = [
    ("retention.ms", "records are kept until their topic is deleted"),
    ("retention.bytes", "records are kept until their topic is deleted"),
    ("cleanup.policy", "records are kept until their topic is deleted"),
    ("segment.ms", "a segment ends when it is full: `segment.bytes`"),
    ("compression.type", "records are kept as they come"),
    ("max.message.bytes", "a record has at most 64 MiB"),
    ("min.insync.replicas", "a directory is one copy, on one machine"),
];

fn setting(text: &str) -> Result<Setting, String> {
    let (name, value) = text.split_once('=').ok_or("a setting is written NAME=VALUE")?;
    match (name, value) {
        ("durability", "fsync") => Ok(Setting::Durability(Durability::Disk)),
        ("durability", "os") => Ok(Setting::Durability(Durability::Os)),
        ("durability", other) => Err(format!("there is no durability `{other}`; write `fsync` or `os`")),
        ("segment.bytes", bytes) => match bytes.parse() {
            Ok(bytes @ 1..=0x4000_0000) => Ok(Setting::SegmentBytes(bytes)),
            _ => Err(format!("`{bytes}` is no number of bytes from 1 to 1073741824, which is 1 GiB")),
        },
        (name, _) => Err(match NOT_THERE.iter().find(|(known, _)| *known == name) {
            Some((_, instead)) => format!("topics have no `{name}`: {instead}"),
            None => format!("topics have no setting `{name}`; they have `durability` and `segment.bytes`"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_known_or_told() {
        assert_eq!(setting("segment.bytes=1024"), Ok(Setting::SegmentBytes(1024)));
        assert_eq!(setting("durability=os"), Ok(Setting::Durability(Durability::Os)));
        for (text, expected) in [
            ("durability", "NAME=VALUE"),
            ("durability=interval", "write `fsync` or `os`"),
            ("segment.bytes=1G", "1 GiB"),
            ("segment.bytes=1073741825", "1 GiB"),
            ("retention.ms=1000", "no `retention.ms`: records are kept"),
            ("colour=red", "they have `durability`"),
        ] {
            let said = setting(text).unwrap_err();
            assert!(said.contains(expected), "{text}: {said}");
        }
    }
}
