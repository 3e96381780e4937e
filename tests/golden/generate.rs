//! Makes the golden directories of a version. It runs when it is asked to, and never replaces one.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use waterwheel::log::{Clock, FaultyDisk, Offset, RecordsBuilder, StoreConfig, TopicConfig, Transaction};
use waterwheel::prelude::*;

use super::archive::pack;
use super::contents::{append, contents, read};
use super::shop::{Orders, Parcels, order, parcel, shop};
use super::town::{LEAST, MeterHours, Meters, Note, Notes, Rides, reading, ride, town};

/// A clock that is set by hand.
struct ByHand(AtomicI64);

impl Clock for ByHand {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// `GOLDEN=3 cargo test --test golden -- --ignored writes_the_directories_of_a_version`
#[test]
#[ignore = "it writes files; see README.md beside it"]
fn writes_the_directories_of_a_version() {
    let version = std::env::var("GOLDEN").expect("GOLDEN says which version");
    let disk = FaultyDisk::new();
    let clock = Arc::new(ByHand(AtomicI64::new(1_700_000_000_000)));
    let config = StoreConfig {
        clock: clock.clone(),
        // Small, so that there are several segments, indexes, turns of the journal, and transactions that did not fit in it.
        segment_bytes: 48 << 10,
        index_interval_bytes: 2048,
        journal_bytes: 64 << 10,
        inline_bytes: 8 << 10,
        ..StoreConfig::default()
    };
    let store = Store::open_on(Arc::new(disk.clone()), config.clone()).unwrap();
    let open = plain_topics(&store);

    // After every commit: what a kill in this instant would leave.
    let left: Arc<Mutex<Vec<FaultyDisk>>> = Arc::default();
    let hook = {
        let (disk, left) = (disk.clone(), left.clone());
        move || left.lock().unwrap().push(disk.copy())
    };
    append(&store, Rides, &(0..200).map(ride).collect::<Vec<_>>());
    append(&store, Meters, &(0..60).map(|n| reading(0, n)).collect::<Vec<_>>());
    let mut options =
        RunOptions::new().workers(2).epoch_rows(25).checkpoint_interval(std::time::Duration::ZERO);
    options.piece_bytes = 100;
    let job = town(LEAST).start(&store, options.clone()).unwrap();
    job.wait_until_caught_up().unwrap();
    append(&store, Orders, &(0..150).map(order).collect::<Vec<_>>());
    append(&store, Parcels, &(0..150).map(parcel).collect::<Vec<_>>());
    let shop = shop().start(&store, options).unwrap();
    shop.wait_until_caught_up().unwrap();
    assert!(read(&store, MeterHours).is_empty(), "the silent partition is waited for");
    // It is idle from here on.
    clock.0.fetch_add(31_000, Ordering::SeqCst);
    append(&store, Meters, &(60..80).map(|n| reading(0, n)).collect::<Vec<_>>());
    job.wait_until_caught_up().unwrap();
    assert!(!read(&store, MeterHours).is_empty(), "the silent partition is not waited for any more");
    let watching = store.on_commit(Arc::new(hook));
    for chunk in (200..440).collect::<Vec<_>>().chunks(40) {
        append(&store, Rides, &chunk.iter().map(|n| ride(*n)).collect::<Vec<_>>());
        append(&store, Orders, &chunk.iter().map(|n| order(n - 50)).collect::<Vec<_>>());
        append(&store, Parcels, &chunk.iter().map(|n| parcel(n - 50)).collect::<Vec<_>>());
    }
    job.wait_until_caught_up().unwrap();
    shop.wait_until_caught_up().unwrap();
    drop(watching);
    job.stop().unwrap();
    shop.stop().unwrap();
    drop(open);
    store.close().unwrap();

    let killed =
        left.lock().unwrap().iter().rev().find(|disk| is_in_the_middle(disk, &config)).map(FaultyDisk::copy);
    let killed = killed.expect("some kill leaves epochs to replay, and a checkpoint under way");
    for (name, disk) in [("closed", disk.copy()), ("killed", killed)] {
        let opened = Store::open_on(Arc::new(disk.copy()), config.clone()).unwrap();
        pack(&format!("{version}-{name}"), &disk, &contents(&opened));
    }
}

/// Topics that no pipeline uses, with everything that the log knows. Gives a transaction that is left open.
fn plain_topics(store: &Store) -> Transaction {
    let mut config = TopicConfig::with_partitions(2);
    config.properties.insert("owner".to_owned(), b"the golden test".to_vec());
    let plain = store.create_topic("plain", config).unwrap();
    let (first, second) = (plain.partition(0).unwrap(), plain.partition(1).unwrap());
    let mut with_headers = RecordsBuilder::new();
    with_headers.push_with_headers(
        1000,
        Some(b"key"),
        Some(b"value"),
        &[("name", Some(b"x")), ("none", None)],
    );
    with_headers.push(990, None, None);
    first.append(with_headers).unwrap();
    let producer = store.producer("writer").unwrap();
    for (number, bytes) in [(0, 20), (1, 3000), (2, 20)] {
        let mut transaction = store.begin(&producer).unwrap();
        transaction.append(&first, records(&format!("of transaction {number}"), 5, bytes)).unwrap();
        transaction.append(&second, records("beside it", 2, bytes)).unwrap();
        transaction.set_property(&plain, "layout", b"of a transaction");
        if number == 2 { transaction.abort().unwrap() } else { drop(transaction.commit().unwrap()) }
    }
    let mut aborted = store.begin(&producer).unwrap();
    aborted.append(&second, records("too much to be held back, and aborted", 10, 2000)).unwrap();
    aborted.abort().unwrap();
    store.set_pins("reader", &[(plain.id(), first.id(), Offset(2))]).unwrap();

    let gone = store.create_topic("gone", TopicConfig::default()).unwrap();
    gone.partition(0).unwrap().append(records("gone", 3, 10)).unwrap();
    store.delete_topic("gone").unwrap();

    let small = TopicConfig { segment_bytes: Some(2000), ..TopicConfig::default() };
    let cut = store.create_topic("cut", small).unwrap().partition(0).unwrap();
    for _ in 0..20 {
        cut.append(records("cut", 4, 100)).unwrap();
    }
    cut.delete_records_before(Offset(40)).unwrap();
    let notes = [&b"one"[..], b"", &[0, 255, 10]].map(|bytes| Note { bytes: bytes.to_vec() });
    append(store, Notes, &notes);

    // Its second instance; the first is fenced.
    drop(store.producer("outsider").unwrap());
    let outsider = store.producer("outsider").unwrap();
    let mut open = store.begin(&outsider).unwrap();
    open.append(&first, records("written to its segment, and never committed", 20, 1000)).unwrap();
    second.append(records("behind an open transaction elsewhere", 2, 10)).unwrap();
    first.append(records("behind an open transaction", 2, 10)).unwrap();
    open
}

/// Records with a text and so many bytes more.
pub(crate) fn records(text: &str, count: u64, bytes: usize) -> RecordsBuilder {
    let mut builder = RecordsBuilder::new();
    for number in 0..count {
        let value = format!("{text}, {number}: {}", "~".repeat(bytes));
        builder.push(1_700_000_000_000 + number as i64, Some(b"key"), Some(value.as_bytes()));
    }
    builder
}

/// Of both pipelines there are pieces of a checkpoint that is not complete, of one that is, and epochs behind that one.
fn is_in_the_middle(disk: &FaultyDisk, config: &StoreConfig) -> bool {
    let store = Store::open_on(Arc::new(disk.copy()), config.clone()).unwrap();
    [("town", 2), ("shop", 1)].into_iter().all(|(pipeline, least)| {
        let left = left_of(&store, pipeline);
        left.checkpoints >= least && left.pieces >= 5 && left.epochs >= 10
    })
}

/// What a pipeline has left in its topics.
pub(crate) struct Left {
    /// Checkpoints that are complete.
    pub(crate) checkpoints: usize,
    /// Pieces of one that is not.
    pub(crate) pieces: usize,
    /// Epochs that are kept, to be replayed behind a checkpoint.
    pub(crate) epochs: usize,
}

pub(crate) fn left_of(store: &Store, pipeline: &str) -> Left {
    let keys = |topic: String| {
        let partition = store.topic(&topic).unwrap().partition(0).unwrap();
        let (mut scan, mut found) =
            (partition.scan(partition.log_start_offset(), partition.last_stable_offset()), Vec::new());
        while let Some(record) = scan.next().unwrap() {
            found.push(record.key.unwrap().to_vec());
        }
        found
    };
    let (state, epochs) = (keys(format!("__{pipeline}.state")), keys(format!("__{pipeline}.epochs")));
    let complete: Vec<usize> = (0..state.len()).filter(|at| state[*at] == b"complete").collect();
    Left {
        checkpoints: complete.len(),
        pieces: complete.last().map_or(0, |last| state.len() - 1 - last),
        epochs: epochs.len(),
    }
}
