//! Settings of topics on the command line: `--config NAME=VALUE`, by Kafka's names.

use std::collections::BTreeSet;

use clap::{Arg, ArgAction, ArgMatches};
use log_store::TopicConfig;

use crate::failure::{Failure, Outcome};

/// What a call says of settings, each as it is to be.
pub(super) fn settings() -> Arg {
    Arg::new("config")
        .long("config")
        .value_name("NAME=VALUE")
        .action(ArgAction::Append)
        .value_parser(setting)
        .help("A setting by Kafka's name: retention.ms, retention.bytes, segment.bytes, segment.ms, max.message.bytes, compression.type; or durability=fsync|interval|os. `topic describe` tells what each means")
}

/// Has a topic's settings as the call says.
pub(super) fn apply(config: &mut TopicConfig, arguments: &ArgMatches) {
    for (name, value) in arguments.get_many::<(String, String)>("config").unwrap_or_default() {
        config.set(name, value).expect("it was tried when the arguments were read");
    }
}

/// Refuses a setting that is given twice: one of the two is not meant.
pub(super) fn refuse_repeated(arguments: &ArgMatches) -> Outcome {
    let given = arguments.get_many::<(String, String)>("config").unwrap_or_default().map(|(name, _)| name);
    // `topic create` takes none away.
    let deleted = arguments.try_get_many::<String>("delete").ok().flatten().unwrap_or_default();
    let mut seen = BTreeSet::new();
    match given.chain(deleted).find(|name| !seen.insert(*name)) {
        Some(twice) => Err(Failure::usage(format!("the setting {twice} is named twice: name it once"))),
        None => Ok(()),
    }
}

/// Takes a setting apart, and tries it.
fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a setting is written NAME=VALUE")?;
    TopicConfig::default().set(name, value).map_err(|error| error.to_string())?;
    Ok((name.to_owned(), value.to_owned()))
}

/// The name of a setting that there is.
pub(super) fn name(text: &str) -> Result<String, String> {
    if text.contains('=') {
        return Err("`--delete` takes the name of a setting alone".to_owned());
    }
    TopicConfig::default().unset(text).map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_taken_apart_or_told() {
        assert_eq!(setting("segment.bytes=1024"), Ok(("segment.bytes".to_owned(), "1024".to_owned())));
        for (text, expected) in [
            ("durability", "NAME=VALUE"),
            ("segment.bytes=1G", "1 GiB"),
            ("retention.ms=7d", "write 0 or more, or -1"),
            ("cleanup.policy=compact", "no `cleanup.policy` here"),
        ] {
            let said = setting(text).unwrap_err();
            assert!(said.contains(expected), "{text}: {said}");
        }
        assert!(name("retention.ms").is_ok());
        assert!(name("retention.ms=5").unwrap_err().contains("alone"));
    }
}
