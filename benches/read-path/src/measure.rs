//! Goes through a log in epochs of some size, and takes the CPU time.

use std::hint::black_box;
use std::time::Duration;

use log_store::{Offset, Partition, Scan};
use rustix::time::{ClockId, clock_gettime};

use crate::Failure;
use crate::log::Log;

/// How often each size of epochs is measured, in turn with the others.
pub(crate) const RUNS: usize = 7;

/// A run ends after so much CPU time, wherever it is.
const RUN_MAX: Duration = Duration::from_millis(300);

/// What the log is made of.
pub(crate) struct Shape {
    pub(crate) value_bytes: usize,
    /// How many records are appended at once.
    pub(crate) appended: usize,
    pub(crate) partitions: u32,
}

/// Nanoseconds a record, for each size of epochs.
pub(crate) fn measure(shape: &Shape, epochs: &[u64]) -> Result<Vec<f64>, Failure> {
    let log = Log::filled(shape)?;
    let mut runs = vec![Vec::with_capacity(RUNS); epochs.len()];
    for _ in 0..RUNS {
        for (records, figures) in epochs.iter().zip(&mut runs) {
            figures.push(go_through(&log.partitions, *records, shape.value_bytes)?);
        }
    }
    let median = |mut figures: Vec<f64>| {
        figures.sort_unstable_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    Ok(runs.into_iter().map(median).collect())
}

/// Reads as a source's reader does, epoch by epoch, and looks at each value.
fn go_through(partitions: &[Partition], epoch: u64, value_bytes: usize) -> Result<f64, Failure> {
    let mut scans: Vec<Scan> = partitions.iter().map(|log| log.scan(Offset(0), Offset(0))).collect();
    let (begin, end) = (cpu(), partitions[0].last_stable_offset().0);
    let (mut until, mut count, mut bytes) = (0, 0, 0);
    while until < end && cpu() - begin < RUN_MAX {
        // The clock is looked at each thousand records, not each epoch: it would be what is measured.
        for _ in 0..1_000_u64.div_ceil(epoch) {
            until += epoch;
            for scan in &mut scans {
                scan.until(Offset(until.min(end)));
                while scan.fetch()? {
                    for record in scan.take_at_hand(1_024) {
                        count += 1;
                        bytes += black_box(record.value).map_or(0, <[u8]>::len);
                    }
                }
            }
        }
    }
    assert_eq!(bytes, count * value_bytes, "every value is as long as it was written");
    Ok((cpu() - begin).as_nanos() as f64 / count as f64)
}

/// The CPU time of this thread.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}
