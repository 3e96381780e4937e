//! Measures what reading and going through a record of the log costs: `cargo run --release -p read-path-bench`.
//!
//! The log lies on disk, in the system's cache, and is read as an epoch's ranges are: so many records of one partition, then so
//! many of the next, each by a scan that goes on where it stands. What counts is the CPU time of the reading thread.

mod log;
mod measure;

use measure::{RUNS, Shape, measure};

/// Bytes of a record's value.
const VALUES: [usize; 3] = [33, 100, 200];
/// Records that one partition gives to an epoch.
const EPOCHS: [u64; 4] = [1, 100, 1_000, 32_768];
/// How many records are appended at once: as much as fills a batch, and what a busy producer sends in some milliseconds.
const APPENDS: [usize; 2] = [32_768, 100];

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    println!("CPU in ns a record, user and system: medians of {RUNS} runs\n");
    println!("| value, bytes | appended at once | partitions | epochs of 1 | 100 | 1,000 | 32,768 records |");
    println!("|---|---|---|---|---|---|---|");
    for value_bytes in VALUES {
        for appended in APPENDS {
            for partitions in [1, 4] {
                let shape = Shape { value_bytes, appended, partitions };
                let figures = measure(&shape, &EPOCHS)?;
                let cells: Vec<String> = figures.iter().map(|figure| format!("{figure:.0}")).collect();
                println!("| {value_bytes} | {appended} | {partitions} | {} |", cells.join(" | "));
            }
        }
    }
    Ok(())
}
