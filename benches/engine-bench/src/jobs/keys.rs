//! Windows over very many keys: what state costs while it grows and changes, in checkpoints, at a restart, and when all of it
//! is due at once.

use std::path::Path;
use std::time::Duration as StdDuration;

use waterwheel::log::Offset;
use waterwheel::prelude::*;
use waterwheel::{Job, TypedTopic};

use super::Settings;
use crate::Failure;
use crate::gaps::Commits;
use crate::random::Random;
use crate::report::Report;
use crate::usage::{Begun, forget_peak, peak_kib, resident_kib};

#[derive(Debug, Clone, PartialEq, Record)]
struct Hit {
    key: u64,
    value: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct KeyHour {
    key: u64,
    hour: Timestamp,
    hits: u64,
    total: i64,
}

topics! {
    Hits("hits"): Hit { key: key, time: at, partitions: 4 }
    KeyHours("key-hours"): KeyHour { key: key, time: hour }
}

#[pipeline]
fn per_key() {
    let hits = source(Hits).lateness(1s).late_drop();
    let hours = hits.group_by(|h| h.key).window(tumbling(1h)).select(|w, h| KeyHour {
        key: w.key(),
        hour: w.start(),
        hits: count(),
        total: sum(h.value),
    });
    hours.sink(KeyHours);
}

/// Where the pipeline keeps its state.
const STATE: &str = "__per_key.state";

pub(super) const HOUR_MS: u64 = 3_600_000;

/// Rows behind the hour, so that each partition has some.
pub(super) const ROWS_BEHIND: u64 = 1_000;

/// Loads rows of one hour, which has each key about equally often, and tells what the pipeline must make of them.
pub(super) fn load(store: &Store, settings: &Settings) -> Result<Report, Failure> {
    let hits = TypedTopic::open(store, Hits)?;
    let mut loading = hits.load()?;
    let total = hour_rows(settings, |key, value, at| loading.push(&Hit { key: spread(key), value, at }))?;
    let mut oracle = Report::default();
    oracle.put("rows_read", loading.commit()?);
    oracle.put("entries", settings.keys.min(settings.rows));
    oracle.put("hits", settings.rows);
    oracle.put("total", total);
    Ok(oracle)
}

/// Hands over rows of one hour, by the number of the key, the value and the time; gives the sum of all values.
pub(super) fn hour_rows(
    settings: &Settings,
    mut push: impl FnMut(u64, i64, Timestamp) -> waterwheel::Result<()>,
) -> Result<i64, Failure> {
    let mut random = Random::new(865);
    let (mut number, mut total) = (0, 0);
    while number < settings.rows {
        for key in random.order(settings.keys) {
            if number == settings.rows {
                break;
            }
            // Up to two seconds before the hour's end.
            let at = Timestamp::from_millis((number * (HOUR_MS - 2_000) / settings.rows) as i64);
            let value = random.below(1_000) as i64;
            total += value;
            push(key, value, at)?;
            number += 1;
        }
    }
    Ok(total)
}

/// Runs from an empty state until all rows are in it, with checkpoints as the settings say; then ends cleanly.
pub(super) fn run(store: &Store, settings: &Settings) -> Result<Report, Failure> {
    per_key().reset(store)?;
    let mut report = Report::default();
    let (commits, begun) = (Commits::of(store), Begun::now());
    let job = per_key().start(store, options(settings))?;
    job.wait_until_caught_up()?;
    begun.tell(&mut report);
    commits.tell(&mut report);
    report.put("resident_kib", resident_kib()?);
    report.put("peak_kib", peak_kib()?);
    let summary = job.stop()?;
    report.put("rows_read", summary.rows_read);
    report.put("entries", summary.entries_open);
    report.put("state_bytes", state_bytes(store)?);
    Ok(report)
}

/// Starts anew on what [`run`] has left, and takes the time until a first row more is committed. Then the hour is closed, so that what
/// was recovered is told.
pub(super) fn restart(store: &Store, settings: &Settings) -> Result<Report, Failure> {
    append(store, HOUR_MS - 1_500, 1)?;
    let mut report = Report::default();
    let begun = Begun::now();
    let job = per_key().start(store, options(settings))?;
    job.wait_until_caught_up()?;
    begun.tell(&mut report);
    report.put("resident_kib", resident_kib()?);
    report.put("peak_kib", peak_kib()?);
    append(store, 2 * HOUR_MS, ROWS_BEHIND)?;
    job.wait_until_caught_up()?;
    report.put("replayed", job.stop()?.epochs_replayed);
    results(store, &mut report)?;
    Ok(report)
}

/// Runs until all rows are in the state, and then closes the hour: rows behind it come.
pub(super) fn close(store: &Store, settings: &Settings) -> Result<Report, Failure> {
    per_key().reset(store)?;
    let mut report = Report::default();
    let job = per_key().start(store, options(settings))?;
    while_it_closes(store, &job, &mut report, || append(store, 2 * HOUR_MS, ROWS_BEHIND))?;
    job.stop()?;
    results(store, &mut report)?;
    Ok(report)
}

/// Waits until all rows are in the state, and tells what it takes when rows behind the hour come.
pub(super) fn while_it_closes(
    store: &Store,
    job: &Job,
    report: &mut Report,
    append: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let commits = Commits::of(store);
    job.wait_until_caught_up()?;
    report.put("resident_kib", resident_kib()?);
    forget_peak()?;
    // The first commit that counts is that of the append itself.
    commits.forget();
    let begun = Begun::now();
    append()?;
    job.wait_until_caught_up()?;
    begun.tell(report);
    commits.tell(report);
    report.put("peak_kib", peak_kib()?);
    Ok(())
}

pub(super) fn options(settings: &Settings) -> RunOptions {
    RunOptions::new()
        .workers(settings.workers)
        .checkpoint_interval(StdDuration::from_millis(settings.checkpoint_ms))
}

fn append(store: &Store, at_ms: u64, rows: u64) -> Result<(), Failure> {
    let at = Timestamp::from_millis(at_ms as i64);
    let rows: Vec<Hit> = (0..rows).map(|key| Hit { key: spread(key), value: 0, at }).collect();
    Ok(TypedTopic::open(store, Hits)?.append(&rows)?)
}

/// A key for each number, spread over all of its range: no two have much in common.
pub(super) fn spread(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Tells what lies in the pipeline's topic.
fn results(store: &Store, report: &mut Report) -> Result<(), Failure> {
    let (mut entries, mut hits, mut total) = (0_u64, 0, 0);
    for hour in TypedTopic::open(store, KeyHours)?.rows() {
        let hour = hour?;
        entries += 1;
        hits += hour.hits;
        total += hour.total;
    }
    report.put("entries", entries);
    report.put("hits", hits);
    report.put("total", total);
    Ok(())
}

/// The bytes of the files that hold the pipeline's checkpoints.
fn state_bytes(store: &Store) -> Result<u64, Failure> {
    let partition = store.topic(STATE)?.partition(0)?;
    let last = Offset(partition.last_stable_offset().0.saturating_sub(1));
    let file = partition.file_of(last).ok_or("the pipeline has written no checkpoint")?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "log") {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}
