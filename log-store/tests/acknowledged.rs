//! What was acknowledged is read back, whatever the sizes of the records.

use std::sync::Arc;

use log_store::{
    Error, MAX_RECORD_BYTES, MemDisk, Offset, Partition, RecordsBuilder, Result, Store, StoreConfig,
    TopicConfig,
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
