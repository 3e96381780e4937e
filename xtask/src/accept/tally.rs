//! What a kill test has come to, for people.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Instant;

use super::moments::Moments;
use super::progress::Progress;
use super::victim::Work;

/// The counts of a kill test.
pub(super) struct Tally {
    begun: Instant,
    pub(super) hits_loading: u64,
    hits_store: u64,
    hits_engine: u64,
    /// Where the runs of the pipeline were hit.
    pub(super) moments: Moments,
    pub(super) too_early: u64,
    /// Programs that had ended by themselves when their time came.
    pub(super) finished: u64,
    pub(super) rounds: u64,
    pub(super) rows_compared: u64,
    /// Starts of the pipeline by number of workers.
    pub(super) starts: BTreeMap<u64, u64>,
}

impl Tally {
    pub(super) fn new(moments: Moments) -> Self {
        Tally {
            begun: Instant::now(),
            hits_loading: 0,
            hits_store: 0,
            hits_engine: 0,
            moments,
            too_early: 0,
            finished: 0,
            rounds: 0,
            rows_compared: 0,
            starts: BTreeMap::new(),
        }
    }

    /// A kill hit a run of the pipeline, between what was committed before the run and what was after it.
    pub(super) fn hit(&mut self, work: Work, before: Progress, after: Progress) {
        self.moments.hit(before, after);
        match work {
            Work::Store => self.hits_store += 1,
            Work::Engine => self.hits_engine += 1,
        }
    }

    /// Kills that hit a program at work.
    pub(super) fn hits(&self) -> u64 {
        self.hits_loading + self.hits_store + self.hits_engine
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (loading, store, engine) = (self.hits_loading, self.hits_store, self.hits_engine);
        writeln!(
            f,
            "kills: {} hit: {loading} loading, {store} opening or closing the store, {engine} recovering or processing; \
             not counted: {} before the store was open, {} after the end",
            self.hits(),
            self.too_early,
            self.finished
        )?;
        writeln!(f, "where the runs were hit: {}", self.moments)?;
        let starts: Vec<String> =
            self.starts.iter().map(|(workers, starts)| format!("{starts} with {workers}")).collect();
        writeln!(f, "starts of the pipeline by workers: {}", starts.join(", "))?;
        let (rounds, rows) = (self.rounds, self.rows_compared);
        writeln!(
            f,
            "compared: {rows} rows of {rounds} rounds, each from an empty directory: none lost, none doubled"
        )?;
        write!(f, "took {:.1} s", self.begun.elapsed().as_secs_f64())
    }
}
