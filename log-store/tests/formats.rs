//! The bytes on disk: golden files, and round trips of arbitrary records.
//!
//! `UPDATE_EXPECT=1` writes the golden files anew; a difference is a change of format.

mod support;

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use log_store::{Clock, Error, FaultyDisk, MemDisk, Offset, RecordsBuilder, Store, StoreConfig, TopicConfig};
use proptest::prelude::*;
use support::{records, tiny};

struct Noon;

impl Clock for Noon {
    fn now_ms(&self) -> i64 {
        1_767_268_800_000
    }
}

/// A store with one of everything that the formats know.
fn sample() -> FaultyDisk {
    let disk = FaultyDisk::new();
    let config = StoreConfig { clock: Arc::new(Noon), index_interval_bytes: 100, ..tiny() };
    let store = Store::open_on(Arc::new(disk.clone()), config).unwrap();
    let mut topic_config = TopicConfig { partitions: 2, internal: true, ..TopicConfig::default() };
    topic_config.properties.insert("format".to_owned(), b"raw".to_vec());
    let topic = store.create_topic("orders", topic_config).unwrap();
    let (first, second) = (topic.partition(0).unwrap(), topic.partition(1).unwrap());

    let mut plain = RecordsBuilder::new();
    plain.push_with_headers(1000, Some(b"key"), Some(b"value"), &[("name", Some(b"x")), ("none", None)]);
    plain.push(990, None, None);
    first.append(plain).unwrap();
    let producer = store.producer("writer").unwrap();
    for number in 0..4 {
        let mut transaction = store.begin(&producer).unwrap();
        transaction.append(&first, records([format!("number {number}")])).unwrap();
        transaction.append(&second, records(["other"])).unwrap();
        if number == 3 {
            transaction.set_property(&topic, "layout", b"2");
        }
        transaction.commit().unwrap();
    }
    topic.set_property("owner", b"me").unwrap();
    topic.alter(|config| config.retention = Some(Duration::from_secs(60))).unwrap();
    store.set_pins("reader", &[(topic.id(), first.id(), Offset(2))]).unwrap();
    first.delete_records_before(Offset(9)).unwrap();
    let gone = store.create_topic("gone", TopicConfig::default()).unwrap();
    store.delete_topic(gone.name()).unwrap();
    let crashed = disk.copy();
    store.close().unwrap();
    // The journal as it was before it was emptied, beside the files after closing.
    let journal = Path::new("journal/0");
    disk.set_content(journal, crashed.content(journal).unwrap());
    disk
}

#[test]
fn the_bytes_on_disk_are_those_of_the_golden_files() {
    let disk = sample();
    let partition = "topics/0000000000000000/0/00000000000000000000";
    check(&disk, "FORMAT", "format");
    check(&disk, &format!("{partition}.log"), "log");
    check(&disk, &format!("{partition}.index"), "index");
    // The entries of the life of the store, and the head after it.
    check(&disk, "journal/0", "journal-entries");
    check(&disk, "journal/1", "journal-head");
    check(&disk, "journal/synced", "journal-synced");
}

/// What writers leave in the journal: their openings, their batches, and where they are in its head.
#[test]
fn the_bytes_of_writers_are_those_of_the_golden_files() {
    let disk = FaultyDisk::new();
    let config = StoreConfig { clock: Arc::new(Noon), ..tiny() };
    let store = Store::open_on(Arc::new(disk.clone()), config).unwrap();
    let topic = store.create_topic("readings", TopicConfig::with_partitions(2)).unwrap();
    let writer = topic.writer("sensor-7").unwrap();
    writer.append(0..2, [(0, records(["a"])), (1, records(["b"]))]).unwrap();
    writer.append(2..100, []).unwrap();
    topic.append_together([(0, records(["c"])), (1, records(["d"]))]).unwrap();
    check(&disk, "journal/0", "journal-of-writers");
    check(&disk, "topics/0000000000000000/1/00000000000000000000.log", "log-of-writers");
    store.close().unwrap();
    check(&disk, "journal/1", "journal-head-of-writers");
}

/// What added partitions leave in the journal, and in its head.
#[test]
fn the_bytes_of_added_partitions_are_those_of_the_golden_files() {
    let disk = FaultyDisk::new();
    let config = StoreConfig { clock: Arc::new(Noon), ..tiny() };
    let store = Store::open_on(Arc::new(disk.clone()), config).unwrap();
    let topic = store.create_topic("readings", TopicConfig::default()).unwrap();
    topic.add_partitions(3).unwrap();
    topic.partition(2).unwrap().append(records(["a"])).unwrap();
    check(&disk, "journal/0", "journal-of-added-partitions");
    store.close().unwrap();
    check(&disk, "journal/1", "journal-head-of-added-partitions");
}

fn check(disk: &FaultyDisk, file: &str, golden: &str) {
    let mut content = disk.content(Path::new(file)).unwrap_or_else(|| panic!("there is no {file}"));
    let used = content.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    content.truncate(used.next_multiple_of(8).min(content.len()));
    let mut dump = String::new();
    for (line, bytes) in content.chunks(16).enumerate() {
        let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String =
            bytes.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
        writeln!(dump, "{:06x}  {:<47}  {text}", line * 16, hex.join(" ")).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{golden}.txt"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &dump).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(dump, expected, "{file} differs from its golden file {golden}.txt");
}

#[test]
fn a_directory_of_a_newer_format_or_of_something_else_is_refused() {
    let disk = FaultyDisk::new();
    support::open(&disk).unwrap().close().unwrap();
    disk.set_content(Path::new("FORMAT"), b"waterwheel-log 3\n".to_vec());
    let error = support::open(&disk).err().unwrap();
    assert!(matches!(error, Error::NewerFormat { found: 3, supported: 2, .. }), "{error}");
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("holiday.jpg"), "").unwrap();
    let message = Store::open(dir.path()).err().unwrap().to_string();
    assert!(message.contains("holiday.jpg"), "{message}");
}

type Header = (String, Option<Vec<u8>>);
type Record = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<Header>);

fn record() -> impl Strategy<Value = Record> {
    let blob = || proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200));
    let headers = proptest::collection::vec((".{0,12}", blob()), 0..3);
    (any::<i64>(), blob(), blob(), headers)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn what_is_pushed_is_read(
        batches in proptest::collection::vec(proptest::collection::vec(record(), 0..20), 1..8),
        max_bytes in 1_usize..5000,
        transactional: bool,
    ) {
        let store = support::open(&MemDisk::new()).unwrap();
        let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
        let producer = store.producer("p").unwrap();
        for batch in &batches {
            let mut builder = RecordsBuilder::new();
            for (timestamp, key, value, headers) in batch {
                let headers: Vec<_> =
                    headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
                builder.push_with_headers(*timestamp, key.as_deref(), value.as_deref(), &headers);
            }
            prop_assert_eq!(builder.len(), batch.len());
            if transactional {
                let mut transaction = store.begin(&producer).unwrap();
                transaction.append(&partition, builder).unwrap();
                transaction.commit().unwrap();
            } else {
                partition.append(builder).unwrap();
            }
        }
        let mut found: Vec<Record> = Vec::new();
        let mut at = Offset(0);
        while at < partition.last_stable_offset() {
            let fetched = partition.read(at, max_bytes).unwrap();
            for record in &fetched {
                let headers = record.headers();
                let headers = headers.map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec)));
                let (key, value) = (record.key.map(<[u8]>::to_vec), record.value.map(<[u8]>::to_vec));
                found.push((record.timestamp, key, value, headers.collect()));
            }
            at = fetched.next_offset();
        }
        prop_assert_eq!(found, batches.concat());
    }
}
