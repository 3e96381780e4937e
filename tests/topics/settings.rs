//! What `topics!` says of how records are kept: topics are made so, and others are refused with what to do.

use std::sync::Arc;
use std::time::Duration;

use waterwheel::Error;
use waterwheel::log::{Compression, Durability, MemDisk, StoreConfig, TopicConfig};
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

/// A topic that is left to the system.
mod loose {
    use super::*;

    topics! {
        pub(super) Loose("loose"): Reading { key: sensor, durability: os }
    }
}

/// And that is not, as another program has it.
mod synced {
    use super::*;

    topics! {
        pub(super) Synced("loose"): Reading { key: sensor, durability: fsync }
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
        said.starts_with(
            "topic `readings` has retention.ms=604800000 (7d), and the program declares retention.ms=1209600000 (14d);"
        ),
        "{said}"
    );
    assert!(said.contains("topic alter readings --config retention.ms=1209600000"), "{said}");
    let topic = store.topic("readings")?;
    topic.alter(|config| config.set("retention.ms", "1209600000").unwrap())?;
    TypedTopic::open(&store, others::Longer)?;
    let error = TypedTopic::open(&store, Readings).err().expect("it is kept for two weeks");
    assert!(matches!(error, Error::SettingDiffers { .. }), "{error}");
    // Made by another program, or by hand: all that differs is told at once, with one command.
    let store = self::store();
    store.create_topic("readings", TopicConfig::default())?;
    let said = TypedTopic::open(&store, Readings).err().expect("it is not compressed").to_string();
    let has = "topic `readings` has compression.type=none and retention.ms=-1 (for ever), and the program declares \
               compression.type=lz4 and retention.ms=604800000 (7d);";
    assert!(said.starts_with(has), "{said}");
    let command = "topic alter readings --config compression.type=lz4 --config retention.ms=604800000`";
    assert!(said.contains(command), "{said}");
    Ok(())
}

/// All readings once more.
#[pipeline]
fn copied() {
    let readings = source(Readings);
    readings.sink(Copies);
}

topics! {
    Copies("copies"): Reading { key: sensor, retention: 1h }
}

/// The topics of the pipeline, as they are to have more partitions.
mod wider {
    use super::*;

    topics! {
        pub(super) Wide("readings"): Reading { key: sensor, partitions: 3 }
        pub(super) WideCopies("copies"): Reading { key: sensor, partitions: 2 }
    }
}

#[test]
fn what_a_running_pipeline_declares_can_be_altered_and_its_next_run_says_so() -> Result<(), Error> {
    let store = store();
    TypedTopic::open(&store, Readings)?.append(&[Reading { sensor: 1 }])?;
    let job = waterwheel::Pipeline::from(copied()).start(&store, RunOptions::new())?;
    job.wait_until_caught_up()?;
    let (readings, copies) = (store.topic("readings")?, store.topic("copies")?);
    readings.alter(|config| config.set("retention.ms", "-1").unwrap())?;
    copies.alter(|config| config.set("retention.ms", "60000").unwrap())?;
    TypedTopic::open(&store, silent::Silent)?.append(&[Reading { sensor: 2 }])?;
    job.wait_until_caught_up()?;
    job.stop()?;
    let refused = |store: &Store| {
        let refused = waterwheel::Pipeline::from(copied()).start(store, RunOptions::new()).err().unwrap();
        assert!(matches!(refused, Error::SettingDiffers { .. }), "{refused}");
        refused.to_string()
    };
    let said = refused(&store);
    assert!(said.contains("topic `readings` has retention.ms=-1 (for ever), and"), "{said}");
    assert!(said.contains("topic alter readings --config retention.ms=604800000` with"), "{said}");
    readings.alter(|config| config.set("retention.ms", "604800000").unwrap())?;
    let said = refused(&store);
    assert!(said.contains("topic `copies` has retention.ms=60000 (1m), and"), "{said}");
    copies.alter(|config| config.set("retention.ms", "3600000").unwrap())?;
    waterwheel::Pipeline::from(copied()).start(&store, RunOptions::new().until_end())?.wait()?;
    assert_eq!(TypedTopic::open(&store, Copies)?.rows().count(), 2);
    Ok(())
}

#[test]
fn more_partitions_than_there_are_can_be_added_to_an_input_and_are_refused_for_results() -> Result<(), Error>
{
    let store = store();
    waterwheel::Pipeline::from(copied()).start(&store, RunOptions::new().until_end())?.wait()?;
    let said = TypedTopic::open(&store, wider::Wide).err().expect("it has one").to_string();
    let command = "run `waterwheel-log topic alter readings --partitions 3` with this `--data-dir`, which adds them, or declare 1";
    assert!(said.ends_with(command), "{said}");
    store.topic("readings")?.add_partitions(3)?;
    TypedTopic::open(&store, wider::Wide)?;
    let said = TypedTopic::open(&store, wider::WideCopies).err().expect("it has one").to_string();
    let why = "none can be added: pipeline `copied` writes it, and has written what it says of a key to one partition; stop `copied`";
    assert!(said.contains(why), "{said}");
    Ok(())
}

#[test]
fn a_topic_is_as_durable_as_declared_and_who_declares_another_durability_is_told() -> Result<(), Error> {
    let store = store();
    let loose = TypedTopic::open(&store, loose::Loose)?;
    assert_eq!(store.topic("loose")?.config().durability, Durability::Os);
    loose.append(&Reading { sensor: 1 })?;
    assert_eq!(loose.rows().collect::<Result<Vec<_>, _>>()?, [Reading { sensor: 1 }]);
    let said = TypedTopic::open(&store, synced::Synced).err().expect("it is left to the system").to_string();
    assert!(said.starts_with("topic `loose` has durability=os, and the program declares"), "{said}");
    assert!(said.contains("topic alter loose --config durability=fsync"), "{said}");
    Ok(())
}
