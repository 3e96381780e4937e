//! Measures what reading and going through a record of the log costs: `cargo run --release -p read-path-bench`, which `cargo xtask bench all` runs, too. `--write` writes
//! its table into docs/benchmarks.md.
//!
//! The log lies on disk, in the system's cache, and is read as an epoch's ranges are: so many records of one partition, then so
//! many of the next, each by a scan that goes on where it stands. What counts is the CPU time of the reading thread.

mod log;
mod measure;
#[path = "../../engine-bench/src/page.rs"]
mod page;

use std::path::Path;

use measure::{RUNS, Shape, measure};

/// Bytes of a record's value.
const VALUES: [usize; 3] = [33, 100, 200];
/// Records that one partition gives to an epoch.
const EPOCHS: [u64; 4] = [1, 100, 1_000, 32_768];
/// How many records are appended at once: as much as fills a batch, and what a busy producer sends in some milliseconds.
const APPENDS: [usize; 2] = [32_768, 100];

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let table = table()?;
    println!("{table}");
    if std::env::args().any(|argument| argument == "--write") {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = folder.ancestors().nth(2).expect("two folders below the root").join("docs/benchmarks.md");
        std::fs::write(&path, page::replaced(&std::fs::read_to_string(&path)?, "read-path", &table))?;
        eprintln!("wrote the table of `read-path` into {}", path.display());
    }
    Ok(())
}

fn table() -> Result<String, Failure> {
    let mut table = format!("CPU in ns a record, user and system: medians of {RUNS} runs.\n\n");
    table +=
        "| value, bytes | appended at once | partitions | epochs of 1 | 100 | 1,000 | 32,768 records |\n";
    table += "|---|---|---|---|---|---|---|\n";
    for value_bytes in VALUES {
        for appended in APPENDS {
            for partitions in [1, 4] {
                let shape = Shape { value_bytes, appended, partitions };
                let figures = measure(&shape, &EPOCHS)?;
                let cells: Vec<String> = figures.iter().map(|figure| format!("{figure:.0}")).collect();
                table += &format!("| {value_bytes} | {appended} | {partitions} | {} |\n", cells.join(" | "));
            }
        }
    }
    Ok(table)
}
