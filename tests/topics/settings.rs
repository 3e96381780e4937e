//! What `topics!` says of how records are kept: topics are made so, and others are refused with what to do.

use std::sync::Arc;
use std::time::Duration;

use waterwheel::Error;
use waterwheel::log::{Compression, MemDisk, StoreConfig, TopicConfig};
use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
struct Reading {
    sensor: u64,
}

topics! {
    Readings("readings"): Reading { key: sensor, retention: 7d, compression: lz4 }
}

/// The same topic as other programs declare it.
mod others {
    use super::*;

    topics! {
        pub(super) Longer("readings"): Reading { key: sensor, retention: 14d, compression: lz4 }
    }
}

/// And as one that does not care.
mod silent {
    use super::*;

    topics! {
        pub(super) Silent("readings"): Reading { key: sensor }
    }
}

fn store() -> Store {
    Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap()
}

#[test]
fn a_topic_is_made_as_declared_and_who_declares_nothing_takes_it_as_it_is() -> Result<(), Error> {
    let store = store();
    let readings = TypedTopic::open(&store, Readings)?;
    let rows: Vec<_> = (0..100).map(|sensor| Reading { sensor }).collect();
    readings.append(&rows)?;
    let topic = store.topic("readings")?;
    let week = Duration::from_secs(7 * 24 * 60 * 60);
    assert_eq!((topic.config().retention, topic.config().compression), (Some(week), Compression::Lz4));
    let silent = TypedTopic::open(&store, silent::Silent)?;
    assert_eq!(silent.rows().collect::<Result<Vec<_>, _>>()?.len(), 100);
    Ok(())
}

#[test]
fn a_topic_that_is_kept_otherwise_is_refused_and_the_remedy_helps() -> Result<(), Error> {
    let store = store();
    TypedTopic::open(&store, Readings)?;
    let error = TypedTopic::open(&store, others::Longer).err().expect("it is kept for a week");
    let said = error.to_string();
    assert!(
        said.starts_with("topic `readings` has retention.ms=604800000, and the program declares"),
        "{said}"
    );
    assert!(said.contains("topic alter readings --config retention.ms=1209600000"), "{said}");
    let topic = store.topic("readings")?;
    topic.alter(|config| config.set("retention.ms", "1209600000").unwrap())?;
    TypedTopic::open(&store, others::Longer)?;
    let error = TypedTopic::open(&store, Readings).err().expect("it is kept for two weeks");
    assert!(matches!(error, Error::SettingDiffers { .. }), "{error}");
    // Made by another program, or by hand.
    let store = self::store();
    store.create_topic("readings", TopicConfig::default())?;
    let said = TypedTopic::open(&store, Readings).err().expect("it is not compressed").to_string();
    assert!(said.contains("has compression.type=none"), "{said}");
    Ok(())
}
