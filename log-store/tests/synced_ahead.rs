//! Segments are synced while the journal fills: little is left for who finds it full, and nothing depends on it.

mod support;

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use log_store::{Disk, DiskFile, Error, Fault, FaultyDisk, Partition, Store, StoreConfig, TopicConfig};
use support::around::{Around, Files};
use support::{Random, records, rounds, values};

/// So much may be left to be synced of a segment.
const LEFT_MAX: u64 = 1 << 20;

const PATIENCE: Duration = Duration::from_secs(60);

/// A disk that knows how much of each segment is not synced, and can hold up the thread that syncs them ahead.
type WatchedDisk = Around<FaultyDisk, Arc<Watch>>;

#[derive(Default)]
struct Watch {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Bytes of all segments that are not synced.
    unsynced: u64,
    /// How often the thread has synced one.
    ahead: usize,
    is_held: bool,
    waits: bool,
}

impl Watch {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    fn wait_until(&self, what: &str, holds: impl Fn(&State) -> bool) {
        let waits = |state: &mut State| !holds(state);
        let (state, _) = self.changed.wait_timeout_while(self.state(), PATIENCE, waits).unwrap();
        assert!(holds(&state), "{what}");
    }
}

struct WatchedFile {
    inner: Arc<dyn DiskFile>,
    /// For segments alone: what was written and not synced.
    watch: Option<(Arc<Watch>, Mutex<u64>)>,
}

fn is_syncer() -> bool {
    std::thread::current().name() == Some("log-store-syncer")
}

impl DiskFile for WatchedFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        self.inner.read_at(buffer, position)
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.inner.write_all_at(bytes, position)?;
        if let Some((watch, unsynced)) = &self.watch {
            *unsynced.lock().unwrap() += bytes.len() as u64;
            watch.change(|state| state.unsynced += bytes.len() as u64);
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let Some((watch, unsynced)) = &self.watch else { return self.inner.sync_data() };
        if is_syncer() {
            watch.change(|state| state.waits = true);
            drop(watch.changed.wait_while(watch.state(), |state| state.is_held).unwrap());
        }
        let covered = *unsynced.lock().unwrap();
        let synced = self.inner.sync_data();
        *unsynced.lock().unwrap() -= covered;
        watch.change(|state| {
            state.unsynced -= covered;
            state.ahead += usize::from(is_syncer());
            state.waits = false;
        });
        synced
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.inner.set_len(length)
    }

    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }
}

impl Files for Arc<Watch> {
    fn around(&self, path: &Path, inner: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        let is_segment = path.extension().is_some_and(|extension| extension == "log");
        let watch = is_segment.then(|| (self.clone(), Mutex::new(0)));
        Arc::new(WatchedFile { inner, watch })
    }
}

/// A store on the disk, and its partitions.
fn open(disk: &(impl Disk + Clone + 'static)) -> Result<(Store, Vec<Partition>), Error> {
    let store = Store::open_on(Arc::new(disk.clone()), StoreConfig::default())?;
    let topic = match store.find_topic("t") {
        Some(topic) => topic,
        None => store.create_topic("t", TopicConfig::with_partitions(2))?,
    };
    let partitions = (0..2).map(|number| topic.partition(number)).collect::<Result<_, _>>()?;
    Ok((store, partitions))
}

/// A value of 60 kB, which says which it is.
fn value(number: usize) -> String {
    format!("{number:>60000}")
}

fn numbers(partition: &Partition) -> Vec<usize> {
    values(partition).unwrap().iter().map(|value| value.trim().parse().unwrap()).collect()
}

#[test]
fn little_of_a_segment_is_unsynced_however_full_the_journal_is() {
    let disk = WatchedDisk::default();
    let (store, partitions) = open(&disk).unwrap();
    // Beyond the first file of the journal that has its full size.
    for number in 0..200 {
        partitions[0].append(records([value(number)])).unwrap();
        disk.files.wait_until("too much is not synced", |state| state.unsynced < LEFT_MAX);
    }
    assert!(disk.files.state().ahead >= 3);
    store.close().unwrap();
}

#[test]
fn a_sync_ahead_that_fails_stops_its_partition_and_loses_nothing() {
    let disk = WatchedDisk::default();
    let (_store, partitions) = open(&disk).unwrap();
    disk.files.change(|state| state.is_held = true);
    let mut first = 0;
    while !disk.files.state().waits {
        partitions[0].append(records([value(first)])).unwrap();
        first += 1;
        assert!(first < 400, "nothing is synced ahead");
    }
    disk.inner.fail_at(disk.inner.changes(), Fault::Io);
    disk.files.change(|state| state.is_held = false);
    disk.files.wait_until("the sync does not end", |state| !state.waits);
    while partitions[0].append(records([value(first)])).is_ok() {
        first += 1;
        assert!(first < 800, "what is lost is written to");
    }
    let refused = partitions[0].append(records(["more"])).unwrap_err();
    assert!(matches!(refused, Error::PartitionReadOnly { .. }), "{refused}");
    // Enough for the journal to be full, which has what the segment has lost, and must not forget it.
    for number in 0..250 {
        partitions[1].append(records([value(number)])).unwrap();
    }
    for disk in [disk.inner.copy(), disk.inner.crash(5)] {
        let (_store, partitions) = open(&disk).unwrap();
        assert_eq!(numbers(&partitions[0]), (0..first).collect::<Vec<_>>());
        assert_eq!(numbers(&partitions[1]), (0..250).collect::<Vec<_>>());
    }
}

#[test]
fn power_that_is_lost_at_any_moment_takes_nothing_that_was_acknowledged() {
    for seed in 0..rounds("LOG_STORE_CRASHES", 8) {
        let disk = FaultyDisk::new();
        let (_store, partitions) = open(&disk).unwrap();
        disk.power_off_at(disk.changes() + Random(seed).below(700));
        let acknowledged: Vec<usize> = std::thread::scope(|scope| {
            let write = |partition: &Partition| {
                (0..90).take_while(|number| partition.append(records([value(*number)])).is_ok()).count()
            };
            let writing: Vec<_> =
                partitions.iter().map(|partition| scope.spawn(move || write(partition))).collect();
            writing.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let (_store, partitions) = open(&disk.crash(seed)).unwrap();
        for (partition, acknowledged) in partitions.iter().zip(acknowledged) {
            let found = numbers(partition);
            assert_eq!(found, (0..found.len()).collect::<Vec<_>>(), "seed {seed}");
            assert!(found.len() >= acknowledged, "seed {seed}: {} of {acknowledged}", found.len());
        }
    }
}
