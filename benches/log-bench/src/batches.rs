//! A thousand records an append, beside the bare file and embedded databases.

use std::fmt::Write;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::time::Duration;

use crate::engines::{ENGINES, VALUE};
use crate::figures::{median, percentile, thousands};
use crate::{Plan, Result, rounds};

const RECORDS: u64 = 1_000;

/// What the log takes for a record of these besides its value: its key and some numbers.
const BESIDE: usize = 24;

/// Rates and the greatest of a hundred times, of each round.
#[derive(Default)]
struct Measured {
    rates: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
}

impl Measured {
    fn take(&mut self, mut done: rounds::Done) {
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        self.rates.push(done.rate() * RECORDS as f64);
        self.p50.push(millis(percentile(&mut done.times, 50)));
        self.p99.push(millis(percentile(&mut done.times, 99)));
    }
}

pub(crate) fn table(plan: &Plan) -> Result<String> {
    let mut names = vec!["bare `pwrite` and `fdatasync`"];
    names.extend(ENGINES.iter().map(|(name, _)| *name));
    let mut all: Vec<Measured> = names.iter().map(|_| Measured::default()).collect();
    for _ in 0..plan.rounds {
        all[0].take(bare(plan)?);
        for (at, (name, open)) in ENGINES.iter().enumerate() {
            let dir = plan.dir.join(name);
            let engine = open(&dir, 1)?;
            let done = rounds::run(1, plan.each, |_, number| engine.append_all(number * RECORDS, RECORDS))?;
            drop(engine);
            fs::remove_dir_all(&dir)?;
            all[at + 1].take(done);
        }
    }
    let mut text =
        String::from("| | records | ÷ the bare file | aim | p50 | p99 |\n|---|---|---|---|---|---|\n");
    let bare = all[0].rates.clone();
    for (at, (name, measured)) in names.iter().zip(all).enumerate() {
        let ratio = median(measured.rates.iter().zip(&bare).map(|(rate, bare)| rate / bare).collect());
        let aim = if at == 1 { "≥ 0.6" } else { "" };
        let (rate, p50, p99) =
            (thousands(median(measured.rates)), median(measured.p50), median(measured.p99));
        writeln!(text, "| {name} | {rate} | **{ratio:.2}** | {aim} | {p50:.2} ms | {p99:.2} ms |")?;
    }
    Ok(text)
}

/// The same bytes to the end of a file, each time synced.
fn bare(plan: &Plan) -> Result<rounds::Done> {
    fs::create_dir_all(&plan.dir)?;
    let path = plan.dir.join("bare");
    let file = File::create(&path)?;
    let bytes = vec![b'v'; RECORDS as usize * (VALUE.len() + BESIDE)];
    let done = rounds::run(1, plan.each, |_, number| {
        file.write_all_at(&bytes, number * bytes.len() as u64)?;
        file.sync_data()?;
        Ok(())
    })?;
    fs::remove_file(&path)?;
    Ok(done)
}
