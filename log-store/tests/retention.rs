//! Retention: whole segments go by age and size, and nothing that somebody needs.

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use log_store::{
    Clock, Disk, Error, Fault, FaultyDisk, MemDisk, Offset, Partition, RecordsBuilder, Result, Store,
    StoreConfig, TopicConfig,
};
use support::tiny;

/// A clock that stands until it is set.
#[derive(Clone, Default)]
struct Set(Arc<AtomicI64>);

impl Clock for Set {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Set {
    fn to(&self, ms: i64) {
        self.0.store(ms, Ordering::Relaxed);
    }

    fn open(&self, disk: &(impl Disk + Clone + 'static)) -> Result<Store> {
        let config =
            StoreConfig { clock: Arc::new(self.clone()), retention_interval: Duration::ZERO, ..tiny() };
        Store::open_on(Arc::new(disk.clone()), config)
    }
}

fn kept(retention_ms: Option<u64>, bytes: Option<u64>) -> TopicConfig {
    let retention = retention_ms.map(Duration::from_millis);
    TopicConfig { retention, retention_bytes: bytes, ..TopicConfig::default() }
}

fn value(number: u64) -> Vec<u8> {
    format!("{number:0>100}").into_bytes()
}

fn one(number: u64, timestamp: i64) -> RecordsBuilder {
    let mut records = RecordsBuilder::new();
    records.push(timestamp, None, Some(&value(number)));
    records
}

/// Appends records whose offset is their number and their time.
fn fill(partition: &Partition, numbers: std::ops::Range<u64>) -> Result<()> {
    numbers.into_iter().try_for_each(|number| partition.append(one(number, number as i64)).map(drop))
}

/// The offsets that are there, each with its own value.
fn offsets(partition: &Partition) -> Result<std::ops::Range<u64>> {
    let (start, end) = (partition.log_start_offset(), partition.last_stable_offset());
    let (mut scan, mut at) = (partition.scan(start, end), start);
    while let Some(record) = scan.next()? {
        assert_eq!((record.offset, record.value), (at, Some(&*value(at.0))));
        at = at.plus(1);
    }
    assert_eq!(at, end);
    Ok(start.0..end.0)
}

/// The first offsets of a partition's segments.
fn segments(disk: &impl Disk, partition: &Partition) -> Vec<u64> {
    let dir = format!("topics/{}/{}", partition.topic_id(), partition.id());
    let names = disk.list(Path::new(&dir)).unwrap();
    let bases = names.iter().filter_map(|name| name.strip_suffix(".log")?.parse().ok());
    let mut bases: Vec<u64> = bases.collect();
    bases.sort_unstable();
    bases
}

#[test]
fn whole_segments_go_once_all_their_records_are_too_old() -> Result<()> {
    let (disk, clock) = (MemDisk::new(), Set::default());
    let store = clock.open(&disk)?;
    let partition = store.create_topic("t", kept(Some(100), None))?.partition(0)?;
    fill(&partition, 0..100)?;
    let bases = segments(&disk, &partition);
    assert!(bases.len() >= 5, "{bases:?}");
    clock.to(100 + bases[2] as i64 - 1);
    store.retain()?;
    // The last record of the second segment is as old as may be, and no older.
    assert_eq!(partition.log_start_offset(), Offset(bases[1]));
    clock.to(100 + bases[2] as i64);
    store.retain()?;
    assert_eq!(offsets(&partition)?, bases[2]..100);
    assert_eq!(segments(&disk, &partition), bases[2..]);
    // What is there no more stays so.
    drop(partition);
    store.close()?;
    let store = clock.open(&disk)?;
    let partition = store.topic("t")?.partition(0)?;
    assert_eq!(offsets(&partition)?, bases[2]..100);
    // The last one goes, too, when all of it is too old: another is begun in its place.
    clock.to(1_000);
    store.retain()?;
    assert_eq!(offsets(&partition)?, 100..100);
    assert_eq!(segments(&disk, &partition), [100]);
    store.retain()?;
    drop((partition, store));
    let store = clock.open(&disk)?;
    let partition = store.topic("t")?.partition(0)?;
    fill(&partition, 100..103)?;
    assert_eq!(offsets(&partition)?, 100..103);
    Ok(())
}

#[test]
fn one_late_record_keeps_its_segment_and_those_behind_it() -> Result<()> {
    let (disk, clock) = (MemDisk::new(), Set::default());
    let store = clock.open(&disk)?;
    let partition = store.create_topic("t", kept(Some(100), None))?.partition(0)?;
    for number in 0..100 {
        partition.append(one(number, if number == 40 { 5_000 } else { 0 }))?;
    }
    let bases = segments(&disk, &partition);
    let expected = *bases.iter().rfind(|base| **base <= 40).unwrap();
    clock.to(1_000);
    store.retain()?;
    assert_eq!(offsets(&partition)?, expected..100);
    // Compacting nothing: it is by segments.
    clock.to(5_101);
    store.retain()?;
    assert_eq!(offsets(&partition)?, 100..100);
    Ok(())
}

#[test]
fn segments_go_while_those_behind_them_are_large_enough() -> Result<()> {
    let (disk, clock) = (MemDisk::new(), Set::default());
    let store = clock.open(&disk)?;
    let topic = store.create_topic("t", kept(None, Some(6_000)))?;
    let partition = topic.partition(0)?;
    let bytes = |partition: &Partition| -> u64 {
        let dir = format!("topics/{}/0", partition.topic_id());
        let files = segments(&disk, partition).into_iter().map(|base| format!("{dir}/{base:0>20}.log"));
        files.map(|file| disk.open(Path::new(&file), log_store::Create::No).unwrap().len().unwrap()).sum()
    };
    for end in 1..150 {
        fill(&partition, end - 1..end)?;
        let before = (bytes(&partition), segments(&disk, &partition));
        store.retain()?;
        let after = (bytes(&partition), segments(&disk, &partition));
        assert!(after.0 < 6_000 + 3_000, "{before:?} {after:?}");
        assert!(before.0 < 6_000 || after.0 >= 6_000, "{before:?} {after:?}");
        assert_eq!(offsets(&partition)?, after.1[0]..end);
    }
    assert!(partition.log_start_offset() > Offset(50));
    // As altered.
    topic.alter(|config| config.retention_bytes = Some(0))?;
    store.retain()?;
    assert_eq!(segments(&disk, &partition).len(), 1);
    Ok(())
}

#[test]
fn what_is_pinned_or_not_committed_stays() -> Result<()> {
    let (disk, clock) = (MemDisk::new(), Set::default());
    let store = clock.open(&disk)?;
    let topic = store.create_topic("t", kept(Some(1), Some(0)))?;
    let partition = topic.partition(0)?;
    fill(&partition, 0..60)?;
    let mut transaction = store.begin(&store.producer("p")?)?;
    // Large enough to be in the log before it ends.
    let mut records = RecordsBuilder::new();
    (60..90).for_each(|number| records.push(60, None, Some(&value(number))));
    transaction.append(&partition, records)?;
    fill(&partition, 90..120)?;
    let bases = segments(&disk, &partition);
    let floor = |offset: u64| *bases.iter().rfind(|base| **base <= offset).unwrap();
    clock.to(10_000);

    store.set_pins("slow", &[(topic.id(), partition.id(), Offset(31))])?;
    store.set_pins("fast", &[(topic.id(), partition.id(), Offset(59))])?;
    store.retain()?;
    assert_eq!(partition.log_start_offset(), Offset(floor(31)));
    store.set_pins("slow", &[])?;
    store.retain()?;
    assert_eq!(partition.log_start_offset(), Offset(floor(59)));
    store.set_pins("fast", &[])?;
    store.retain()?;
    // The transaction is open: readers have not seen what lies behind its beginning.
    assert_eq!(partition.last_stable_offset(), Offset(60));
    assert_eq!(partition.log_start_offset(), Offset(floor(60)));
    transaction.commit()?;
    store.retain()?;
    assert_eq!(offsets(&partition)?.start, partition.log_end_offset().0, "all of it is too old by now");
    Ok(())
}

#[test]
fn when_a_transaction_was_committed_does_not_keep_its_records() -> Result<()> {
    let (disk, clock) = (MemDisk::new(), Set::default());
    let store = clock.open(&disk)?;
    store.create_topic("t", kept(Some(100), None))?;
    let producer = store.producer("p")?;
    // The marker has the time of the clock, the records that of long before.
    clock.to(1_000);
    for number in 0..60 {
        let mut transaction = store.begin(&producer)?;
        transaction.append(&store.topic("t")?.partition(0)?, one(number, 10))?;
        transaction.commit()?;
    }
    store.close()?;
    let store = clock.open(&disk)?;
    store.retain()?;
    let partition = store.topic("t")?.partition(0)?;
    assert_eq!(partition.log_start_offset(), partition.log_end_offset());
    Ok(())
}

#[test]
fn an_aborted_load_gives_its_space_back() -> Result<()> {
    let (disk, clock) = (MemDisk::new(), Set::default());
    let store = clock.open(&disk)?;
    let partition = store.create_topic("t", kept(None, Some(4_000)))?.partition(0)?;
    fill(&partition, 0..20)?;
    let mut transaction = store.begin(&store.producer("p")?)?;
    for _ in 0..20 {
        let mut records = RecordsBuilder::new();
        (0..30).for_each(|number| records.push(20, None, Some(&value(number))));
        transaction.append(&partition, records)?;
    }
    let before = segments(&disk, &partition).len();
    transaction.abort()?;
    store.retain()?;
    let after = segments(&disk, &partition);
    assert!(before > 20 && after.len() <= 3, "{before} {after:?}");
    assert_eq!(partition.read(partition.log_start_offset(), 1 << 20)?.records().count(), 0);
    Ok(())
}

#[test]
fn a_segment_ends_when_its_first_record_is_old_enough() -> Result<()> {
    let (disk, clock) = (MemDisk::new(), Set::default());
    let store = clock.open(&disk)?;
    let config = TopicConfig { segment_age: Some(Duration::from_millis(50)), ..TopicConfig::default() };
    let partition = store.create_topic("t", config)?.partition(0)?;
    fill(&partition, 10..12)?;
    for (now, expected) in [(59, vec![0]), (60, vec![0, 2]), (60, vec![0, 2])] {
        clock.to(now);
        store.retain()?;
        assert_eq!(segments(&disk, &partition), expected, "at {now}");
    }
    partition.append(one(12, 70))?;
    clock.to(119);
    store.retain()?;
    assert_eq!(segments(&disk, &partition), [0, 2]);
    drop(partition);
    store.close()?;
    let store = clock.open(&disk)?;
    clock.to(120);
    store.retain()?;
    let partition = store.topic("t")?.partition(0)?;
    assert_eq!(segments(&disk, &partition), [0, 2, 3]);
    assert_eq!(partition.log_start_offset(), Offset(0), "nothing is given up by that");
    Ok(())
}

#[test]
fn who_reads_a_segment_that_goes_has_what_it_has_read_and_is_told_of_the_rest() -> Result<()> {
    let dir = tempfile::tempdir().unwrap();
    let clock = Set::default();
    let config = StoreConfig {
        clock: Arc::new(clock.clone()),
        segment_bytes: 100_000,
        retention_interval: Duration::ZERO,
        ..StoreConfig::default()
    };
    let owner = Store::open_with(dir.path(), config.clone())?;
    owner.create_topic("t", kept(Some(10), None))?;
    let client = Store::open_with(dir.path(), config)?;
    // Where the log ends is asked of its owner: the client may not have heard of all yet.
    let ends = || Ok::<_, Error>(owner.topic("t")?.partition(0)?.log_end_offset().0);
    for store in [&owner, &client] {
        let (start, partition) = (ends()?, store.topic("t")?.partition(0)?);
        fill(&partition, start..start + 2_000)?;
        let mut scan = partition.scan(Offset(start), Offset(start + 2_000)).reading(10_000);
        for _ in 0..10 {
            assert!(scan.next()?.is_some());
        }
        clock.to(start as i64 + 1_500);
        // Asked for by the one that does not own it, too.
        store.retain()?;
        assert!(partition.wait_beyond(Offset(start + 1_999), Duration::ZERO));
        let from = partition.log_start_offset();
        assert!(from > Offset(start + 800) && from < Offset(start + 1_490), "{from}");
        let mut last = Offset(start + 9);
        let error = loop {
            match scan.next() {
                Ok(Some(record)) => {
                    assert_eq!(record.value, Some(&*value(record.offset.0)));
                    last = record.offset;
                }
                Ok(None) => panic!("it does not end at {last}"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::OffsetOutOfRange { start, .. } if start == from), "{error}");
        assert!(last > Offset(start + 9), "what was read is given");
        assert_eq!(offsets(&partition)?, from.0..start + 2_000);
    }
    Ok(())
}

#[test]
fn it_is_done_by_itself() -> Result<()> {
    let config = StoreConfig { retention_interval: Duration::from_millis(1), ..tiny() };
    let store = Store::open_on(Arc::new(MemDisk::new()), config)?;
    let (told, commits) = mpsc::channel();
    let _subscription = store.on_commit(Arc::new(move || told.send(()).unwrap_or_default()));
    let partition = store.create_topic("t", kept(Some(1), None))?.partition(0)?;
    partition.append(one(0, 0))?;
    while partition.log_start_offset() < Offset(1) {
        commits.recv_timeout(Duration::from_secs(60)).expect("it is given up, and that is told");
    }
    store.close()
}

/// A log of a hundred records, at a time.
fn hundred(disk: &FaultyDisk, clock: &Set, now: i64) -> Result<(Store, Partition)> {
    clock.to(0);
    let store = clock.open(disk)?;
    let partition = store.create_topic("t", kept(Some(100), None))?.partition(0)?;
    fill(&partition, 0..100)?;
    clock.to(now);
    Ok((store, partition))
}

/// The log must end with 100, and begin with one of these offsets, and go on; gives where it begins.
fn check(disk: &FaultyDisk, clock: &Set, starts: &[u64], situation: &str) -> u64 {
    let store = clock.open(disk).unwrap_or_else(|error| panic!("{situation}: {error}"));
    assert!(store.recovery().damaged.is_empty(), "{situation}: {:?}", store.recovery());
    let partition = store.topic("t").unwrap().partition(0).unwrap();
    let found = offsets(&partition).unwrap_or_else(|error| panic!("{situation}: {error}"));
    assert!(starts.contains(&found.start) && found.end == 100, "{situation}: {found:?}, not of {starts:?}");
    fill(&partition, 100..103).unwrap_or_else(|error| panic!("{situation}: {error}"));
    store.retain().unwrap_or_else(|error| panic!("{situation}: {error}"));
    assert!(offsets(&partition).unwrap().start > 0, "{situation}");
    found.start
}

#[test]
fn a_crash_or_an_error_at_any_moment_leaves_a_whole_log_that_begins_where_it_did_or_where_it_is_to()
-> Result<()> {
    let (mut moved, mut stayed, mut failed) = (0, 0, 0);
    let clock = Set::default();
    // Some of it goes, or all: then another segment is begun first.
    for time in [160, 1_000] {
        let (healthy, target) = {
            let disk = FaultyDisk::new();
            let (store, partition) = hundred(&disk, &clock, time)?;
            let before = disk.changes();
            store.retain()?;
            (disk.changes() - before, partition.log_start_offset().0)
        };
        assert!(target >= 50 && healthy > 5, "{target} {healthy}");
        for moment in 0..healthy {
            for fault in [None, Some(Fault::Io), Some(Fault::NoSpace)] {
                let situation = format!("{fault:?} at change {moment} at {time}");
                let disk = FaultyDisk::new();
                let (store, partition) = hundred(&disk, &clock, time)?;
                let at = disk.changes() + moment;
                match fault {
                    None => disk.power_off_at(at),
                    Some(fault) => disk.fail_at(at, fault),
                }
                let retained = store.retain();
                let start = partition.log_start_offset().0;
                failed += u32::from(retained.is_err());
                assert!(start == target || retained.is_err(), "{situation}: {start}");
                // What readers were told stays so; an entry that was on its way may be there or not.
                let starts = if start == 0 { vec![0, target] } else { vec![start] };
                for seed in 0..3 {
                    let found =
                        check(&disk.crash(seed), &clock, &starts, &format!("{situation}, power lost"));
                    *(if found > 0 { &mut moved } else { &mut stayed }) += 1;
                }
                if fault.is_some() {
                    check(&disk.copy(), &clock, &starts, &format!("{situation}, process ended"));
                }
            }
        }
    }
    println!("moved {moved}, stayed {stayed}, failed {failed}");
    assert!(moved > 20 && stayed > 20 && failed > 20, "{moved} {stayed} {failed}");
    Ok(())
}
