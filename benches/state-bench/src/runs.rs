//! The runs: each as a child process, and what they come to.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use waterwheel::prelude::*;

use crate::Failure;
use crate::measured::{Measured, cpu, memory_kib};
use crate::pipeline::{Booking, Bookings, accounts};

/// What is to be measured.
pub(crate) struct Bench {
    pub(crate) keys: u64,
    pub(crate) rows: u64,
    pub(crate) rounds: u64,
    pub(crate) workers: u64,
}

/// The runs with checkpoints: what the page calls them, and the interval as the child is told it.
const RUNS: [(&str, &str); 4] = [
    ("none but at the end", "never"),
    ("every 5 s", "5000"),
    ("every second", "1000"),
    ("every 200 ms", "200"),
];

impl Bench {
    /// Measures everything, and gives a page.
    pub(crate) fn measure(&self) -> Result<String, Failure> {
        let dir = tempfile::tempdir()?;
        let few_dir = tempfile::tempdir()?;
        self.child("load", dir.path(), self.keys)?;
        self.child("load", few_dir.path(), 1)?;
        let few = self.child("never", few_dir.path(), 1)?;
        let mut taken: [Vec<Measured>; RUNS.len()] = Default::default();
        let mut restarts = Vec::new();
        for _ in 0..self.rounds {
            for ((_, interval), taken) in RUNS.iter().zip(&mut taken) {
                taken.push(self.child(interval, dir.path(), self.keys)?);
                restarts.push(self.child("restart", dir.path(), self.keys)?);
            }
        }
        Ok(self.page(few, &taken, &restarts))
    }

    fn page(&self, few: Measured, taken: &[Vec<Measured>], restarts: &[Measured]) -> String {
        let mut page = String::new();
        let none = &taken[0];
        let median = |of: &[Measured], what: fn(&Measured) -> f64| {
            let mut numbers: Vec<f64> = of.iter().map(what).collect();
            numbers.sort_by(f64::total_cmp);
            numbers[numbers.len() / 2]
        };
        let _ = writeln!(
            page,
            "| checkpoints | CPU | CPU ÷ none | gap between commits, median | greatest |\n|---|---|---|---|---|"
        );
        for ((name, _), taken) in RUNS.iter().zip(taken) {
            let ratio =
                |(with, none): (&Measured, &Measured)| with.cpu.as_secs_f64() / none.cpu.as_secs_f64();
            let mut ratios: Vec<f64> = taken.iter().zip(none).map(ratio).collect();
            ratios.sort_by(f64::total_cmp);
            let _ = writeln!(
                page,
                "| {name} | {:.2} s | {:.2} | {:.1} ms | {:.0} ms |",
                median(taken, |run| run.cpu.as_secs_f64()),
                ratios[ratios.len() / 2],
                median(taken, |run| run.gap_median.as_secs_f64() * 1e3),
                median(taken, |run| run.gap_max.as_secs_f64() * 1e3),
            );
        }
        let entries = none[0].entries.max(1);
        let running = median(none, |run| run.resident_kib as f64);
        let per_key = (running - few.resident_kib as f64) * 1024.0 / entries as f64;
        let _ = writeln!(page, "\n| state | |\n|---|---|");
        let _ = writeln!(page, "| entries | {entries} |");
        let per_entry = none[0].state_bytes as f64 / entries as f64;
        let _ = writeln!(page, "| bytes in the log, an entry of a full checkpoint | {per_entry:.1} |");
        let _ = writeln!(page, "| bytes in memory, a key | {per_key:.0} |");
        let restart = median(restarts, |run| run.elapsed.as_secs_f64());
        let peak = median(restarts, |run| run.peak_kib as f64);
        let _ = writeln!(page, "| restart | {restart:.2} s |");
        let _ = writeln!(
            page,
            "| memory of a restart at its peak | {:.0} MiB, {:.2} of a run's {:.0} MiB |",
            peak / 1024.0,
            peak / running,
            running / 1024.0
        );
        page
    }

    fn child(&self, what: &str, dir: &Path, keys: u64) -> Result<Measured, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--keys", &keys.to_string(), "--rows", &self.rows.to_string()]);
        command.args(["--workers", &self.workers.to_string(), "--child", what]).arg(dir);
        let output = command.stderr(std::process::Stdio::inherit()).output()?;
        let said = String::from_utf8(output.stdout)?;
        if !output.status.success() {
            return Err(format!("the run `{what}` failed").into());
        }
        let measured = Measured::of_line(&said)?;
        eprintln!("{what}: {measured:?}");
        Ok(measured)
    }
}

/// What a child process does: loads the rows, goes on from a checkpoint, or runs with checkpoints at an interval.
pub(crate) fn child(what: &str, dir: &Path, keys: u64, rows: u64, workers: u64) -> Result<(), Failure> {
    let begun = Instant::now();
    let store = Store::open(dir)?;
    let options = RunOptions::new().workers(workers as usize);
    let measured = match what {
        "load" => {
            let topic = TypedTopic::open(&store, Bookings)?;
            let mut loading = topic.load()?;
            (0..rows).try_for_each(|number| loading.push(&Booking::nth(number, keys)))?;
            loading.commit()?;
            Measured::default()
        }
        "restart" => {
            let summary = accounts().start(&store, options.until_end())?.wait()?;
            let (resident_kib, peak_kib) = memory_kib()?;
            let (elapsed, entries) = (begun.elapsed(), summary.entries_open);
            Measured { elapsed, cpu: cpu()?, entries, resident_kib, peak_kib, ..Measured::default() }
        }
        interval => {
            accounts().reset(&store)?;
            let interval = interval.parse().map_or(Duration::from_secs(1 << 30), Duration::from_millis);
            measure_run(&store, options.checkpoint_interval(interval))?
        }
    };
    measured.print();
    Ok(())
}

/// Runs over all rows. What the checkpoint at the end takes does not count.
fn measure_run(store: &Store, options: RunOptions) -> Result<Measured, Failure> {
    let commits = Arc::new(Mutex::new(Vec::new()));
    let hook = commits.clone();
    let took_place = move || hook.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
    let (begun, cpu_before) = (Instant::now(), cpu()?);
    let job = accounts().start(store, options)?;
    let subscription = store.on_commit(Arc::new(took_place));
    job.wait_until_caught_up()?;
    let (elapsed, cpu_after) = (begun.elapsed(), cpu()?);
    drop(subscription);
    let (resident_kib, peak_kib) = memory_kib()?;
    let summary = job.stop()?;
    let commits = commits.lock().unwrap_or_else(PoisonError::into_inner);
    let mut gaps: Vec<Duration> = commits.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort();
    Ok(Measured {
        elapsed,
        cpu: cpu_after - cpu_before,
        gap_median: gaps.get(gaps.len() / 2).copied().unwrap_or_default(),
        gap_max: gaps.last().copied().unwrap_or_default(),
        entries: summary.entries_open,
        resident_kib,
        peak_kib,
        state_bytes: state_bytes(store)?,
    })
}

/// The bytes of keys and values in the state topic. Without checkpoints before the end this is one full checkpoint.
fn state_bytes(store: &Store) -> Result<u64, Failure> {
    let state = store.topic("__accounts.state")?.partition(0)?;
    let mut scan = state.scan(state.log_start_offset(), state.last_stable_offset());
    let mut bytes = 0;
    while let Some(record) = scan.next()? {
        bytes += record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
    }
    Ok(bytes as u64)
}
