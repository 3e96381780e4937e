//! `topic describe`: a topic's settings and its partitions.

use std::io::Write;

use clap::{ArgMatches, Command};
use log_store::{Store, Topic, TopicConfig};
use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};
use crate::session::{Session, topic_argument};
use crate::{sizes, status};

pub(super) fn command() -> Command {
    Command::new("describe")
        .about("Describes a topic: its settings, and what each partition holds")
        .arg(topic_argument())
        .arg(status::as_json())
}

pub(super) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let topic = session.topic(arguments)?;
    let store = session.store()?;
    let text = match arguments.get_flag("json") {
        true => in_json(store, &topic)?,
        false => in_words(store, &topic)?,
    };
    writeln!(std::io::stdout(), "{text}").map_err(Failure::of_stdout)
}

fn in_words(store: &Store, topic: &Topic) -> Outcome<String> {
    let config = topic.config();
    let mut lines = vec![format!(
        "topic {} (id {}), {}",
        topic.name(),
        topic.id(),
        sizes::counted(topic.partitions().into(), "partition", "partitions")
    )];
    for setting in config.settings() {
        // What the store has is for its owner to say.
        let value = setting.value.as_deref().unwrap_or("(the store's)");
        let default = if setting.is_default { " by default" } else { "" };
        lines.push(format!("setting {}={value}{default} ({})", setting.name, setting.meaning));
    }
    if config.internal {
        lines.push("the bookkeeping of a program".to_owned());
    }
    let pins = store.pins_on(topic.id());
    if !pins.is_empty() {
        lines.push(format!("pinned by {}: what they still need is not given up", pins.join(", ")));
    }
    for (name, value) in &config.properties {
        match std::str::from_utf8(value).ok().filter(|text| text.len() <= 60 && !text.contains('\n')) {
            Some(text) => lines.push(format!("property {name}={text}")),
            None => lines.push(format!("property {name}: {} bytes", value.len())),
        }
    }
    for number in 0..topic.partitions() {
        let partition = topic.partition(number)?;
        let size = sizes::of_partition(store, topic.id(), partition.id());
        let (stable, end) = (partition.last_stable_offset(), partition.log_end_offset());
        let open =
            if stable < end { format!(", a transaction open from {stable} on") } else { String::new() };
        lines.push(format!(
            "partition {number}: offsets {} to {end}{open}, {} in {}",
            partition.log_start_offset(),
            sizes::human(size.bytes),
            sizes::counted(size.segments, "segment", "segments")
        ));
    }
    Ok(lines.join("\n"))
}

fn in_json(store: &Store, topic: &Topic) -> Outcome<String> {
    let config = topic.config();
    let mut partitions = Vec::new();
    for number in 0..topic.partitions() {
        let partition = topic.partition(number)?;
        let size = sizes::of_partition(store, topic.id(), partition.id());
        partitions.push(json!({
            "partition": number,
            "log_start_offset": partition.log_start_offset().0,
            "last_stable_offset": partition.last_stable_offset().0,
            "high_watermark": partition.high_watermark().0,
            "log_end_offset": partition.log_end_offset().0,
            "bytes": size.bytes,
            "segments": size.segments,
        }));
    }
    let properties: serde_json::Map<_, _> = config
        .properties
        .iter()
        .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into()))
        .collect();
    Ok(json!({
        "topic": topic.name(),
        "id": topic.id().to_string(),
        "internal": config.internal,
        "config": settings(&config, |_| true),
        "config_set": settings(&config, |is_default| !is_default),
        "properties": properties,
        "pinned_by": store.pins_on(topic.id()),
        "partitions": partitions,
    })
    .to_string())
}

/// The settings that are meant, numbers as numbers; null is the store's.
fn settings(config: &TopicConfig, meant: impl Fn(bool) -> bool) -> serde_json::Map<String, Value> {
    let settings = config.settings().into_iter().filter(|setting| meant(setting.is_default));
    settings
        .map(|setting| {
            let number = setting.value.as_deref().and_then(|value| value.parse::<i64>().ok());
            (setting.name.to_owned(), number.map_or_else(|| json!(setting.value), |number| json!(number)))
        })
        .collect()
}
