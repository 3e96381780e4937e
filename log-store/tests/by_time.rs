//! Finding records by time: always the first that is not earlier, whatever the index says.

mod support;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use log_store::{
    Compression, Disk, DiskFile, FaultyDisk, MemDisk, Offset, Partition, RecordsBuilder, Result, Store,
    StoreConfig, TopicConfig,
};
use support::around::{Around, Files};
use support::{Random, open};

/// Offsets and timestamps of committed records.
type Model = Vec<(Offset, i64)>;

fn first(model: &Model, start: Offset, time: i64) -> Option<Offset> {
    model.iter().find(|(offset, at)| *offset >= start && *at >= time).map(|(offset, _)| *offset)
}

#[track_caller]
fn check(partition: &Partition, model: &Model, situation: &str) {
    let times = model.iter().map(|(_, at)| *at);
    let mut asked: Vec<_> = times.flat_map(|at| [at - 1, at, at + 1]).chain([i64::MIN, i64::MAX]).collect();
    asked.sort_unstable();
    asked.dedup();
    for time in asked.iter().step_by(1 + asked.len() / 60) {
        let expected = first(model, partition.log_start_offset(), *time);
        let found = partition.offset_for_time(*time).unwrap_or_else(|error| panic!("{situation}: {error}"));
        assert_eq!(found, expected, "{situation}: time {time}");
    }
}

/// Timestamps as they come: rising, about the same, or anything.
struct Times {
    random: Random,
    kind: u64,
    now: i64,
}

impl Times {
    fn next(&mut self) -> i64 {
        match self.kind {
            0 => self.now += self.random.below(10) as i64,
            1 => self.now += self.random.below(40) as i64 - 15,
            2 if self.random.below(50) == 0 => self.now += 100,
            2 => {}
            _ => self.now = self.random.below(100_000) as i64 - 50_000,
        }
        self.now
    }

    fn records(&mut self, count: u64) -> (RecordsBuilder, Vec<i64>) {
        let (mut records, times): (_, Vec<_>) =
            (RecordsBuilder::new(), (0..count).map(|_| self.next()).collect());
        times.iter().for_each(|time| records.push(*time, None, Some(b"some value, to fill a segment")));
        (records, times)
    }
}

/// Appends, commits and aborts; gives what readers see.
fn fill(store: &Store, times: &mut Times, model: &mut Model) -> Result<()> {
    let partition = store.topic("t")?.partition(0)?;
    let producer = store.producer("p")?;
    for _ in 0..25 {
        let count = 1 + times.random.below(30);
        let (records, added) = times.records(count);
        let base = match times.random.below(4) {
            0 | 1 => partition.append(records)?,
            kind => {
                let mut transaction = store.begin(&producer)?;
                transaction.append(&partition, records)?;
                if kind == 3 {
                    transaction.abort()?;
                    continue;
                }
                transaction.commit()?[0].2
            }
        };
        model.extend(added.iter().enumerate().map(|(index, at)| (base.plus(index as u64), *at)));
    }
    Ok(())
}

#[test]
fn whatever_the_timestamps_the_first_that_is_not_earlier_is_found() -> Result<()> {
    for seed in 0..12 {
        let disk = FaultyDisk::new();
        let compression = Compression::ALL[seed as usize % 5];
        let mut times = Times { random: Random(seed), kind: seed % 4, now: 1_000_000 };
        let mut model = Model::new();
        let store = open(&disk)?;
        let config = TopicConfig { compression, ..TopicConfig::default() };
        let partition = store.create_topic("t", config)?.partition(0)?;
        assert_eq!(partition.offset_for_time(0)?, None);
        fill(&store, &mut times, &mut model)?;
        check(&partition, &model, &format!("seed {seed}, written"));
        drop((partition, store));
        for round in 0..3 {
            let store = open(&disk)?;
            let partition = store.topic("t")?.partition(0)?;
            check(&partition, &model, &format!("seed {seed}, opened {round}"));
            fill(&store, &mut times, &mut model)?;
            let end = partition.last_stable_offset();
            partition.delete_records_before(Offset(times.random.below(end.0 / 2)))?;
            check(&partition, &model, &format!("seed {seed}, filled {round}"));
        }
        // As they are on a disk that has lost its power, and with files that say something else.
        let crashed = disk.crash(seed);
        check(&open(&crashed)?.topic("t")?.partition(0)?, &model, &format!("seed {seed}, crashed"));
        damage_files(&disk, &mut times.random);
        check(&open(&disk)?.topic("t")?.partition(0)?, &model, &format!("seed {seed}, damaged"));
    }
    Ok(())
}

/// The files of time indexes.
fn files(disk: &FaultyDisk) -> Vec<String> {
    let dir = "topics/0000000000000000/0";
    let names = disk.list(Path::new(dir)).unwrap();
    let mut files: Vec<_> = names.iter().map(|name| format!("{dir}/{name}")).collect();
    files.retain(|name| name.ends_with(".timeindex"));
    files.sort();
    files
}

fn damage_files(disk: &FaultyDisk, random: &mut Random) {
    let files = files(disk);
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        let path = Path::new(&file);
        let mut content = disk.content(path).unwrap();
        match random.below(4) {
            // Between two entries.
            0 => content.truncate(12 * random.below(content.len() as u64 / 12) as usize),
            1 => content.fill(0),
            2 => content.extend_from_slice(&[0xff; 12]),
            // Timestamps that rise, and of which none is in the log.
            _ => content.chunks_mut(12).for_each(|entry| {
                let at = i64::from_be_bytes(entry[..8].try_into().unwrap());
                entry[..8].copy_from_slice(&(at - 1_000_000).to_be_bytes());
            }),
        }
        disk.set_content(path, content);
    }
}

/// A disk that counts what is read of it.
type Counting = Around<MemDisk, Arc<AtomicU64>>;

struct CountingFile {
    file: Arc<dyn DiskFile>,
    bytes: Arc<AtomicU64>,
}

impl Files for Arc<AtomicU64> {
    fn around(&self, _: &Path, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(CountingFile { file, bytes: self.clone() })
    }
}

impl DiskFile for CountingFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let read = self.file.read_at(buffer, position)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, position)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
}

#[test]
fn the_index_is_read_and_not_the_log() -> Result<()> {
    let disk = Counting::default();
    let config = StoreConfig { segment_bytes: 500_000, index_interval_bytes: 4096, ..StoreConfig::default() };
    let store = Store::open_on(Arc::new(disk.clone()), config.clone())?;
    let partition = store.create_topic("t", TopicConfig::default())?.partition(0)?;
    let mut times = Times { random: Random(1), kind: 0, now: 0 };
    let mut model = Model::new();
    for _ in 0..12_000 {
        let (records, added) = times.records(10);
        let base = partition.append(records)?;
        model.extend(added.iter().enumerate().map(|(index, at)| (base.plus(index as u64), *at)));
    }
    let all = 12_000 * 400;
    drop(partition);
    store.close()?;
    let store = Store::open_on(Arc::new(disk.clone()), config)?;
    let partition = store.topic("t")?.partition(0)?;
    let read_for = |time: i64| -> Result<u64> {
        let before = disk.files.load(Ordering::Relaxed);
        assert_eq!(partition.offset_for_time(time)?, first(&model, Offset(0), time));
        Ok(disk.files.load(Ordering::Relaxed) - before)
    };
    for place in [10, model.len() / 2, model.len() - 50_000] {
        let read = read_for(model[place].1)?;
        assert!(read < all / 8, "{read} of {all} bytes were read for record {place}");
    }
    // The segment that has not ended is gone through once.
    let last = model[model.len() - 5].1;
    read_for(last)?;
    let read = read_for(last)?;
    assert!(read < all / 20, "{read} of {all} bytes were read for the end");
    Ok(())
}

#[test]
fn a_client_finds_what_the_owner_finds() -> Result<()> {
    let dir = tempfile::tempdir().unwrap();
    let owner = Store::open_with(dir.path(), StoreConfig { segment_bytes: 3_000, ..StoreConfig::default() })?;
    let partition = owner.create_topic("t", TopicConfig::default())?.partition(0)?;
    let client = Store::open(dir.path())?;
    let theirs = client.topic("t")?.partition(0)?;
    let mut times = Times { random: Random(5), kind: 1, now: 0 };
    let mut model = Model::new();
    for round in 0..4 {
        fill(&client, &mut times, &mut model)?;
        check(&theirs, &model, &format!("client, round {round}"));
        check(&partition, &model, &format!("owner, round {round}"));
    }
    owner.close()?;
    check(&theirs, &model, "the client alone");
    Ok(())
}
