//! Minutes of a steady load, with retention on: times that must not drift, memory and a directory that must not grow.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use log_store::{Partition, Producer, Store, StoreConfig, TopicConfig};

use crate::engines::batch;
use crate::figures::{micros, percentile};
use crate::{Plan, Result};

const PRODUCERS: usize = 4;
/// What each producer appends at once, and how often: 50,000 records a second of all.
const RECORDS: u64 = 125;
const EVERY: Duration = Duration::from_millis(10);
/// What a transaction adds to each partition of the other topic, and how often there is one.
const COMMITTED: u64 = 10;
const COMMIT_EVERY: Duration = Duration::from_millis(100);
const WINDOW: Duration = Duration::from_secs(30);

/// Times of one window, gathered by those who append and commit.
#[derive(Default)]
struct Times {
    appends: Vec<Duration>,
    commits: Vec<Duration>,
}

pub(crate) fn table(plan: &Plan) -> Result<String> {
    let dir = plan.dir.join("steady");
    let config = StoreConfig { retention_interval: Duration::from_secs(1), ..StoreConfig::default() };
    let store = Store::open_with(&dir, config)?;
    let bounded = || TopicConfig {
        segment_bytes: Some(4 << 20),
        retention_bytes: Some(16 << 20),
        ..TopicConfig::with_partitions(PRODUCERS as u32)
    };
    let partitions = |name| -> Result<Vec<Partition>> {
        let topic = store.create_topic(name, bounded())?;
        Ok((0..topic.partitions()).map(|number| topic.partition(number)).collect::<Result<_, _>>()?)
    };
    let (appended, committed) = (partitions("appended")?, partitions("committed")?);
    let producer = store.producer("steady")?;
    let (times, over) = (Mutex::new(Times::default()), AtomicBool::new(false));
    let table = thread::scope(|scope| {
        let mut running = Vec::new();
        for (thread, partition) in appended.iter().enumerate() {
            let (times, over) = (&times, &over);
            running.push(scope.spawn(move || append(thread, partition, times, over)));
        }
        running.push(scope.spawn(|| commit(&store, &producer, &committed, &times, &over)));
        let table = watch(plan, &dir, &times, || running.iter().all(|thread| !thread.is_finished()));
        over.store(true, Ordering::Relaxed);
        for thread in running {
            thread.join().expect("a thread ends by its result")?;
        }
        table
    })?;
    drop((appended, committed));
    store.close()?;
    fs::remove_dir_all(&dir)?;
    Ok(table)
}

/// Does it at a steady pace, with what takes too long made up for, and takes the times.
fn at_pace(every: Duration, over: &AtomicBool, mut act: impl FnMut(u64) -> Result<()>) -> Result<()> {
    let begun = Instant::now();
    let mut number = 0;
    while !over.load(Ordering::Relaxed) {
        let due = begun + every * u32::try_from(number)?;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        act(number)?;
        number += 1;
    }
    Ok(())
}

fn append(thread: usize, partition: &Partition, times: &Mutex<Times>, over: &AtomicBool) -> Result<()> {
    at_pace(EVERY, over, |number| {
        let records = batch(thread, number * RECORDS, RECORDS);
        let begun = Instant::now();
        partition.append(records)?;
        times.lock().expect("nobody panics with it").appends.push(begun.elapsed());
        Ok(())
    })
}

fn commit(
    store: &Store,
    producer: &Producer,
    to: &[Partition],
    times: &Mutex<Times>,
    over: &AtomicBool,
) -> Result<()> {
    at_pace(COMMIT_EVERY, over, |number| {
        let begun = Instant::now();
        let mut transaction = store.begin(producer)?;
        for (thread, partition) in to.iter().enumerate() {
            transaction.append(partition, batch(thread, number * COMMITTED, COMMITTED))?;
        }
        transaction.commit()?;
        times.lock().expect("nobody panics with it").commits.push(begun.elapsed());
        Ok(())
    })
}

/// A line for each window.
fn watch(plan: &Plan, dir: &Path, times: &Mutex<Times>, go_on: impl Fn() -> bool) -> Result<String> {
    let mut text = String::from(
        "| until | appends | p50 | p99 | commits | p50 | p99 | memory | directory |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    let (begun, window) = (Instant::now(), WINDOW.min(plan.steady / 4));
    let mut end = window;
    while end <= plan.steady && go_on() {
        thread::sleep((begun + end).saturating_duration_since(Instant::now()));
        let Times { mut appends, mut commits } =
            std::mem::take(&mut *times.lock().expect("nobody panics with it"));
        let both = |times: &mut Vec<Duration>| {
            let (p50, p99) = (micros(percentile(times, 50)), micros(percentile(times, 99)));
            format!("{} | {:.2} ms | {:.2} ms", times.len(), p50 / 1e3, p99 / 1e3)
        };
        let (appends, commits) = (both(&mut appends), both(&mut commits));
        let (memory, directory) = (resident()? >> 20, bytes_of(dir) >> 20);
        let line =
            format!("| {} s | {appends} | {commits} | {memory} MiB | {directory} MiB |", end.as_secs());
        eprintln!("{line}");
        writeln!(text, "{line}")?;
        end += window;
    }
    Ok(text)
}

/// What this process has in memory, in bytes.
fn resident() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? << 10)
}

/// What a directory has on disk. Files that go meanwhile do not count.
fn bytes_of(dir: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    let each = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_of(&entry.path()),
        Ok(metadata) => metadata.blocks() * 512,
        Err(_) => 0,
    });
    each.sum()
}
