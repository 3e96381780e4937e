//! What was acknowledged is read back, whatever the sizes of the records.

use std::sync::Arc;
use std::time::Duration;

use log_store::{
    Error, MAX_RECORD_BYTES, MemDisk, NewRecord, Offset, Partition, RecordsBuilder, Result, SenderConfig,
    Store, StoreConfig, Topic, TopicConfig,
};
use proptest::prelude::*;

/// The largest record of the stores here, in bytes.
const LIMIT: usize = 300;

fn store(disk: &MemDisk, inline_bytes: usize) -> Store {
    let config = StoreConfig { record_bytes: LIMIT, inline_bytes, ..StoreConfig::default() };
    Store::open_on(Arc::new(disk.clone()), config).unwrap()
}

fn builder(values: &[Vec<u8>]) -> RecordsBuilder {
    let mut records = RecordsBuilder::new();
    values.iter().for_each(|value| records.push(0, None, Some(value)));
    records
}

fn is_taken(values: &[Vec<u8>]) -> bool {
    values.iter().all(|value| RecordsBuilder::record_bytes(None, Some(value)) <= LIMIT)
}

fn all_of(partition: &Partition) -> Vec<Vec<u8>> {
    let (mut at, mut found) = (Offset(0), Vec::new());
    while at < partition.last_stable_offset() {
        let fetched = partition.read(at, 1 << 20).unwrap();
        found.extend(fetched.records().map(|record| record.value.unwrap().to_vec()));
        at = fetched.next_offset();
    }
    found
}

/// As [`all_of`], once there are so many: another process sees a little later what was acknowledged to this one.
fn when_seen(partition: &Partition, count: usize) -> Vec<Vec<u8>> {
    loop {
        let end = partition.last_stable_offset();
        let found = all_of(partition);
        if found.len() >= count || !partition.wait_beyond(end, Duration::from_secs(10)) {
            return found;
        }
    }
}

/// Values of which many are about as large as the limit, many far below, and some far beyond.
fn values() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let size = prop_oneof![0..20_usize, LIMIT - 50..LIMIT + 20, 2 * LIMIT..3 * LIMIT];
    prop::collection::vec((any::<u8>(), size).prop_map(|(byte, size)| vec![byte; size]), 0..4)
}

fn check_taken(result: Result<()>, taken: bool) {
    match result {
        Ok(()) => assert!(taken, "a record beyond the limit was acknowledged"),
        Err(Error::RecordTooLarge { limit, bytes, .. }) => {
            assert!(!taken && bytes > limit && limit == LIMIT as u64, "{bytes} bytes, limit {limit}");
        }
        Err(error) => panic!("{error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn appended_records_are_read_back_after_a_crash(
        appends in prop::collection::vec(values(), 1..8),
        inline_bytes in prop_oneof![Just(0), Just(500), Just(1 << 20)],
    ) {
        let disk = MemDisk::new();
        let mut model = Vec::new();
        let open = store(&disk, inline_bytes);
        let partition = open.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
        for values in appends {
            let appended = partition.append(builder(&values)).map(drop);
            check_taken(appended, is_taken(&values));
            if is_taken(&values) {
                model.extend(values);
            }
        }
        prop_assert_eq!(&all_of(&partition), &model);
        drop((partition, open));
        let open = store(&disk, inline_bytes);
        prop_assert_eq!(&all_of(&open.topic("t").unwrap().partition(0).unwrap()), &model);
    }

    #[test]
    fn committed_transactions_are_read_back_whole(
        transactions in prop::collection::vec(prop::collection::vec((0..3_u32, values()), 1..4), 1..6),
        inline_bytes in prop_oneof![Just(0), Just(500), Just(1 << 20)],
    ) {
        let open = store(&MemDisk::new(), inline_bytes);
        let topic = open.create_topic("t", TopicConfig::with_partitions(3)).unwrap();
        let producer = open.producer("p").unwrap();
        let mut model = vec![Vec::new(); 3];
        for appends in transactions {
            let mut transaction = open.begin(&producer).unwrap();
            for (number, values) in &appends {
                let partition = topic.partition(*number).unwrap();
                // One that was refused fails the commit too: nobody can lose a record by not looking.
                let _ = transaction.append(&partition, builder(values));
            }
            let taken = appends.iter().all(|(_, values)| is_taken(values));
            prop_assert_eq!(transaction.commit().is_ok(), taken);
            if taken {
                appends.into_iter().for_each(|(number, values)| model[number as usize].extend(values));
            }
        }
        for (number, expected) in model.iter().enumerate() {
            prop_assert_eq!(&all_of(&topic.partition(number as u32).unwrap()), expected);
        }
    }
}

/// Every way in beside `Partition::append`. Each takes all that it is given, or nothing of it.
#[derive(Clone, Copy, Debug)]
enum Way {
    Together,
    Transaction,
    Writer,
    Sender,
    SenderOfWriter,
}

const WAYS: [Way; 5] = [Way::Together, Way::Transaction, Way::Writer, Way::Sender, Way::SenderOfWriter];

/// A limit of the topic's own, below that of the store.
const TOPIC_LIMIT: usize = LIMIT - 30;

fn fits(value: &[u8]) -> bool {
    RecordsBuilder::record_bytes(None, Some(value)) <= TOPIC_LIMIT
}

/// Gives values to a partition each, and tells which of them were acknowledged.
fn give(way: Way, store: &Store, topic: &Topic, values: &[(u32, Vec<u8>)]) -> Vec<(u32, Vec<u8>)> {
    let builders = || values.iter().map(|(number, value)| (*number, builder(std::slice::from_ref(value))));
    let all_or_none = |taken: Result<()>| match taken {
        Ok(()) => {
            assert!(values.iter().all(|(_, value)| fits(value)), "{way:?} took what is too large");
            values.to_vec()
        }
        Err(error) => {
            let is_cause = matches!(error, Error::RecordTooLarge { .. } | Error::TransactionFailed { .. });
            assert!(is_cause && values.iter().any(|(_, value)| !fits(value)), "{way:?}: {error}");
            Vec::new()
        }
    };
    match way {
        Way::Together => all_or_none(topic.append_together(builders()).map(drop)),
        Way::Transaction => {
            let mut transaction = store.begin(&store.producer("p").unwrap()).unwrap();
            for (number, records) in builders() {
                // Nobody can lose a record by not looking.
                let _ = transaction.append(&topic.partition(number).unwrap(), records);
            }
            all_or_none(transaction.commit().map(drop))
        }
        Way::Writer => {
            let writer = topic.writer("w").unwrap();
            let next = writer.next_sequence();
            all_or_none(writer.append(next..next + 1, builders()).map(drop))
        }
        Way::Sender => send_all(&topic.sender(SenderConfig::default()).unwrap(), values),
        Way::SenderOfWriter => {
            send_all(&topic.writer("s").unwrap().sender(SenderConfig::default()).unwrap(), values)
        }
    }
}

fn send_all(sender: &log_store::Sender, values: &[(u32, Vec<u8>)]) -> Vec<(u32, Vec<u8>)> {
    let mut sent = Vec::new();
    for (number, value) in values {
        match sender.send(&NewRecord::new(value).partition(*number)) {
            Ok(ack) if fits(value) => sent.push((ack, (*number, value.clone()))),
            Ok(_) => panic!("a sender took what is too large"),
            Err(error) => assert!(matches!(error, Error::RecordTooLarge { .. }) && !fits(value), "{error}"),
        }
    }
    let acknowledged = sent.into_iter().map(|(ack, given)| ack.wait().map(|_| given));
    acknowledged.collect::<Result<_>>().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_any_way_took_is_read_back_by_all_processes(
        given in prop::collection::vec((0..WAYS.len(), any::<bool>(), prop::collection::vec(0..3_u32, 4), values()), 1..12),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let config = StoreConfig { record_bytes: LIMIT, inline_bytes: 500, ..StoreConfig::default() };
        let open = || Store::open_with(dir.path(), config.clone()).unwrap();
        let settings = TopicConfig { max_message_bytes: Some(TOPIC_LIMIT as u32), ..TopicConfig::with_partitions(3) };
        let owner = open();
        owner.create_topic("t", settings).unwrap();
        let stores = [owner, open()];
        let mut model = vec![Vec::new(); 3];
        for (way, through, numbers, values) in given {
            let store = &stores[usize::from(through)];
            let values: Vec<_> = numbers.into_iter().zip(values).collect();
            for (number, value) in give(WAYS[way], store, &store.topic("t").unwrap(), &values) {
                model[number as usize].push(value);
            }
            for store in &stores {
                for (number, expected) in model.iter().enumerate() {
                    let partition = store.topic("t").unwrap().partition(number as u32).unwrap();
                    prop_assert_eq!(&when_seen(&partition, expected.len()), expected);
                }
            }
        }
        drop(stores);
        let again = open();
        for (number, expected) in model.iter().enumerate() {
            prop_assert_eq!(&all_of(&again.topic("t").unwrap().partition(number as u32).unwrap()), expected);
        }
    }
}

#[test]
fn the_default_limit_is_the_largest() {
    assert_eq!(StoreConfig::default().record_bytes, MAX_RECORD_BYTES);
}

#[test]
fn a_builder_with_nothing_but_a_record_that_is_too_large_is_not_empty() {
    let mut records = RecordsBuilder::new();
    assert!(records.is_empty());
    records.push(0, None, Some(&vec![0; MAX_RECORD_BYTES]));
    assert!(!records.is_empty());
    assert_eq!(records.len(), 0);
    assert!(records.largest_record() > MAX_RECORD_BYTES);

    let mut all = RecordsBuilder::new();
    all.extend(records);
    assert!(!all.is_empty(), "it is not forgotten behind others either");
}
