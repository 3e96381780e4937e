//! As [`keys`](super::keys), with keys that are text of 16 bytes: what it costs when all of their windows are due at once.

use waterwheel::TypedTopic;
use waterwheel::prelude::*;

use super::Settings;
use super::keys::{HOUR_MS, ROWS_BEHIND, hour_rows, options, spread, while_it_closes};
use crate::Failure;
use crate::report::Report;

#[derive(Debug, Clone, PartialEq, Record)]
struct TextHit {
    key: String,
    value: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct TextHour {
    key: String,
    hour: Timestamp,
    hits: u64,
    total: i64,
}

topics! {
    TextHits("text-hits"): TextHit { key: key, time: at, partitions: 4 }
    TextHours("text-hours"): TextHour { key: key, time: hour }
}

#[pipeline]
fn per_text() {
    let hits = source(TextHits).lateness(1s).late_drop();
    let hours = hits.group_by(|h| h.key).window(tumbling(1h)).select(|w, h| TextHour {
        key: w.key(),
        hour: w.start(),
        hits: count(),
        total: sum(h.value),
    });
    hours.sink(TextHours);
}

pub(super) fn load(store: &Store, settings: &Settings) -> Result<Report, Failure> {
    let hits = TypedTopic::open(store, TextHits)?;
    let mut loading = hits.load()?;
    let total = hour_rows(settings, |key, value, at| loading.push(&TextHit { key: text(key), value, at }))?;
    let mut oracle = Report::default();
    oracle.put("rows_read", loading.commit()?);
    oracle.put("entries", settings.keys.min(settings.rows));
    oracle.put("hits", settings.rows);
    oracle.put("total", total);
    Ok(oracle)
}

pub(super) fn close(store: &Store, settings: &Settings) -> Result<Report, Failure> {
    per_text().reset(store)?;
    let mut report = Report::default();
    let job = per_text().start(store, options(settings))?;
    while_it_closes(store, &job, &mut report, || {
        let at = Timestamp::from_millis(2 * HOUR_MS as i64);
        let rows: Vec<TextHit> =
            (0..ROWS_BEHIND).map(|key| TextHit { key: text(key), value: 0, at }).collect();
        Ok(TypedTopic::open(store, TextHits)?.append(&rows)?)
    })?;
    job.stop()?;
    let (mut entries, mut hits, mut total) = (0_u64, 0, 0);
    for hour in TypedTopic::open(store, TextHours)?.rows() {
        let hour = hour?;
        entries += 1;
        hits += hour.hits;
        total += hour.total;
    }
    report.put("entries", entries);
    report.put("hits", hits);
    report.put("total", total);
    Ok(report)
}

fn text(key: u64) -> String {
    format!("{:016x}", spread(key))
}
