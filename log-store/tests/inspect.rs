//! Inspecting a partition: every byte of its segments counts, and what is whole is told beside what is not.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use log_store::{
    BatchKind, Damage, FaultyDisk, Inspected, Offset, Partition, RecordsBuilder, Store, StoreConfig,
    TopicConfig,
};

/// A disk with a topic of eight batches in several segments, closed in order: records, a transaction that was committed and one
/// that was aborted, with their markers, and the file of each segment.
fn written() -> (FaultyDisk, Vec<PathBuf>) {
    let disk = FaultyDisk::new();
    let store = open(&disk);
    let config = TopicConfig { segment_bytes: Some(260), ..TopicConfig::default() };
    let orders = store.create_topic("orders", config).unwrap().partition(0).unwrap();
    let producer = store.producer("billing").unwrap();
    for number in 0..4 {
        orders.append(one(number)).unwrap();
    }
    for commits in [true, false] {
        let mut transaction = store.begin(&producer).unwrap();
        transaction.append(&orders, one(9)).unwrap();
        if commits { transaction.commit().map(drop).unwrap() } else { transaction.abort().unwrap() }
    }
    let mut files: Vec<PathBuf> = (0..8).filter_map(|offset| orders.file_of(Offset(offset))).collect();
    let root = store.dir();
    files.dedup();
    store.close().unwrap();
    (disk, files.iter().map(|file| file.strip_prefix(&root).unwrap_or(file).to_owned()).collect())
}

fn open(disk: &FaultyDisk) -> Store {
    // Whatever a transaction holds is written at once, so that aborting it leaves a marker.
    let config = StoreConfig { inline_bytes: 0, ..StoreConfig::default() };
    Store::open_on(Arc::new(disk.clone()), config).unwrap()
}

fn one(number: u8) -> RecordsBuilder {
    let mut records = RecordsBuilder::new();
    records.push(1_000, Some(&[number]), Some(b"value"));
    records
}

fn inspected(partition: &Partition) -> (Vec<(u64, BatchKind)>, Vec<Damage>) {
    let (mut batches, mut damages) = (Vec::new(), Vec::new());
    let inspected = partition.inspect(|found| {
        match found {
            Inspected::Batch(batch) => batches.push((batch.base_offset.0, batch.kind)),
            Inspected::Damage(damage) => damages.push(damage),
            _ => unreachable!("there is nothing else"),
        }
        ControlFlow::Continue(())
    });
    inspected.unwrap();
    (batches, damages)
}

fn orders(disk: &FaultyDisk) -> Partition {
    open(disk).topic("orders").unwrap().partition(0).unwrap()
}

#[test]
fn what_is_whole_is_told_with_its_kind() {
    let (disk, files) = written();
    assert!(files.len() > 2, "{files:?}");
    let (batches, damages) = inspected(&orders(&disk));
    use BatchKind::{Abort, Commit, Plain, Transactional};
    let kinds = [Plain, Plain, Plain, Plain, Transactional, Commit, Transactional, Abort];
    assert_eq!(batches, (0..).zip(kinds).collect::<Vec<_>>());
    assert_eq!(damages, []);
}

#[test]
fn each_byte_that_is_turned_over_is_found_in_its_file_at_its_batch() {
    let (disk, files) = written();
    let mut turned = 0;
    for file in &files {
        let whole = disk.content(file).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            disk.set_content(file, bytes);
            let (batches, damages) = inspected(&orders(&disk));
            let [damage] = &*damages else { panic!("{} byte {at}: {damages:?}", file.display()) };
            assert!(damage.file.ends_with(file), "{damage:?}");
            assert!(damage.position <= at as u64, "byte {at}: {damage:?}");
            let lost: Vec<u64> =
                (0..8).filter(|offset| !batches.iter().any(|(of, _)| of == offset)).collect();
            assert_eq!(lost.first(), Some(&damage.offset.0), "byte {at}: {damage:?}");
            assert!(lost.len() == 1 || damage.rest_unread, "byte {at}: {damage:?} {lost:?}");
            turned += 1;
        }
        disk.set_content(file, whole);
    }
    assert!(turned > 500, "{turned}");
}

#[test]
fn a_segment_that_is_short_or_gone_is_found() {
    let (disk, files) = written();
    for file in &files {
        let whole = disk.content(file).unwrap();
        let name = Path::new(file.file_name().unwrap());
        for left in [0, 1, 60, whole.len() - 1] {
            disk.set_content(file, whole[..left].to_vec());
            let (_, damages) = inspected(&orders(&disk));
            assert!(damages.iter().any(|damage| damage.file.ends_with(name)), "{left}: {damages:?}");
        }
        disk.set_content(file, whole);
    }
    assert_eq!(inspected(&orders(&disk)).1, []);
}
