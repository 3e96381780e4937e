//! Many writers at once: they share syncs, readers do not wait for them, and a crash keeps their order.

mod support;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use log_store::{DiskFile, Durability, Error, FaultyDisk, MemDisk, Offset, Store, StoreConfig, TopicConfig};
use support::around::{Around, Files};
use support::{Random, open, records, rounds, values};

/// A disk in memory whose syncs can be held up.
type GatedDisk = Around<MemDisk, Arc<Gate>>;

#[derive(Default)]
struct Gate {
    closed: Mutex<bool>,
    changed: Condvar,
    syncs: AtomicU64,
    waiting: AtomicBool,
    /// Syncs panic.
    broken: AtomicBool,
}

impl Gate {
    fn set(&self, closed: bool) {
        *self.closed.lock().unwrap() = closed;
        self.changed.notify_all();
    }

    fn pass(&self) {
        self.syncs.fetch_add(1, Ordering::SeqCst);
        let mut closed = self.closed.lock().unwrap();
        while *closed {
            self.waiting.store(true, Ordering::SeqCst);
            closed = self.changed.wait(closed).unwrap();
        }
        drop(closed);
        assert!(!self.broken.load(Ordering::SeqCst), "the disk driver is broken");
    }
}

struct GatedFile {
    inner: Arc<dyn DiskFile>,
    gate: Arc<Gate>,
}

impl DiskFile for GatedFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        self.inner.read_at(buffer, position)
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.inner.write_all_at(bytes, position)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.gate.pass();
        self.inner.sync_data()
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.inner.set_len(length)
    }

    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }
}

impl Files for Arc<Gate> {
    fn around(&self, _: &Path, inner: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(GatedFile { inner, gate: self.clone() })
    }
}

#[test]
fn those_who_wait_share_one_sync_and_readers_do_not_wait() {
    let disk = GatedDisk::default();
    let store = Store::open_on(Arc::new(disk.clone()), StoreConfig::default()).unwrap();
    let topic = store.create_topic("t", TopicConfig::with_partitions(2)).unwrap();
    let (busy, other) = (topic.partition(0).unwrap(), topic.partition(1).unwrap());
    other.append(records(["early"])).unwrap();
    let syncs_before = disk.files.syncs.load(Ordering::SeqCst);

    disk.files.set(true);
    std::thread::scope(|scope| {
        scope.spawn(|| busy.append(records(["leader"])).unwrap());
        // The leader has written and waits in its sync.
        while !disk.files.waiting.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        for number in 0..8 {
            let busy = &busy;
            scope.spawn(move || busy.append(records([format!("follower {number}")])).unwrap());
        }
        // All eight have their places, behind the leader.
        while busy.log_end_offset() < Offset(9) {
            std::thread::yield_now();
        }
        assert_eq!(busy.last_stable_offset(), Offset(0), "nothing is visible before it is synced");
        assert!(busy.read(Offset(0), 1000).unwrap().is_empty());
        assert_eq!(values(&other).unwrap(), ["early"]);
        disk.files.set(false);
    });
    assert_eq!(busy.last_stable_offset(), Offset(9));
    // One for the leader; the followers may come in two groups, if some were enqueued late.
    let syncs = disk.files.syncs.load(Ordering::SeqCst) - syncs_before;
    assert!(syncs <= 3, "{syncs} syncs for nine appends");
}

#[test]
fn a_batch_that_is_tried_again_while_it_is_written_is_answered_when_it_is_durable() {
    let disk = GatedDisk::default();
    let store = open(&disk).unwrap();
    let topic = store.create_topic("t", TopicConfig::default()).unwrap();
    let writer = topic.writer("w").unwrap();
    let batch = || [(0, records(["value"]))];
    disk.files.set(true);
    let (begins, begun) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| writer.append(0..1, batch()).unwrap());
        while !disk.files.waiting.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        let again = scope.spawn(|| {
            begins.send(()).unwrap();
            let places = writer.append(0..1, batch()).unwrap();
            assert!(!*disk.files.closed.lock().unwrap(), "it is answered before it is durable");
            places
        });
        begun.recv().unwrap();
        // Long enough to be answered too early.
        (0..2000).for_each(|_| std::thread::yield_now());
        disk.files.set(false);
        assert_eq!(first.join().unwrap(), again.join().unwrap());
    });
    assert_eq!(values(&topic.partition(0).unwrap()).unwrap(), ["value"]);
}

#[test]
fn what_need_not_be_on_disk_is_written_and_seen_while_others_are_synced() {
    let disk = GatedDisk::default();
    let store = open(&disk).unwrap();
    let create = |name: &str, durability| {
        let config = TopicConfig { durability, ..TopicConfig::default() };
        store.create_topic(name, config).unwrap().partition(0).unwrap()
    };
    let synced = create("synced", Durability::Fsync);
    let (free, bound) = (create("free", Durability::Os), create("bound", Durability::Os));
    let flushed = create("flushed", Durability::Interval);
    let producer = store.producer("p").unwrap();
    let called = Arc::new(AtomicU64::new(0));
    let _subscription = store.on_commit({
        let called = called.clone();
        Arc::new(move || {
            called.fetch_add(1, Ordering::SeqCst);
        })
    });

    disk.files.set(true);
    std::thread::scope(|scope| {
        let leader = scope.spawn(|| {
            let mut transaction = store.begin(&producer).unwrap();
            transaction.append(&synced, records(["leader"])).unwrap();
            transaction.append(&bound, records(["leader"])).unwrap();
            transaction.commit().unwrap();
        });
        while !disk.files.waiting.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        for number in 0..3 {
            free.append(records([format!("free {number}")])).unwrap();
            assert_eq!(free.last_stable_offset(), Offset(number + 1));
            assert_eq!(called.load(Ordering::SeqCst), number + 1, "hooks are told of it");
            flushed.append(records([format!("flushed {number}")])).unwrap();
        }
        assert_eq!(flushed.last_stable_offset(), Offset(0), "it is seen when it is on disk");
        let behind: Vec<_> =
            (0..3).map(|_| scope.spawn(|| bound.append(records(["behind"])).unwrap())).collect();
        while bound.log_end_offset() < Offset(5) {
            std::thread::yield_now();
        }
        free.append(records(["free 3"])).unwrap();
        assert_eq!(
            bound.last_stable_offset(),
            Offset(0),
            "a transaction is seen in all its partitions at once"
        );
        assert!(!leader.is_finished() && behind.iter().all(|thread| !thread.is_finished()));
        disk.files.set(false);
    });
    assert_eq!((synced.last_stable_offset(), bound.last_stable_offset()), (Offset(2), Offset(5)));
    assert!(flushed.wait_beyond(Offset(2), Duration::MAX));
    store.close().unwrap();
    drop((free, flushed, synced, bound, producer));
    let store = open(&disk).unwrap();
    assert_eq!(values(&store.topic("free").unwrap().partition(0).unwrap()).unwrap().len(), 4);
    assert!(store.recovery().clean);
}

#[test]
fn writers_of_every_durability_meet_and_each_keeps_its_promise() {
    let all = [Durability::Fsync, Durability::Interval, Durability::Os];
    for seed in 0..rounds("LOG_STORE_CONCURRENT_CRASHES", 60) {
        let disk = FaultyDisk::new();
        let store = open(&disk).unwrap();
        for (number, durability) in all.into_iter().enumerate() {
            let config = TopicConfig { durability, ..TopicConfig::with_partitions(3) };
            store.create_topic(&format!("t{number}"), config).unwrap();
        }
        disk.power_off_at(disk.changes() + Random(seed).below(1500));
        // Of each durability three writers, to partitions of their own.
        let write = |durability: usize, writer: u64| {
            let partition = store.topic(&format!("t{durability}")).unwrap().partition(writer as u32).unwrap();
            let appended = (0..100).take_while(|number| {
                let end = partition.append(records((0..3).map(|part| format!("{writer} {number} {part}"))));
                // What need not be synced is seen by whoever has written it.
                end.is_ok_and(|base| durability == 1 || partition.last_stable_offset() >= Offset(base.0 + 3))
            });
            appended.count() as u64
        };
        let write = &write;
        let acknowledged: Vec<Vec<u64>> = std::thread::scope(|scope| {
            let of = |durability| (0..3).map(move |writer| scope.spawn(move || write(durability, writer)));
            let threads: Vec<Vec<_>> = (0..3).map(|durability| of(durability).collect()).collect();
            let join = |threads: Vec<std::thread::ScopedJoinHandle<'_, u64>>| {
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            };
            threads.into_iter().map(join).collect()
        });
        drop(store);
        for (ended, disk) in [(true, disk.copy()), (false, disk.crash(seed))] {
            let store = open(&disk).unwrap();
            for (durability, acknowledged) in acknowledged.iter().enumerate() {
                for (writer, acknowledged) in (0..).zip(acknowledged) {
                    let partition =
                        store.topic(&format!("t{durability}")).unwrap().partition(writer).unwrap();
                    let counted = count(&values(&partition).unwrap());
                    let present = counted.get(&u64::from(writer)).copied().unwrap_or(0);
                    let promised = if ended || durability == 0 { *acknowledged } else { 0 };
                    let told = format!("seed {seed}: {present} of {acknowledged}, durability {durability}");
                    assert!((promised..=acknowledged + 1).contains(&present), "{told}");
                }
            }
        }
    }
}

#[test]
fn hooks_are_called_after_commits_until_they_are_dropped() {
    let store = open(&MemDisk::new()).unwrap();
    let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let subscription = store.on_commit({
        let (seen, partition) = (seen.clone(), partition.clone());
        Arc::new(move || seen.lock().unwrap().push(partition.last_stable_offset()))
    });
    partition.append(records(["a", "b"])).unwrap();
    partition.append(records(["c"])).unwrap();
    drop(subscription);
    partition.append(records(["d"])).unwrap();
    assert_eq!(*seen.lock().unwrap(), [Offset(2), Offset(3)]);
}

#[test]
fn hooks_are_called_after_a_topic_was_deleted_and_when_the_store_is_closed() {
    let store = open(&MemDisk::new()).unwrap();
    let topic = store.create_topic("t", TopicConfig::default()).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let _subscription = store.on_commit({
        let (seen, topic) = (seen.clone(), topic.clone());
        Arc::new(move || seen.lock().unwrap().push(topic.check().map_err(|error| error.to_string())))
    });
    topic.partition(0).unwrap().append(records(["a"])).unwrap();
    store.delete_topic("t").unwrap();
    assert!(matches!(topic.check(), Err(Error::UnknownTopic { .. })));
    store.close().unwrap();
    assert!(matches!(topic.check(), Err(Error::Closed)));
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0], Ok(()));
    assert!(seen.iter().any(|seen| seen.as_ref().is_err_and(|error| error.contains("deleted"))), "{seen:?}");
    assert!(seen.last().unwrap().as_ref().is_err_and(|error| error.contains("closed")), "{seen:?}");
}

#[test]
fn a_panic_of_the_leader_fails_the_journal_and_wakes_those_who_wait() {
    let disk = GatedDisk::default();
    let store = Store::open_on(Arc::new(disk.clone()), StoreConfig::default()).unwrap();
    let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
    partition.append(records(["early"])).unwrap();

    disk.files.set(true);
    std::thread::scope(|scope| {
        let leader = scope.spawn(|| partition.append(records(["leader"])));
        while !disk.files.waiting.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        let follow = || partition.append(records(["follower"]));
        let followers: Vec<_> = (0..4).map(|_| scope.spawn(follow)).collect();
        while partition.log_end_offset() < Offset(6) {
            std::thread::yield_now();
        }
        disk.files.broken.store(true, Ordering::SeqCst);
        disk.files.set(false);
        assert!(leader.join().is_err(), "the panic goes on in its own thread");
        for follower in followers {
            let message = follower.join().unwrap().unwrap_err().to_string();
            assert!(message.contains("read-only since writing the commit journal panicked"), "{message}");
            assert!(message.contains("the disk driver is broken"), "{message}");
        }
    });
    assert!(matches!(partition.append(records(["late"])), Err(Error::StoreReadOnly { .. })));
    assert_eq!(values(&partition).unwrap(), ["early"]);
    assert!(matches!(store.close(), Err(Error::StoreReadOnly { .. })));
    drop(partition);

    disk.files.broken.store(false, Ordering::SeqCst);
    let store = Store::open_on(Arc::new(disk), StoreConfig::default()).unwrap();
    let partition = store.topic("t").unwrap().partition(0).unwrap();
    // The leader's was written and perhaps durable; nobody was told, so either is right.
    let found = values(&partition).unwrap();
    assert!(found == ["early"] || found == ["early", "leader"], "{found:?}");
    partition.append(records(["again"])).unwrap();
}

#[test]
fn a_hook_that_panics_holds_nobody_else_up() {
    let store = open(&MemDisk::new()).unwrap();
    let loose = TopicConfig { durability: Durability::Interval, ..TopicConfig::default() };
    let synced = store.create_topic("synced", TopicConfig::default()).unwrap().partition(0).unwrap();
    let flushed = store.create_topic("flushed", loose).unwrap().partition(0).unwrap();
    let calls = Arc::new(AtomicU64::new(0));
    let subscription = store.on_commit({
        let calls = calls.clone();
        Arc::new(move || {
            calls.fetch_add(1, Ordering::SeqCst);
            panic!("the hook is broken");
        })
    });
    std::thread::scope(|scope| {
        assert!(scope.spawn(|| synced.append(records(["a"]))).join().is_err());
    });
    assert_eq!(values(&synced).unwrap(), ["a"], "the records were durable before the hook was called");
    // The flushing thread outlives it.
    for offset in 0..3 {
        flushed.append(records(["x"])).unwrap();
        assert!(flushed.wait_beyond(Offset(offset), Duration::MAX), "{offset}");
        while calls.load(Ordering::SeqCst) < offset + 2 {
            std::thread::yield_now();
        }
    }
    drop(subscription);
    assert_eq!(synced.append(records(["b"])).unwrap(), Offset(1));
}

const WRITERS: u64 = 4;

#[test]
fn a_crash_among_concurrent_writers_keeps_what_was_acknowledged_and_no_halves() {
    for seed in 0..rounds("LOG_STORE_CONCURRENT_CRASHES", 60) {
        let disk = FaultyDisk::new();
        let store = open(&disk).unwrap();
        store.create_topic("t", TopicConfig::with_partitions(2)).unwrap();
        disk.power_off_at(disk.changes() + Random(seed).below(200));
        let acknowledged: Vec<u64> = std::thread::scope(|scope| {
            let store = &store;
            let writers: Vec<_> =
                (0..WRITERS).map(|writer| scope.spawn(move || write(store, writer))).collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        drop(store);
        let store = open(&disk.crash(seed)).unwrap();
        let topic = store.topic("t").unwrap();
        let found = [0, 1].map(|number| values(&topic.partition(number).unwrap()).unwrap());
        let counted = found.map(|values| count(&values));
        for writer in 0..WRITERS {
            let of = |partition: usize| counted[partition].get(&writer).copied().unwrap_or(0);
            let present = of(0).max(of(1));
            assert!(present >= acknowledged[writer as usize], "seed {seed}: writer {writer} lost records");
            assert!(present <= acknowledged[writer as usize] + 1, "seed {seed}: writer {writer}: phantoms");
            if writer.is_multiple_of(2) {
                assert_eq!(of(0), of(1), "seed {seed}: half a transaction of writer {writer}");
            }
        }
    }
}

/// Writes until the power is off: even writers transactions over both partitions, odd ones single appends.
/// Gives how many were acknowledged.
fn write(store: &Store, writer: u64) -> u64 {
    let topic = store.topic("t").unwrap();
    let partitions = [0, 1].map(|number| topic.partition(number).unwrap());
    let Ok(producer) = store.producer(&format!("writer {writer}")) else { return 0 };
    for number in 0..200 {
        let new = || records((0..3).map(|part| format!("{writer} {number} {part}")));
        let done = if writer.is_multiple_of(2) {
            store.begin(&producer).and_then(|mut transaction| {
                partitions.iter().try_for_each(|partition| transaction.append(partition, new()))?;
                transaction.commit().map(drop)
            })
        } else {
            partitions[1].append(new()).map(drop)
        };
        if done.is_err() {
            return number;
        }
    }
    200
}

/// How many operations of each writer are there, all whole and in order.
fn count(values: &[String]) -> BTreeMap<u64, u64> {
    let mut counted = BTreeMap::new();
    for operation in values.chunks(3) {
        let mut words = operation[0].split(' ').map(|word| word.parse::<u64>().unwrap());
        let (writer, number) = (words.next().unwrap(), words.next().unwrap());
        let expected: Vec<_> = (0..3).map(|part| format!("{writer} {number} {part}")).collect();
        assert_eq!(operation, expected);
        let next = counted.entry(writer).or_insert(0);
        assert_eq!(number, *next, "writer {writer} out of order");
        *next += 1;
    }
    counted
}
