//! The same job written by hand in raw timely, as somebody would who knows it well.
//!
//! A source operator on each worker reads its partitions in epochs of about 32,768 rows, decodes the five fields that the job
//! needs without copying text, moves each partition's watermark row by row, drops late rows, and adds the others up by hour and
//! airport. At the end of an epoch the sums go to the worker of the key, in batches. The window operator merges them, and emits
//! windows when an epoch is over and the least watermark has passed their end. There are no commits, no checkpoints and no
//! recovery: the result rows are collected in memory.

mod input;
mod source;
mod sums;
mod windows;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::probe::Handle;
use timely::dataflow::operators::{Operator, Probe};

use crate::Failure;
use crate::pipeline::AirportHour;

pub(crate) use input::{Encoded, Input, Typed};
use sums::Sums;

/// The rows of an epoch, over all partitions: as the compiled pipeline has it.
const EPOCH_ROWS: usize = 32_768;

/// How many epochs may be under way: as the compiled pipeline has it.
const EPOCHS_IN_FLIGHT: u64 = 4;

const HOUR_MS: i64 = 3_600_000;
const LATENESS_MS: i64 = 24 * HOUR_MS;

/// What goes through the exchange.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Message {
    /// What the flights of an epoch come to, on one worker, for an hour of an airport.
    Sums { origin: String, hour: i64, sums: Sums },
    /// How far a partition is at the end of an epoch; each worker is sent one.
    Watermark { to: u64, partition: usize, at: i64 },
}

/// Runs the job from the beginning to closed windows, and takes the time from its start to its last row.
pub(crate) fn run(input: &Input, workers: usize) -> Result<(Duration, Vec<AirportHour>), Failure> {
    let config = timely::Config {
        communication: timely::CommunicationConfig::Process(workers),
        worker: timely::WorkerConfig::default(),
    };
    let results = Arc::new(Mutex::new(Vec::new()));
    let (input, collected) = (input.clone(), results.clone());
    let begun = Instant::now();
    let guards = timely::execute(config, move |worker| {
        let results = collected.clone();
        let probe = Handle::new();
        worker.dataflow::<u64, _, _>(|scope| {
            let rows = source::source(scope, &input, probe.clone());
            let partitions = input.partitions();
            let hours = windows::windows(rows, partitions).probe_with(&probe);
            hours.sink(Pipeline, "collect", move |(input, _)| {
                let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                input.for_each(|_, rows: &mut Vec<AirportHour>| results.append(rows));
            });
        });
        while worker.has_dataflows() {
            worker.step_or_park(None);
        }
    })?;
    for result in guards.join() {
        result?;
    }
    let elapsed = begun.elapsed();
    let results = std::mem::take(&mut *results.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((elapsed, results))
}

/// A short text's hash (FNV-1a).
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
