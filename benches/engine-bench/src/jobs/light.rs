//! Rows of 33 bytes and a light filter: what a row costs that costs next to nothing. Also rows of which each is an epoch of its
//! own, which tell what an epoch and its commit cost.

use waterwheel::dsl::Topic;
use waterwheel::prelude::*;
use waterwheel::{Pipeline, TypedTopic};

use super::{Kept, Settings};
use crate::Failure;
use crate::random::Random;
use crate::report::Report;

#[derive(Debug, Clone, PartialEq, Record)]
struct Reading {
    sensor: u64,
    number: u64,
    value: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Peak {
    sensor: u64,
    value: i64,
}

topics! {
    Readings("readings"): Reading { key: sensor, time: at, partitions: 4 }
    Peaks("peaks"): Peak { key: sensor }
    SingleReadings("single-readings"): Reading { key: sensor, time: at, partitions: 4 }
    SinglePeaks("single-peaks"): Peak { key: sensor }
}

/// Values lie below 1,000, so one row of a hundred is kept.
const LEAST: i64 = 990;

#[pipeline]
fn peaks() {
    let readings = source(Readings);
    let peaks = readings.filter(|r| r.value >= 990).map(|r| Peak { sensor: r.sensor, value: r.value });
    peaks.sink(Peaks);
}

#[pipeline]
fn single_peaks() {
    let readings = source(SingleReadings);
    let peaks = readings.filter(|r| r.value >= 990).map(|r| Peak { sensor: r.sensor, value: r.value });
    peaks.sink(SinglePeaks);
}

pub(super) fn pipeline() -> Pipeline {
    peaks().into()
}

pub(super) fn single_pipeline() -> Pipeline {
    single_peaks().into()
}

/// Loads the rows in one transaction, and tells what the pipeline must make of them.
pub(super) fn load(store: &Store, settings: &Settings) -> Result<Report, Failure> {
    let readings = TypedTopic::open(store, Readings)?;
    let (mut loading, mut kept) = (readings.load()?, Kept::default());
    for reading in all(settings.rows) {
        count(&reading, &mut kept);
        loading.push(&reading)?;
    }
    loading.commit()?;
    Ok(oracle(settings.rows, kept))
}

/// Appends the rows one by one, so that each is a batch of its own in the log, and tells what the pipeline must make of them.
pub(super) fn load_single(store: &Store, settings: &Settings) -> Result<Report, Failure> {
    let (readings, mut kept) = (TypedTopic::open(store, SingleReadings)?, Kept::default());
    for reading in all(settings.rows) {
        count(&reading, &mut kept);
        readings.append([&reading])?;
    }
    Ok(oracle(settings.rows, kept))
}

/// Tells what lies in the pipeline's topic.
pub(super) fn results(store: &Store, report: &mut Report) -> Result<(), Failure> {
    tell(store, Peaks, report)
}

/// Tells what lies in the topic of the pipeline with an epoch a row.
pub(super) fn single_results(store: &Store, report: &mut Report) -> Result<(), Failure> {
    tell(store, SinglePeaks, report)
}

fn tell<P: Topic<Row = Peak>>(store: &Store, topic: P, report: &mut Report) -> Result<(), Failure> {
    let mut kept = Kept::default();
    for peak in TypedTopic::open(store, topic)?.rows() {
        let Peak { sensor, value } = peak?;
        kept.add(sensor, value);
    }
    kept.tell("peaks", report);
    Ok(())
}

fn oracle(rows: u64, kept: Kept) -> Report {
    let mut oracle = Report::default();
    oracle.put("rows_read", rows);
    kept.tell("peaks", &mut oracle);
    oracle
}

fn count(reading: &Reading, kept: &mut Kept) {
    if reading.value >= LEAST {
        kept.add(reading.sensor, reading.value);
    }
}

fn all(rows: u64) -> impl Iterator<Item = Reading> {
    let mut random = Random::new(33);
    (0..rows).map(move |number| Reading {
        sensor: random.below(10_000),
        number,
        value: random.below(1_000) as i64,
        at: Timestamp::from_millis(number as i64 / 100),
    })
}

#[cfg(test)]
mod tests {
    use waterwheel::record::{Format, RowCodec, TopicSchemas};

    use super::*;

    #[test]
    fn a_reading_has_33_bytes() {
        let codec = RowCodec::<Reading>::new(Format::Native, &mut TopicSchemas::new()).unwrap();
        for reading in all(100) {
            let mut bytes = Vec::new();
            codec.encode(&reading, &mut bytes).unwrap();
            assert_eq!(bytes.len(), 33);
        }
    }
}
