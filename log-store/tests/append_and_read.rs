//! Appending to partitions and reading them again, across restarts.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use log_store::{
    Disk, Error, MAX_RECORD_BYTES, MemDisk, Offset, Partition, PartitionId, RealDisk, RecordsBuilder, Result,
    Store, StoreConfig, Topic, TopicConfig,
};

fn small() -> StoreConfig {
    StoreConfig {
        segment_bytes: 4096,
        index_interval_bytes: 256,
        journal_bytes: 16 << 10,
        inline_bytes: 2048,
        ..StoreConfig::default()
    }
}

fn open(disk: &MemDisk) -> Store {
    Store::open_on(Arc::new(disk.clone()), small()).unwrap()
}

fn records(values: impl IntoIterator<Item = String>) -> RecordsBuilder {
    let mut builder = RecordsBuilder::new();
    for value in values {
        builder.push(1, Some(b"k"), Some(value.as_bytes()));
    }
    builder
}

/// All values from `from`, read in small steps.
fn values(partition: &Partition, from: Offset) -> Result<Vec<String>> {
    let (mut at, mut found) = (from, Vec::new());
    while at < partition.last_stable_offset() {
        let fetched = partition.read(at, 500)?;
        for record in &fetched {
            found.push(String::from_utf8(record.value.unwrap().to_vec()).unwrap());
        }
        assert!(fetched.next_offset() > at);
        at = fetched.next_offset();
    }
    Ok(found)
}

fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| format!("value {number}")).collect()
}

#[test]
fn what_is_appended_is_read_across_rolls_rotations_and_restarts() {
    let disk = MemDisk::new();
    let mut expected = Vec::new();
    for round in 0..5 {
        let store = open(&disk);
        let topic = store.topic("t").or_else(|_| store.create_topic("t", TopicConfig::default())).unwrap();
        let partition = topic.partition(0).unwrap();
        assert_eq!(values(&partition, Offset(0)).unwrap(), expected);
        for size in [1, 3, 40, 200] {
            let new = numbers(0..size);
            let base = partition.append(records(new.clone())).unwrap();
            assert_eq!(base.0, expected.len() as u64);
            expected.extend(new);
        }
        assert_eq!(values(&partition, Offset(0)).unwrap(), expected);
        assert_eq!(values(&partition, Offset(17)).unwrap(), expected[17..]);
        if round % 2 == 0 {
            store.close().unwrap();
        } else {
            // Like the end of a process that never closed the store.
            std::mem::forget(store);
            disk.unlock();
        }
    }
}

#[test]
fn a_transaction_is_visible_in_all_partitions_or_none() {
    let disk = MemDisk::new();
    let store = open(&disk);
    let topic = store.create_topic("t", TopicConfig::with_partitions(3)).unwrap();
    let partitions: Vec<_> = (0..3).map(|number| topic.partition(number).unwrap()).collect();
    let producer = store.producer("p").unwrap();
    let mut expected: Vec<Vec<String>> = vec![Vec::new(); 3];
    for (round, size) in [3, 300, 5, 400].into_iter().enumerate() {
        let mut transaction = store.begin(&producer).unwrap();
        for (partition, expected) in partitions.iter().zip(&mut expected) {
            let before = partition.last_stable_offset();
            transaction.append(partition, records(numbers(0..size))).unwrap();
            assert_eq!(partition.last_stable_offset(), before);
            if round != 1 {
                expected.extend(numbers(0..size));
            }
        }
        if round == 1 {
            transaction.abort().unwrap();
        } else {
            assert_eq!(transaction.commit().unwrap().len(), 3);
        }
        for (partition, expected) in partitions.iter().zip(&expected) {
            assert_eq!(&values(partition, Offset(0)).unwrap(), expected);
            assert_eq!(partition.last_stable_offset(), partition.log_end_offset());
        }
    }
    drop((store, topic));
}

#[test]
fn who_would_have_the_directory_alone_is_refused_and_told_who_holds_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_exclusive(dir.path()).unwrap();
    let message = Store::open_exclusive(dir.path()).err().unwrap().to_string();
    assert!(message.contains(&std::process::id().to_string()), "{message}");
    assert!(message.contains(dir.path().to_str().unwrap()), "{message}");
    store.close().unwrap();
    Store::open_exclusive(dir.path()).unwrap();
}

#[test]
fn offsets_out_of_range_and_unknown_names_are_errors() {
    let store = open(&MemDisk::new());
    let topic = store.create_topic("payments", TopicConfig::default()).unwrap();
    let partition = topic.partition(0).unwrap();
    partition.append(records(numbers(0..3))).unwrap();
    assert!(matches!(partition.read(Offset(4), 1), Err(Error::OffsetOutOfRange { end: Offset(3), .. })));
    assert!(partition.read(Offset(3), 1).unwrap().is_empty());
    assert!(matches!(topic.partition(1), Err(Error::UnknownPartition { .. })));
    let message = store.topic("paymets").err().unwrap().to_string();
    assert!(message.contains("did you mean `payments`?"), "{message}");
}

#[test]
fn a_tailing_reader_is_woken() {
    let store = open(&MemDisk::new());
    let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
    assert!(!partition.wait_beyond(Offset(0), Duration::ZERO));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| partition.wait_beyond(Offset(0), Duration::MAX));
        partition.append(records(numbers(0..1))).unwrap();
        assert!(reader.join().unwrap());
    });
}

#[test]
fn a_producer_opened_again_fences_the_one_before() {
    let store = open(&MemDisk::new());
    let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
    let old = store.producer("p").unwrap();
    let mut transaction = store.begin(&old).unwrap();
    transaction.append(&partition, records(numbers(0..3))).unwrap();
    assert!(matches!(store.begin(&old), Err(Error::TransactionOpen { .. })));
    let new = store.producer("p").unwrap();
    assert_eq!((new.id(), new.epoch().0), (old.id(), old.epoch().0 + 1));
    assert!(matches!(transaction.commit(), Err(Error::Fenced { .. })));
    assert!(matches!(store.begin(&old), Err(Error::Fenced { .. })));
    let mut transaction = store.begin(&new).unwrap();
    transaction.append(&partition, records(numbers(3..4))).unwrap();
    transaction.commit().unwrap();
    assert_eq!(values(&partition, Offset(0)).unwrap(), numbers(3..4));
}

#[test]
fn aborting_frees_the_readers_of_other_topics_when_one_was_deleted() {
    let store = open(&MemDisk::new());
    let kept = store.create_topic("kept", TopicConfig::default()).unwrap().partition(0).unwrap();
    let gone = store.create_topic("gone", TopicConfig::default()).unwrap().partition(0).unwrap();
    let producer = store.producer("p").unwrap();
    let mut transaction = store.begin(&producer).unwrap();
    for partition in [&gone, &kept] {
        transaction.append(partition, records(numbers(0..300))).unwrap();
    }
    store.delete_topic("gone").unwrap();
    assert_eq!(kept.last_stable_offset(), Offset(0));
    let message = transaction.commit().unwrap_err().to_string();
    assert_eq!(message, "there is no topic `gone`; it was deleted while in use");
    assert_eq!(kept.last_stable_offset(), kept.log_end_offset());
    assert!(values(&kept, Offset(0)).unwrap().is_empty());
    assert!(store.find_topic("gone").is_none());
}

#[test]
fn a_handle_of_a_deleted_topic_says_so_and_nobody_waits_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let disks: [Arc<dyn Disk>; 2] = [Arc::new(MemDisk::new()), Arc::new(RealDisk::new(dir.path()))];
    for disk in disks {
        let store = Store::open_on(disk, small()).unwrap();
        let topic = store.create_topic("gone", TopicConfig::default()).unwrap();
        let partition = topic.partition(0).unwrap();
        partition.append(records(numbers(0..3))).unwrap();
        // Whether the waiter is first or the deletion: it waits for ever, unless it is told.
        let both = Barrier::new(2);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                both.wait();
                partition.wait_beyond(Offset(3), Duration::MAX)
            });
            both.wait();
            store.delete_topic("gone").unwrap();
            assert!(!waiting.join().unwrap());
        });
        assert!(!partition.wait_beyond(Offset(3), Duration::MAX));
        // The name is free again, which gives the old handle nothing.
        store.create_topic("gone", TopicConfig::default()).unwrap();
        let failures = [
            partition.read(Offset(0), 100).map(drop),
            partition.read(Offset(99), 100).map(drop),
            partition.append(records(numbers(0..1))).map(drop),
            partition.append(records(numbers(0..300))).map(drop),
            partition.delete_records_before(Offset(2)).map(drop),
            topic.set_property("name", b"value"),
        ];
        for failure in failures {
            let message = failure.unwrap_err().to_string();
            assert_eq!(message, "there is no topic `gone`; it was deleted while in use");
        }
    }
}

#[test]
fn a_record_that_is_too_large_is_refused_with_its_place() {
    let store = open(&MemDisk::new());
    let topic = store.create_topic("photos", TopicConfig::with_partitions(2)).unwrap();
    let partition = topic.partition(1).unwrap();
    let mut records = RecordsBuilder::new();
    records.push(0, None, Some(&vec![0; MAX_RECORD_BYTES]));
    let message = partition.append(records).unwrap_err().to_string();
    assert!(message.starts_with("topic `photos` partition 1: a record of 67108"), "{message}");
    let remedy =
        "is larger than the limit of 67108864 bytes; split it, or keep its large part outside of the log";
    assert!(message.ends_with(remedy), "{message}");
    assert_eq!(partition.log_end_offset(), Offset(0));
}

#[test]
fn pins_hold_the_log_start_and_survive_a_restart() {
    let disk = MemDisk::new();
    let store = open(&disk);
    let topic = store.create_topic("t", TopicConfig::default()).unwrap();
    let partition = topic.partition(0).unwrap();
    for _ in 0..50 {
        partition.append(records(numbers(0..10))).unwrap();
    }
    store.set_pins("a", &[(topic.id(), partition.id(), Offset(200))]).unwrap();
    store.set_pins("b", &[(topic.id(), partition.id(), Offset(300))]).unwrap();
    store.close().unwrap();

    let store = open(&disk);
    let topic = store.topic("t").unwrap();
    let partition = topic.partition(0).unwrap();
    assert_eq!(partition.delete_records_before(Offset(450)).unwrap(), Offset(200));
    store.set_pins("a", &[]).unwrap();
    assert_eq!(partition.delete_records_before(Offset(450)).unwrap(), Offset(300));
    assert!(matches!(
        partition.read(Offset(299), 1),
        Err(Error::OffsetOutOfRange { start: Offset(300), .. })
    ));
    assert_eq!(values(&partition, Offset(300)).unwrap().len(), 200);
    let too_low = store.set_pins("c", &[(topic.id(), partition.id(), Offset(10))]);
    assert!(matches!(too_low, Err(Error::OffsetOutOfRange { .. })));
}

#[test]
fn the_owners_of_pins_are_told_by_topic_until_it_is_deleted() {
    let disk = MemDisk::new();
    let store = open(&disk);
    let [one, two] =
        ["one", "two"].map(|name| store.create_topic(name, TopicConfig::with_partitions(2)).unwrap());
    let pin = |topic: &Topic, partition| (topic.id(), PartitionId(partition), Offset(0));
    store.set_pins("reader", &[pin(&one, 1), pin(&two, 0), pin(&two, 1)]).unwrap();
    store.set_pins("auditor", &[pin(&two, 1)]).unwrap();
    store.set_pins("left", &[pin(&two, 0)]).unwrap();
    store.set_pins("left", &[]).unwrap();
    assert_eq!(store.pins_on(one.id()), ["reader"]);
    assert_eq!(store.pins_on(two.id()), ["auditor", "reader"]);
    store.delete_topic("two").unwrap();
    assert!(store.pins_on(two.id()).is_empty());
    let ids = (one.id(), two.id());

    // What the journal tells after the end of the process is the same.
    std::mem::forget(store);
    disk.unlock();
    let store = open(&disk);
    assert_eq!(store.pins_on(ids.0), ["reader"]);
    assert!(store.pins_on(ids.1).is_empty());
}

#[test]
fn a_store_on_the_real_disk_lives_in_a_private_directory_and_is_there_again() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("some/where");
    let mut expected = Vec::new();
    for round in 0..3 {
        let store = Store::open_on(Arc::new(RealDisk::new(&data)), small()).unwrap();
        let mode = std::fs::metadata(&data).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let topic = store.topic("t").or_else(|_| store.create_topic("t", TopicConfig::default())).unwrap();
        let partition = topic.partition(0).unwrap();
        for size in [2, 500, 30] {
            partition.append(records(numbers(0..size))).unwrap();
            expected.extend(numbers(0..size));
        }
        assert_eq!(values(&partition, Offset(0)).unwrap(), expected, "round {round}");
        partition.delete_records_before(Offset(0)).unwrap();
    }
}
