//! Settings of topics: made with it, altered while it is at work, kept, and gone by.

mod support;

use std::time::Duration;

use log_store::{
    Compression, Durability, Error, FaultyDisk, MemDisk, Offset, Partition, RecordsBuilder, Result, Store,
    Topic, TopicConfig,
};
use support::{open, records};

fn value(bytes: usize) -> RecordsBuilder {
    let mut records = RecordsBuilder::new();
    records.push(7, None, Some(&vec![b'x'; bytes]));
    records
}

/// How many files of records a partition has.
fn segments(store: &Store, partition: &Partition) -> usize {
    let dir = format!("topics/{}/{}", partition.topic_id(), partition.id());
    let names = std::fs::read_dir(store.dir().join(dir)).unwrap();
    names.filter(|name| name.as_ref().unwrap().path().extension() == Some("log".as_ref())).count()
}

#[test]
fn what_is_altered_is_kept_with_what_was_before() -> Result<()> {
    let disk = MemDisk::new();
    let store = open(&disk)?;
    let mut config = TopicConfig { durability: Durability::Interval, ..TopicConfig::with_partitions(2) };
    config.properties.insert("owner".to_owned(), b"me".to_vec());
    let topic = store.create_topic("t", config.clone())?;
    assert_eq!(topic.config(), config);
    topic.alter(|config| config.retention = Some(Duration::from_secs(60)))?;
    topic.alter(|config| {
        config.durability = Durability::Fsync;
        config.segment_bytes = Some(1000);
    })?;
    topic.set_property("owner", b"you")?;
    config.properties.insert("owner".to_owned(), b"you".to_vec());
    let expected = TopicConfig {
        retention: Some(Duration::from_secs(60)),
        durability: Durability::Fsync,
        segment_bytes: Some(1000),
        ..config
    };
    assert_eq!(topic.config(), expected);
    // Through the journal's entries, and through its head.
    drop(topic);
    store.close()?;
    for _ in 0..2 {
        let store = open(&disk)?;
        assert_eq!(store.topic("t")?.config(), expected);
        store.close()?;
    }
    let store = open(&disk)?;
    store.topic("t")?.alter(|config| {
        let properties = std::mem::take(&mut config.properties);
        *config = TopicConfig { properties, ..TopicConfig::with_partitions(2) };
    })?;
    store.close()?;
    let properties = expected.properties.clone();
    let expected = TopicConfig { properties, ..TopicConfig::with_partitions(2) };
    assert_eq!(open(&disk)?.topic("t")?.config(), expected);
    Ok(())
}

#[test]
fn after_a_crash_at_any_moment_all_changes_of_an_alteration_are_there_or_none() -> Result<()> {
    let (mut with, mut without) = (0, 0);
    for moment in 0.. {
        let disk = FaultyDisk::new();
        let store = open(&disk)?;
        let topic = store.create_topic("t", TopicConfig::default())?;
        disk.power_off_at(disk.changes() + moment);
        let altered = topic.alter(|config| {
            config.compression = Compression::Lz4;
            config.segment_bytes = Some(77);
        });
        for seed in 0..3 {
            let config = open(&disk.crash(seed))?.topic("t")?.config();
            match (config.compression, config.segment_bytes) {
                (Compression::Lz4, Some(77)) => with += 1,
                (Compression::None, None) if altered.is_err() => without += 1,
                other => panic!("moment {moment} seed {seed}: {other:?}"),
            }
        }
        if altered.is_ok() {
            break;
        }
    }
    assert!(with > 3 && without > 0, "{with} {without}");
    Ok(())
}

#[test]
fn a_store_at_work_goes_by_what_was_altered() -> Result<()> {
    let dir = tempfile::tempdir().unwrap();
    let owner = Store::open(dir.path())?;
    let topic = owner.create_topic("t", TopicConfig::default())?;
    // What a client has asked for counts for all.
    let client = Store::open(dir.path())?;
    let theirs = client.topic("t")?;
    theirs.alter(|config| {
        config.max_message_bytes = Some(1000);
        config.segment_bytes = Some(2000);
    })?;
    assert_eq!((topic.config(), theirs.config().segment_bytes), (theirs.config(), Some(2000)));
    for topic in [&topic, &theirs] {
        let partition = topic.partition(0)?;
        let error = partition.append(value(1100)).unwrap_err();
        assert!(matches!(error, Error::RecordTooLarge { limit: 1000, .. }), "{error}");
        (0..4).try_for_each(|_| partition.append(value(900)).map(drop))?;
    }
    assert_eq!(segments(&owner, &topic.partition(0)?), 4, "two fit into one");
    topic.alter(|config| config.max_message_bytes = None)?;
    // The client learns of it with the next step at the latest.
    topic.partition(0)?.append(value(1100))?;
    assert!(theirs.partition(0)?.wait_beyond(Offset(8), Duration::from_secs(10)));
    theirs.partition(0)?.append(value(1100))?;
    Ok(())
}

#[test]
fn alterations_of_many_at_once_are_all_kept() -> Result<()> {
    // On a disk where an entry takes its time, so that they meet in the journal.
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_exclusive(dir.path())?;
    let topic = store.create_topic("t", TopicConfig::default())?;
    type Change = fn(&mut TopicConfig, u64);
    let changes: [Change; 3] = [
        |config, number| config.retention_bytes = Some(number),
        |config, number| config.retention = Some(Duration::from_millis(number)),
        |config, number| config.segment_age = Some(Duration::from_millis(number + 1)),
    ];
    std::thread::scope(|scope| {
        let alter = |change: Change| {
            let topic: &Topic = &topic;
            scope.spawn(move || (0..50).try_for_each(|number| topic.alter(|config| change(config, number))))
        };
        let threads: Vec<_> = changes.into_iter().map(alter).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap())
    })?;
    let config = topic.config();
    let found = (config.retention_bytes, config.retention, config.segment_age);
    let at = Duration::from_millis;
    assert_eq!(found, (Some(49), Some(at(49)), Some(at(50))));
    Ok(())
}

#[test]
fn what_is_no_setting_or_out_of_range_is_refused_and_nothing_changed() -> Result<()> {
    let store = open(&MemDisk::new())?;
    let topic = store.create_topic("t", TopicConfig::default())?;
    let refused = |change: fn(&mut TopicConfig), expected: &str| {
        let said = topic.alter(change).unwrap_err().to_string();
        assert!(said.starts_with("topic `t`: ") && said.contains(expected), "{said}");
    };
    refused(|config| config.partitions = 2, "settings alone");
    refused(|config| drop(config.properties.insert("a".to_owned(), Vec::new())), "settings alone");
    refused(|config| config.segment_bytes = Some(0), "segment.bytes: `0` is no number of bytes from 1");
    refused(|config| config.segment_age = Some(Duration::ZERO), "segment.ms: `0` is no age");
    assert_eq!(topic.config(), TopicConfig::default());
    let config = TopicConfig { max_message_bytes: Some(0), ..TopicConfig::default() };
    assert!(matches!(store.create_topic("u", config), Err(Error::InvalidTopic { .. })));

    // The log's own names.
    let said = topic.set_property("log.config", b"retention.ms=1").unwrap_err().to_string();
    assert!(said.contains("names that begin with `log.` are the log's own"), "{said}");
    let mut transaction = store.begin(&store.producer("p")?)?;
    transaction.append(&topic.partition(0)?, records(["value"]))?;
    transaction.set_property(&topic, "log.config", b"retention.ms=1");
    assert!(matches!(transaction.commit(), Err(Error::InvalidTopic { .. })));
    let mut config = TopicConfig::default();
    config.properties.insert("log.x".to_owned(), Vec::new());
    assert!(matches!(store.create_topic("u", config), Err(Error::InvalidTopic { .. })));
    assert_eq!(topic.config(), TopicConfig::default());

    store.delete_topic("t")?;
    assert!(matches!(
        topic.alter(|config| config.retention_bytes = Some(1)),
        Err(Error::UnknownTopic { .. })
    ));
    Ok(())
}
