//! The job of the example, over copies of January's flights.

use std::fs::File;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};
use flate2::read::MultiGzDecoder;
use waterwheel::prelude::*;
use waterwheel::{Pipeline, TypedTopic};

use super::Settings;
use crate::Failure;
use crate::flight::Flight;
use crate::pipeline::{DeparturesPerHour, Flights};
use crate::report::Report;

/// Rows of the job's result for a copy of January, as the tests of the example count them.
const HOURS: usize = 1_642;

/// Each copy lies so much later than the one before.
const DISTANCE_DAYS: i64 = 366;

pub(super) fn pipeline() -> Pipeline {
    crate::pipeline::departures().into()
}

/// Loads as many whole copies as the settings' rows take, at least one, and tells what the pipeline must make of them.
pub(super) fn load(store: &Store, settings: &Settings) -> Result<Report, Failure> {
    let january = january()?;
    let copies = (settings.rows / january.len() as u64).max(1);
    let topic = TypedTopic::open(store, Flights)?;
    let mut loading = topic.load()?;
    for copy in 0..copies {
        let distance = Duration::from_days(DISTANCE_DAYS * copy as i64);
        for flight in &january {
            loading.push(&Flight { time_hour: flight.time_hour + distance, ..flight.clone() })?;
        }
    }
    let rows = loading.commit()?;
    let mut oracle = Report::default();
    oracle.put("rows_read", rows);
    oracle.put("hours", copies * HOURS as u64);
    oracle.put("scheduled", rows);
    Ok(oracle)
}

/// Tells what lies in the pipeline's topic.
pub(super) fn results(store: &Store, report: &mut Report) -> Result<(), Failure> {
    let (mut hours, mut scheduled) = (0_u64, 0);
    for hour in TypedTopic::open(store, DeparturesPerHour)?.rows() {
        hours += 1;
        scheduled += hour?.scheduled;
    }
    report.put("hours", hours);
    report.put("scheduled", scheduled);
    Ok(())
}

fn january() -> Result<Vec<Flight>, Failure> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/departures/flights-2013-01.csv.gz");
    let text = File::open(&file).map_err(|error| format!("cannot open {}: {error}", file.display()))?;
    let mut lines = ReaderBuilder::new().from_reader(MultiGzDecoder::new(text));
    let (mut line, mut flight, mut flights) = (ByteRecord::new(), Flight::default(), Vec::new());
    while lines.read_byte_record(&mut line)? {
        flight.set(&line).map_err(|bad| format!("{}: {bad}", file.display()))?;
        flights.push(flight.clone());
    }
    Ok(flights)
}
