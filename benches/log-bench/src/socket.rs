//! The log through the process that owns its directory, beside the same in process.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use log_store::Store;

use crate::engines::Log;
use crate::figures::{median, micros, percentile, thousands};
use crate::{Plan, Result, rounds};

const PRODUCERS: usize = 8;
const RECORDS: u64 = 100;

/// Owns a directory until stdin ends: what the hidden command `owner` does.
pub(crate) fn own(dir: &Path) -> Result<()> {
    let store = Store::open(dir)?;
    println!("open");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    store.close()?;
    Ok(())
}

/// Another process that owns a directory.
struct Owner {
    child: Child,
    _stdout: BufReader<ChildStdout>,
}

impl Owner {
    fn of(dir: &Path) -> Result<Owner> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("owner").arg(dir).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().ok_or("no stdout of the owner")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        if line.trim() != "open" {
            return Err("the owner has not opened the directory".into());
        }
        Ok(Owner { child, _stdout: stdout })
    }

    fn end(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        self.child.wait()?;
        Ok(())
    }
}

/// Records a second of all producers, and the median of a single append of one.
struct Measured {
    rate: f64,
    single: Duration,
}

fn measure(plan: &Plan, store: Store) -> Result<Measured> {
    let log = Log::of(store)?;
    let batches = rounds::run(PRODUCERS, plan.each, |thread, number| {
        log.append_batch(thread, number * RECORDS, RECORDS)
    })?;
    let mut single = rounds::run(1, plan.each, |thread, number| log.append_batch(thread, number, 1))?;
    Ok(Measured { rate: batches.rate() * RECORDS as f64, single: percentile(&mut single.times, 50) })
}

pub(crate) fn table(plan: &Plan) -> Result<String> {
    let (mut within, mut through) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let dir = plan.dir.join("socket");
        within.push(measure(plan, Store::open_exclusive(&dir)?)?);
        std::fs::remove_dir_all(&dir)?;
        let owner = Owner::of(&dir)?;
        let measured = measure(plan, Store::open(&dir)?);
        owner.end()?;
        through.push(measured?);
        std::fs::remove_dir_all(&dir)?;
    }
    let rate = |all: &[Measured]| thousands(median(all.iter().map(|one| one.rate).collect()));
    let single = |all: &[Measured]| median(all.iter().map(|one| micros(one.single)).collect());
    let rounds = || within.iter().zip(&through);
    let ratio = median(rounds().map(|(within, through)| through.rate / within.rate).collect());
    let more =
        median(rounds().map(|(within, through)| micros(through.single) - micros(within.single)).collect());
    Ok(format!(
        "| | in process | through the owner | | aim |\n|---|---|---|---|---|\n\
         | {PRODUCERS} producers, {RECORDS} records an append | {} | {} | ÷ **{ratio:.2}** | ≥ 0.6 |\n\
         | one record an append, one producer, p50 | {:.0} µs | {:.0} µs | **{more:+.0} µs** | ≤ +60 µs |\n",
        rate(&within),
        rate(&through),
        single(&within),
        single(&through),
    ))
}
