//! What a process does that is measured: one job, in a process of its own.

pub(crate) mod bids;
mod departures;
pub(crate) mod fields;
mod keys;
mod light;
pub(crate) mod nexmark;
mod tail;
mod texts;

use std::path::PathBuf;

use waterwheel::prelude::*;
use waterwheel::{Pipeline, Store};

use crate::Failure;
use crate::report::Report;
use crate::usage::{Begun, peak_kib};

/// How to do a job.
pub(crate) struct Settings {
    pub(crate) dir: PathBuf,
    /// How many rows are loaded.
    pub(crate) rows: u64,
    pub(crate) keys: u64,
    pub(crate) readers: u64,
    pub(crate) workers: usize,
    pub(crate) epoch_rows: u64,
    pub(crate) checkpoint_ms: u64,
    /// Events of a second of event time.
    pub(crate) rate: u64,
}

/// Does a job and tells what came of it. Another build of this program must know the jobs under the same names.
pub(crate) fn perform(job: &str, settings: &Settings) -> Result<Report, Failure> {
    let store = Store::open(&settings.dir)?;
    match job {
        "load-bids" => bids::load(&store, settings),
        "load-light" => light::load(&store, settings),
        "load-single" => light::load_single(&store, settings),
        "load-departures" => departures::load(&store, settings),
        "load-keys" => keys::load(&store, settings),
        "bids" => {
            let mut report = run(&store, &bids::pipeline(settings.readers), settings, RunOptions::until_end)?;
            bids::results(&store, settings.readers, &mut report)?;
            Ok(report)
        }
        "light" => {
            let mut report = run(&store, &light::pipeline(), settings, RunOptions::until_end)?;
            light::results(&store, &mut report)?;
            Ok(report)
        }
        "single" => {
            let mut report = run(&store, &light::single_pipeline(), settings, RunOptions::until_end)?;
            light::single_results(&store, &mut report)?;
            Ok(report)
        }
        "departures" => {
            let mut report = run(&store, &departures::pipeline(), settings, RunOptions::close)?;
            departures::results(&store, &mut report)?;
            Ok(report)
        }
        "keys" => keys::run(&store, settings),
        "restart" => keys::restart(&store, settings),
        "close" => keys::close(&store, settings),
        "load-texts" => texts::load(&store, settings),
        "close-texts" => texts::close(&store, settings),
        "tail" => tail::follow(&store, settings),
        "load-nexmark" => nexmark::load(&store, settings),
        "fields" => fields::measure(settings),
        _ => {
            if let Some(query) = nexmark::query(job) {
                nexmark::answer(&store, query, settings)
            } else if let Some(query) = nexmark::query_by_hand(job) {
                nexmark::answer_by_hand(&store, query, settings)
            } else {
                Err(format!("there is no job `{job}`").into())
            }
        }
    }
}

/// Runs the pipeline from the beginning to the end of the log, and reports what that took, without the opening of the store.
fn run(
    store: &Store,
    pipeline: &Pipeline,
    settings: &Settings,
    end: fn(RunOptions) -> RunOptions,
) -> Result<Report, Failure> {
    pipeline.reset(store)?;
    let options = end(RunOptions::new().workers(settings.workers).epoch_rows(settings.epoch_rows));
    let mut report = Report::default();
    let begun = Begun::now();
    let summary = pipeline.start(store, options)?.wait()?;
    begun.tell(&mut report);
    report.put("peak_kib", peak_kib()?);
    report.put("rows_read", summary.rows_read);
    report.put("rows_written", summary.rows_written);
    Ok(report)
}

/// Rows that a filter keeps, as numbers by which others can be told from them.
#[derive(Debug, Clone, Copy, Default)]
struct Kept {
    rows: u64,
    sum: u64,
}

impl Kept {
    fn add(&mut self, key: u64, value: i64) {
        self.rows += 1;
        // Both together, so that a value beside another row's key is seen.
        self.sum = self.sum.wrapping_add((key + 1).wrapping_mul(value as u64 ^ 0x9E37_79B9_7F4A_7C15));
    }

    fn tell(self, name: &str, report: &mut Report) {
        report.put(name, format!("{} rows, checksum {:016x}", self.rows, self.sum));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_rows_are_told_apart_by_their_pairs() {
        let of = |rows: [(u64, i64); 2]| {
            let (mut kept, mut report) = (Kept::default(), Report::default());
            rows.into_iter().for_each(|(key, value)| kept.add(key, value));
            kept.tell("kept", &mut report);
            report
        };
        assert_eq!(of([(1, 5), (2, 7)]), of([(2, 7), (1, 5)]), "their order does not matter");
        assert_ne!(of([(1, 5), (2, 7)]), of([(1, 7), (2, 5)]));
    }

    fn settings(dir: &std::path::Path, readers: u64) -> Settings {
        let dir = dir.to_owned();
        Settings {
            dir,
            rows: 1_000,
            keys: 400,
            readers,
            workers: 1,
            epoch_rows: 100,
            checkpoint_ms: 5_000,
            rate: 50,
        }
    }

    #[test]
    fn every_pipeline_gives_what_the_loader_has_worked_out() {
        let dir = tempfile::tempdir().unwrap();
        let dir = |name: &str| dir.path().join(name);
        let job = |name: &str, at: &str, readers| perform(name, &settings(&dir(at), readers)).unwrap();
        let oracle = job("load-bids", "bids", 1);
        for readers in [1, 3] {
            let report = job("bids", "bids", readers);
            report.expect(&["rows_read"], &oracle).unwrap();
            report.expect(&bids::NAMES[..readers as usize], &oracle).unwrap();
        }
        let oracle = job("load-light", "light", 1);
        job("light", "light", 1).expect(&["rows_read", "peaks"], &oracle).unwrap();
        let oracle = perform("load-single", &Settings { rows: 20, ..settings(&dir("single"), 1) }).unwrap();
        job("single", "single", 1).expect(&["rows_read", "peaks"], &oracle).unwrap();
        let oracle = job("load-keys", "keys", 1);
        let report = job("keys", "keys", 1);
        report.expect(&["rows_read", "entries"], &oracle).unwrap();
        assert!(report.number("state_bytes").unwrap() > 0.0);
        let report = job("restart", "keys", 1);
        report.expect(&["entries", "total"], &oracle).unwrap();
        assert_eq!((report.text("hits").unwrap(), report.text("replayed").unwrap()), ("1001", "0"));
        let oracle = job("load-keys", "close", 1);
        job("close", "close", 1).expect(&["entries", "hits", "total"], &oracle).unwrap();
        let oracle = job("load-texts", "texts", 1);
        job("close-texts", "texts", 1).expect(&["entries", "hits", "total"], &oracle).unwrap();
        let fields = job("fields", "fields", 1);
        for (name, _) in fields::TYPES {
            assert!(fields.number(&format!("{name}_passed")).unwrap() >= 0.0);
        }
        let few = Settings { rows: 20, rate: 10_000, ..settings(&dir("tail"), 3) };
        assert_eq!(perform("tail", &few).unwrap().text("rows_read").unwrap(), "60");
    }
}
