//! What a pipeline keeps for itself, and what nobody needs any more, does not grow: counted in bytes of the disk.

use std::path::Path;
use std::sync::Arc;

use waterwheel::Pipeline;
use waterwheel::log::{Create, Disk, MemDisk, StoreConfig};
use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
struct Reading {
    sensor: String,
    value: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct SensorMinute {
    sensor: String,
    from: Timestamp,
    sum: i64,
}

topics! {
    Readings("readings"): Reading { key: sensor, time: at, partitions: 2 }
    SensorMinutes("sensor-minutes"): SensorMinute { key: sensor }
}

#[pipeline]
fn sensor_minutes() {
    let readings = source(Readings).lateness(5s).late_drop();
    let minutes = readings.group_by(|r| r.sensor).window(tumbling(1m)).select(|w, r| SensorMinute {
        sensor: w.key(),
        from: w.start(),
        sum: sum(r.value),
    });
    minutes.sink(SensorMinutes);
}

const SEGMENT_BYTES: u64 = 4_000;

/// Of one of twenty sensors, which have long names.
fn reading(number: u64) -> Reading {
    Reading {
        sensor: format!("{:0>300}", number % 20),
        value: 1,
        at: Timestamp::from_millis(number as i64 * 1_000),
    }
}

/// How many bytes the files of a topic have.
fn bytes_of(disk: &MemDisk, store: &Store, topic: &str) -> u64 {
    let topic = store.topic(topic).unwrap();
    let in_partition = |number: u32| {
        let dir = Path::new("topics").join(topic.id().to_string()).join(number.to_string());
        let names = disk.list(&dir).unwrap();
        names.iter().map(|name| disk.open(&dir.join(name), Create::No).unwrap().len().unwrap()).sum::<u64>()
    };
    (0..topic.partitions()).map(in_partition).sum()
}

/// Segments that are given up as soon as a few records are needed no more.
fn with_small_segments(store: &Store, topic: &str) {
    let topic = store.topic(topic).unwrap();
    topic.alter(|config| config.set("segment.bytes", &SEGMENT_BYTES.to_string()).unwrap()).unwrap();
}

#[test]
fn what_a_pipeline_keeps_for_itself_does_not_grow_with_its_epochs() {
    const OWN: [&str; 2] = ["__sensor_minutes.epochs", "__sensor_minutes.state"];
    let disk = MemDisk::new();
    let store = support::open(&disk);
    let readings = TypedTopic::open(&store, Readings).unwrap();
    readings.append(&[reading(0)]).unwrap();
    let start = || {
        let options =
            RunOptions::new().workers(2).epoch_rows(1).checkpoint_interval(std::time::Duration::ZERO);
        Pipeline::from(sensor_minutes()).start(&store, options).unwrap()
    };
    start().stop().unwrap();
    OWN.iter().for_each(|topic| with_small_segments(&store, topic));
    let mut job = start();
    let (mut bytes, mut number) = (Vec::new(), 1);
    for turn in 0..40 {
        let rows: Vec<Reading> = (number..number + 50).map(reading).collect();
        number += 50;
        readings.append(&rows).unwrap();
        job.wait_until_caught_up().unwrap();
        if turn % 10 == 9 {
            job.stop().unwrap();
            job = start();
        }
        bytes.push(OWN.map(|topic| bytes_of(&disk, &store, topic)));
    }
    job.stop().unwrap();
    // The state has a full checkpoint, and changes of up to four times 64 KiB where it is small, of the last two checkpoints; the epochs
    // are those since. Each has a few segments besides, with their indexes.
    for (at, bytes_max) in [5 * SEGMENT_BYTES, (4 << 16) + 10 * SEGMENT_BYTES].into_iter().enumerate() {
        let of_topic: Vec<u64> = bytes.iter().map(|bytes| bytes[at]).collect();
        let most = *of_topic.iter().max().unwrap();
        assert!(most <= bytes_max, "{}: {most} bytes of {bytes_max}", OWN[at]);
        let ever = store.topic(OWN[at]).unwrap().partition(0).unwrap().last_stable_offset().0;
        assert!(ever > 2_000, "{}: {ever} records were ever written", OWN[at]);
        let given_up = of_topic.windows(2).filter(|pair| pair[1] < pair[0]).count();
        assert!(given_up > 0, "{}: nothing was given up: {of_topic:?}", OWN[at]);
    }
}

#[test]
fn a_load_that_is_given_up_gives_its_space_back() {
    let disk = MemDisk::new();
    // What is loaded is written before it is committed.
    let config = StoreConfig { inline_bytes: 2_000, ..StoreConfig::default() };
    let store = Store::open_on(Arc::new(disk.clone()), config).unwrap();
    let readings = TypedTopic::open(&store, Readings).unwrap();
    with_small_segments(&store, "readings");
    let topic = store.topic("readings").unwrap();
    topic.alter(|config| config.set("retention.bytes", "8000").unwrap()).unwrap();
    for turn in 0..6 {
        let rows_before = readings.rows().count();
        let mut loading = readings.load().unwrap();
        (0..15_000).for_each(|number| loading.push(&reading(number)).unwrap());
        let loaded = bytes_of(&disk, &store, "readings");
        assert!(loaded > 3 << 20, "{loaded} bytes while it loads");
        if turn % 3 == 1 {
            loading.commit().unwrap();
        } else {
            drop(loading);
            assert_eq!(readings.rows().count(), rows_before);
        }
        store.retain().unwrap();
        // Of each partition the segment that is written to, and one before: as large as what a load writes at once.
        let left = bytes_of(&disk, &store, "readings");
        assert!(left <= 2 * (5 << 18), "{left} bytes are left of {loaded}");
    }
}
