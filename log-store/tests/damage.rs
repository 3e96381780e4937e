//! Every flipped bit and every truncation of every file is noticed or does no harm: no wrong byte is served.
//!
//! `LOG_STORE_FLIP_STEP=1` tries every bit where the store must be opened for it, instead of every thirteenth.

mod support;

use std::path::{Path, PathBuf};

use log_store::{Error, FaultyDisk, Offset, Partition, Result, TopicConfig};
use support::{open, read_from, records, rounds, values};

fn step() -> usize {
    rounds("LOG_STORE_FLIP_STEP", 13) as usize
}

type Values = Vec<(Offset, String)>;

/// A store with small and large batches, a transaction that was committed and one that was aborted.
fn filled() -> (FaultyDisk, Values) {
    let disk = FaultyDisk::new();
    let store = open(&disk).unwrap();
    let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
    let producer = store.producer("p").unwrap();
    for round in 0..3 {
        partition.append(records([format!("a {round}"), format!("b {round}")])).unwrap();
        let mut transaction = store.begin(&producer).unwrap();
        let many = (0..60).map(|number| format!("{round} {number}"));
        transaction.append(&partition, records(many)).unwrap();
        if round == 1 {
            transaction.abort().unwrap();
        } else {
            transaction.commit().unwrap();
        }
        for number in 0..4 {
            partition.append(records([format!("c {round} {number}")])).unwrap();
        }
    }
    let expected = read_from(&partition, Offset(0)).unwrap();
    // As it is now: when the store is dropped, it is closed.
    (disk.copy(), expected)
}

fn all(disk: &FaultyDisk) -> Result<Values> {
    let store = open(disk)?;
    read_from(&store.topic("t")?.partition(0)?, Offset(0))
}

fn ending(disk: &FaultyDisk, end: &str) -> Vec<PathBuf> {
    let mut files = disk.files();
    files.retain(|path| path.to_str().unwrap().ends_with(end));
    files
}

fn closed(disk: &FaultyDisk) -> FaultyDisk {
    let disk = disk.copy();
    open(&disk).unwrap().close().unwrap();
    disk
}

fn is_corrupt(error: &Error) -> bool {
    matches!(error, Error::Corrupt { .. })
}

#[test]
fn every_flipped_bit_of_a_segment_is_noticed() {
    let (disk, expected) = filled();
    let disk = closed(&disk);
    let store = open(&disk).unwrap();
    let partition = store.topic("t").unwrap().partition(0).unwrap();
    let mut flips = 0;
    for path in ending(&disk, ".log") {
        for bit in 0..disk.content(&path).unwrap().len() as u64 * 8 {
            disk.flip_bit(&path, bit);
            let error = read_from(&partition, Offset(0)).expect_err("a flipped bit is noticed");
            assert!(is_corrupt(&error), "{error}");
            // What is served from elsewhere is right.
            serves_only(&partition, &expected);
            disk.flip_bit(&path, bit);
            flips += 1;
        }
    }
    assert!(flips > 20_000, "{flips}");
    assert_eq!(read_from(&partition, Offset(0)).unwrap(), expected);
}

/// Reads that succeed, from a few places, bring what was written.
fn serves_only(partition: &Partition, expected: &Values) {
    for place in [0, expected.len() / 2, expected.len() - 1] {
        let from = expected[place].0;
        if let Ok(fetched) = partition.read(from, 300) {
            let found: Vec<_> = fetched
                .records()
                .map(|record| (record.offset, String::from_utf8(record.value.unwrap().to_vec()).unwrap()))
                .collect();
            assert_eq!(found, expected[place..place + found.len()]);
        }
    }
}

#[test]
fn every_truncation_of_a_segment_is_noticed() {
    let (disk, expected) = filled();
    let disk = closed(&disk);
    for path in ending(&disk, ".log") {
        let whole = disk.content(&path).unwrap();
        for length in (0..whole.len()).step_by(step()) {
            let cut = disk.copy();
            cut.set_content(&path, whole[..length].to_vec());
            let error = all(&cut).expect_err("a lost byte is noticed");
            assert!(is_corrupt(&error), "{error}");
        }
    }
    assert_eq!(all(&disk).unwrap(), expected);
}

#[test]
fn a_damaged_partition_stops_alone() {
    let disk = FaultyDisk::new();
    let store = open(&disk).unwrap();
    let topic = store.create_topic("t", TopicConfig::with_partitions(2)).unwrap();
    for number in 0..2 {
        topic.partition(number).unwrap().append(records(["value"])).unwrap();
    }
    store.close().unwrap();
    disk.flip_bit(Path::new("topics/0000000000000000/0/00000000000000000000.log"), 500);
    let store = open(&disk).unwrap();
    let topic = store.topic("t").unwrap();
    let (damaged, healthy) = (topic.partition(0).unwrap(), topic.partition(1).unwrap());
    assert!(matches!(values(&damaged), Err(Error::Corrupt { offset: Offset(0), position: 0, .. })));
    assert!(matches!(damaged.append(records(["more"])), Err(Error::Corrupt { .. })));
    healthy.append(records(["more"])).unwrap();
    assert_eq!(values(&healthy).unwrap(), ["value", "more"]);
}

#[test]
fn an_index_is_a_cache() {
    let (disk, expected) = filled();
    let disk = closed(&disk);
    let indexes = ending(&disk, ".index");
    assert!(!indexes.is_empty());
    for path in indexes {
        let whole = disk.content(&path).unwrap();
        assert!(!whole.is_empty());
        for bit in (0..whole.len() as u64 * 8).step_by(step()) {
            let flipped = disk.copy();
            flipped.flip_bit(&path, bit);
            reads_from_everywhere(&flipped, &expected);
        }
        for length in 0..whole.len() {
            let cut = disk.copy();
            cut.set_content(&path, whole[..length].to_vec());
            reads_from_everywhere(&cut, &expected);
        }
    }
}

fn reads_from_everywhere(disk: &FaultyDisk, expected: &Values) {
    let store = open(disk).unwrap();
    let partition = store.topic("t").unwrap().partition(0).unwrap();
    for (place, (offset, value)) in expected.iter().enumerate().step_by(7) {
        let fetched = partition.read(*offset, 1).unwrap();
        let record = fetched.records().next().unwrap();
        assert_eq!((record.offset, record.value), (*offset, Some(value.as_bytes())), "place {place}");
    }
}

#[test]
fn every_flipped_bit_of_the_journal_is_noticed_or_harmless() {
    let (disk, expected) = filled();
    let crashed = disk.copy();
    let (mut noticed, mut harmless, mut like_torn) = (0, 0, 0);
    for path in ending(&crashed, "journal/0").into_iter().chain(ending(&crashed, "journal/1")) {
        for bit in (0..used(&crashed, &path) * 8).step_by(step()) {
            let flipped = crashed.copy();
            flipped.flip_bit(&path, bit);
            match all(&flipped) {
                Err(Error::CorruptJournal { .. }) => noticed += 1,
                Err(error) => panic!("{}: bit {bit}: {error}", path.display()),
                Ok(found) if found == expected => harmless += 1,
                Ok(found) => {
                    // The last entry, which nothing was written after, looks as if it had been torn.
                    assert_eq!(found, expected[..expected.len() - 1], "{}: bit {bit}", path.display());
                    like_torn += 1;
                }
            }
        }
    }
    println!("noticed {noticed}, harmless {harmless}, like a torn write {like_torn}");
    assert!(noticed > 300 && harmless > 0);
    // After closing there is no such last entry.
    let closed = closed(&disk);
    for path in ending(&closed, "journal/0").into_iter().chain(ending(&closed, "journal/1")) {
        for bit in (0..used(&closed, &path) * 8).step_by(step()) {
            let flipped = closed.copy();
            flipped.flip_bit(&path, bit);
            match all(&flipped) {
                Ok(found) => assert_eq!(found, expected),
                Err(error) => assert!(matches!(error, Error::CorruptJournal { .. }), "{error}"),
            }
        }
    }
}

/// How many bytes of a file are before its trailing zeros.
fn used(disk: &FaultyDisk, path: &Path) -> u64 {
    let content = disk.content(path).unwrap();
    content.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1)
}

#[test]
fn a_shortened_or_missing_journal_is_noticed_or_harmless() {
    let (disk, expected) = filled();
    let crashed = disk.copy();
    for path in ending(&crashed, "journal/0").into_iter().chain(ending(&crashed, "journal/1")) {
        let whole = crashed.content(&path).unwrap();
        for length in (0..whole.len()).step_by(3) {
            let cut = crashed.copy();
            cut.set_content(&path, whole[..length].to_vec());
            match all(&cut) {
                Ok(found) => assert_eq!(found, expected, "{} cut to {length}", path.display()),
                Err(error) => assert!(matches!(error, Error::CorruptJournal { .. }), "{error}"),
            }
        }
    }
}
