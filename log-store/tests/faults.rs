//! A disk that returns an error at any one moment: nothing acknowledged is lost, nothing half done.
//!
//! `LOG_STORE_FAULT_STEP=1` tries every moment instead of every fifth.

mod support;

use std::collections::BTreeMap;

use log_store::{ConsumerConfig, Error, Fault, FaultyDisk, Offset, Store, TopicConfig};
use support::{open, records, rounds, values};

const PARTITIONS: u32 = 3;

/// What became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Acknowledged,
    /// It failed, and must have left nothing.
    Refused,
    /// The journal failed in the middle of it.
    Unknown,
}

/// Operations by number: which partitions they write to, how many records each, and how they ended.
type Done = BTreeMap<usize, (Vec<u32>, usize, Outcome)>;

#[test]
fn an_error_at_any_change_loses_nothing_acknowledged_and_leaves_nothing_half_done() {
    let healthy = FaultyDisk::new();
    work(&healthy);
    let changes = healthy.changes();
    assert!(changes > 150, "the workload is long enough to meet every kind of change: {changes}");
    let mut refused = 0;
    for fault in [Fault::Io, Fault::NoSpace] {
        for change in (0..changes).step_by(step()) {
            let disk = FaultyDisk::new();
            disk.fail_at(change, fault);
            let done = work(&disk);
            refused += done.values().filter(|(_, _, outcome)| *outcome != Outcome::Acknowledged).count();
            check(&disk.copy(), &done, &format!("{fault:?} at change {change}, process ended"));
            check(&disk.crash(change), &done, &format!("{fault:?} at change {change}, power lost"));
        }
    }
    assert!(refused > 40, "only {refused} operations met a fault");
}

#[test]
fn an_error_at_any_read_is_an_error_and_the_next_opening_serves_everything() {
    let disk = FaultyDisk::new();
    let done = work(&disk);
    let healthy = disk.copy();
    check(&healthy, &done, "healthy");
    let reads = healthy.reads();
    let mut failed = 0;
    for read in (0..reads).step_by(step()) {
        let faulty = disk.copy();
        faulty.fail_read_at(read);
        let result = open(&faulty).and_then(|store| {
            let topic = store.topic("t")?;
            (0..PARTITIONS).map(|number| values(&topic.partition(number)?)).collect::<Result<Vec<_>, _>>()
        });
        failed += u32::from(matches!(result, Err(Error::Io { .. } | Error::PartitionReadOnly { .. })));
        if let Err(error) = &result {
            assert!(!matches!(error, Error::Corrupt { .. } | Error::CorruptJournal { .. }), "{error}");
        }
        check(&faulty.copy(), &done, &format!("after an error at read {read}"));
    }
    assert!(failed > 0, "only {failed} of {reads} reads led to an error");
}

#[test]
fn a_failed_sync_of_the_journal_makes_the_store_read_only() {
    let disk = FaultyDisk::new();
    let store = open(&disk).unwrap();
    let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
    partition.append(records(["first"])).unwrap();
    // The second append writes to the segment and to the journal, then syncs.
    disk.fail_at(disk.changes() + 2, Fault::Io);
    assert!(matches!(partition.append(records(["second"])), Err(Error::StoreReadOnly { .. })));
    assert!(matches!(partition.append(records(["third"])), Err(Error::StoreReadOnly { .. })));
    assert_eq!(values(&partition).unwrap(), ["first"]);
    drop((store, partition));
    let store = open(&disk.crash(0)).unwrap();
    let partition = store.topic("t").unwrap().partition(0).unwrap();
    assert_eq!(values(&partition).unwrap()[0], "first");
    partition.append(records(["fourth"])).unwrap();
}

#[test]
fn a_full_disk_refuses_appends_until_there_is_room() {
    let disk = FaultyDisk::new();
    let store = open(&disk).unwrap();
    let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
    partition.append(records(["first"])).unwrap();
    disk.fail_at(disk.changes(), Fault::NoSpace);
    let error = partition.append(records(["second"])).unwrap_err();
    assert!(matches!(&error, Error::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull));
    partition.append(records(["third"])).unwrap();
    assert_eq!(values(&partition).unwrap(), ["first", "third"]);
}

fn step() -> usize {
    rounds("LOG_STORE_FAULT_STEP", 5) as usize
}

/// A fixed series of appends and transactions, small and large, with rolls, rotations and a reopening.
fn work(disk: &FaultyDisk) -> Done {
    let mut done = Done::new();
    for session in 0..2 {
        let Ok(store) = open(disk) else { continue };
        let config = TopicConfig::with_partitions(PARTITIONS);
        if store.topic("t").or_else(|_| store.create_topic("t", config)).is_err() {
            continue;
        }
        for number in session * 20..(session + 1) * 20 {
            let count = if number % 5 == 4 { 120 } else { 1 + number % 3 };
            let partitions: Vec<_> = match number % 3 {
                0 => vec![number as u32 % PARTITIONS],
                _ => (0..PARTITIONS).collect(),
            };
            let outcome = match operate(&store, number, &partitions, count) {
                Ok(()) => Outcome::Acknowledged,
                Err(Error::StoreReadOnly { .. }) => Outcome::Unknown,
                Err(_) => Outcome::Refused,
            };
            done.insert(number, (partitions, count, outcome));
        }
    }
    done
}

fn operate(store: &Store, number: usize, partitions: &[u32], count: usize) -> Result<(), Error> {
    let topic = store.topic("t")?;
    let new = || records((0..count).map(|index| format!("{number} {index}")));
    if let [partition] = partitions {
        return topic.partition(*partition)?.append(new()).map(drop);
    }
    let producer = store.producer("p")?;
    let mut transaction = store.begin(&producer)?;
    for partition in partitions {
        transaction.append(&topic.partition(*partition)?, new())?;
    }
    transaction.commit().map(drop)
}

fn check(disk: &FaultyDisk, done: &Done, situation: &str) {
    let store = match open(disk) {
        Ok(store) => store,
        Err(error) => panic!("{situation}: {error}"),
    };
    assert!(store.recovery().damaged.is_empty(), "{situation}: {:?}", store.recovery());
    let Ok(topic) = store.topic("t") else {
        assert!(done.values().all(|(_, _, outcome)| *outcome != Outcome::Acknowledged), "{situation}");
        return;
    };
    let found: Vec<_> =
        (0..PARTITIONS).map(|number| values(&topic.partition(number).unwrap()).unwrap()).collect();
    let mut expected = vec![Vec::new(); PARTITIONS as usize];
    for (number, (partitions, count, outcome)) in done {
        let last = format!("{number} {}", count - 1);
        let present = match outcome {
            Outcome::Acknowledged => true,
            Outcome::Refused => false,
            Outcome::Unknown => found[partitions[0] as usize].contains(&last),
        };
        if present {
            for partition in partitions {
                let values = (0..*count).map(|index| format!("{number} {index}"));
                expected[*partition as usize].extend(values);
            }
        }
    }
    assert_eq!(found, expected, "{situation}");
    // It takes records again.
    topic
        .partition(0)
        .unwrap()
        .append(records(["after"]))
        .unwrap_or_else(|error| panic!("{situation}: {error}"));
}

/// What an error about a full disk advises is what helps.
#[test]
fn after_a_full_disk_the_advice_of_the_error_is_true() {
    let (mut tried_again, mut opened_again) = (0, 0);
    for large in [false, true] {
        for fault in 0..12 {
            let disk = FaultyDisk::new();
            let mut store = open(&disk).unwrap();
            let mut partition =
                store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
            let new = || records((0..if large { 200 } else { 3 }).map(|number| format!("new {number}")));
            partition.append(records(["first"])).unwrap();
            // Full from there on, until space is freed.
            let full = disk.changes() + fault;
            (full..full + 100).for_each(|change| disk.fail_at(change, Fault::NoSpace));
            let mut expected = 1;
            let error = loop {
                match partition.append(new()) {
                    Ok(_) => expected += new().len(),
                    Err(error) => break error,
                }
            };
            assert_eq!(values(&partition).unwrap().len(), expected, "what was acknowledged can be read");
            // Space is freed after some more attempts, unless nothing is attempted any more.
            let mut attempts = (0..200).take_while(|_| disk.changes() < full + 100);
            attempts.by_ref().for_each(|_| drop(partition.append(new())));
            // Each error's advice is followed. Trying again may find that opening again is needed, and that is enough.
            let mut error = error;
            for _ in 0..2 {
                let advice = error.to_string();
                match &error {
                    Error::Io { .. } => {
                        assert!(advice.ends_with("free space there, then try again"), "{advice}");
                        tried_again += 1;
                    }
                    Error::StoreReadOnly { .. } | Error::PartitionReadOnly { .. } => {
                        assert!(advice.contains("once the cause is gone, open"), "{advice}");
                        drop(store);
                        store = open(&disk.copy()).unwrap();
                        partition = store.topic("t").unwrap().partition(0).unwrap();
                        opened_again += 1;
                    }
                    other => panic!("{other}"),
                }
                match partition.append(new()) {
                    Ok(_) => break,
                    Err(next) => error = next,
                }
            }
            partition
                .append(new())
                .unwrap_or_else(|last| panic!("large: {large}, fault {fault}: {error}, {last}"));
            assert!(values(&partition).unwrap().len() >= expected + 2 * new().len());
        }
    }
    assert!(tried_again > 0 && opened_again > 0, "{tried_again} {opened_again}");
}

#[test]
fn a_transaction_that_met_a_full_disk_does_not_hide_what_comes_after_it() {
    let mut went_on = 0;
    for fault in 0..12 {
        let disk = FaultyDisk::new();
        let store = open(&disk).unwrap();
        let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
        let producer = store.producer("p").unwrap();
        let full = disk.changes() + fault;
        (full..full + 30).for_each(|change| disk.fail_at(change, Fault::NoSpace));
        let mut transaction = store.begin(&producer).unwrap();
        while transaction.append(&partition, records((0..100).map(|number| format!("lost {number}")))).is_ok()
        {
        }
        drop(transaction);
        let mut appended = 0;
        // Space is freed: at the latest then.
        for _ in 0..60 {
            appended += usize::from(partition.append(records(["after"])).is_ok());
        }
        let found = values(&partition).unwrap();
        assert_eq!(found.iter().filter(|value| *value == "after").count(), appended, "fault {fault}");
        went_on += u32::from(appended > 0);
    }
    assert!(went_on > 0);
}

#[test]
fn a_transaction_that_could_not_be_aborted_is_not_committed_by_the_next_one() {
    let mut tried_again = 0;
    // Which of the next changes fail, in any combination.
    for fault in 0..1024_u64 {
        let disk = FaultyDisk::new();
        let store = open(&disk).unwrap();
        let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
        let producer = store.producer("p").unwrap();
        let mut transaction = store.begin(&producer).unwrap();
        transaction.append(&partition, records((0..100).map(|number| format!("aborted {number}")))).unwrap();
        let full = disk.changes();
        let fails = |change: &u64| fault >> change & 1 == 1;
        (0..10_u64).filter(fails).for_each(|change| disk.fail_at(full + change, Fault::NoSpace));
        tried_again += u32::from(transaction.abort().is_err());
        // Space is freed at some time.
        let mut expected = Vec::new();
        for number in 0..4 {
            let Ok(mut transaction) = store.begin(&producer) else { continue };
            let value = format!("committed {number}");
            if transaction.append(&partition, records([&value])).is_ok() && transaction.commit().is_ok() {
                expected.push(value);
            }
        }
        assert_eq!(values(&partition).unwrap(), expected, "fault {fault}");
        drop((partition, store));
        let store = open(&disk.copy()).unwrap();
        assert_eq!(
            values(&store.topic("t").unwrap().partition(0).unwrap()).unwrap(),
            expected,
            "fault {fault}"
        );
    }
    assert!(tried_again > 1, "{tried_again}");
}

/// What may be there of something that changes step by step: what was acknowledged last, or what came behind it and is not known.
#[derive(Debug, Default)]
struct May<T>(Vec<T>);

impl<T> May<T> {
    fn be(&mut self, value: T, outcome: Result<(), Error>) {
        match outcome {
            Ok(()) => self.0 = vec![value],
            Err(Error::StoreReadOnly { .. }) => self.0.push(value),
            Err(_) => {}
        }
    }
}

/// What is appended to a topic that keeps little of it, how many partitions it has, and what a group has committed.
type Kept = (May<Vec<String>>, May<u32>, May<Option<Offset>>);

fn keep(disk: &FaultyDisk) -> Kept {
    let mut kept = (May(vec![Vec::new()]), May(vec![1]), May(vec![None]));
    let Ok(store) = open(disk) else { return kept };
    let config =
        TopicConfig { segment_bytes: Some(400), retention_bytes: Some(600), ..TopicConfig::default() };
    let Ok(topic) = store.create_topic("kept", config) else { return kept };
    let partition = topic.partition(0).unwrap();
    for number in 0..12 {
        let new: Vec<_> = (0..5).map(|index| format!("{number} {index}")).collect();
        let all = [kept.0.0[0].clone(), new.clone()].concat();
        kept.0.be(all, partition.append(records(&new)).map(drop));
        let offset = Offset(partition.last_stable_offset().0);
        let committed = store
            .assign(Some("readers"), [partition.clone()], ConsumerConfig::default())
            .and_then(|mut group| group.commit_offset(&partition, offset));
        kept.2.be(Some(offset), committed);
        if number % 4 == 3 {
            let total = 1 + number / 4 + 1;
            kept.1.be(total, topic.add_partitions(total));
        }
        // What it gives up before it fails is given up.
        let _ = store.retain();
    }
    kept
}

#[test]
fn an_error_at_any_change_leaves_retention_groups_and_added_partitions_as_they_were_or_are_to_be() {
    let healthy = FaultyDisk::new();
    assert_eq!(keep(&healthy).1.0, [4]);
    let gone = |disk: &FaultyDisk| {
        open(disk).unwrap().topic("kept").unwrap().partition(0).unwrap().log_start_offset()
    };
    assert!(gone(&healthy.copy()) > Offset(10), "retention gives up some of it");
    for change in (0..healthy.changes()).step_by(step()) {
        for fault in [Fault::Io, Fault::NoSpace] {
            let disk = FaultyDisk::new();
            disk.fail_at(change, fault);
            let (values_of, partitions, committed) = keep(&disk);
            for disk in [disk.copy(), disk.crash(change)] {
                let situation = format!("{fault:?} at change {change}");
                let store = open(&disk).unwrap_or_else(|error| panic!("{situation}: {error}"));
                let Ok(topic) = store.topic("kept") else {
                    assert!(values_of.0.contains(&Vec::new()), "{situation}");
                    continue;
                };
                assert!(partitions.0.contains(&topic.partitions()), "{situation}: {partitions:?}");
                let partition = topic.partition(0).unwrap();
                let group = store.assign(Some("readers"), [partition.clone()], ConsumerConfig::default());
                let found = group.unwrap().committed(&partition).unwrap().map(|committed| committed.offset);
                assert!(committed.0.contains(&found), "{situation}: {found:?} of {committed:?}");
                // The last ones are there, whatever was given up before them.
                let found = values(&partition).unwrap();
                let is_end = |all: &Vec<String>| all.ends_with(&found) && found.is_empty() == all.is_empty();
                assert!(values_of.0.iter().any(is_end), "{situation}: {found:?} of {values_of:?}");
            }
        }
    }
}
