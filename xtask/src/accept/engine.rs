//! The kill test of the engine: whatever is killed, the committed results are those of an uninterrupted run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::model::{Model, Subject};
use super::moments::{Moment, Moments};
use super::program::{Cut, Program, finish};
use super::progress::Progress;
use super::rows::{Results, UNINTERRUPTED};
use super::tally::Tally;
use super::times::Times;
use super::victim::{End, Victim};
use crate::error::{Error, Result};
use crate::random::Random;
use crate::workspace::Profile;

/// A round lets the pipeline finish after so many kills, and is compared; then the next one begins.
const ROUND_KILLS_MAX: u64 = 20;

/// If not every moment of a run was hit by so many times the kills that were asked for, the test fails.
const KILLS_TIMES_MAX: u64 = 4;

/// So many kills are tried at least before a moment counts as one that cannot be hit: a recovery of January takes milliseconds.
const KILLS_MAX_AT_LEAST: u64 = 400;

/// Epochs that an input is cut into, about: many, so that kills meet all stages of many of them.
const EPOCHS: u64 = 400;

const WORKERS: [u64; 3] = [1, 2, 4];

/// What to do.
pub(super) struct Settings {
    pub(super) subject: Subject,
    pub(super) input: PathBuf,
    /// How many kills must hit.
    pub(super) kills: u64,
    pub(super) seed: u64,
    pub(super) profile: Profile,
}

/// Runs rounds of kills until enough have hit, and every moment of a run.
pub(super) fn run(settings: &Settings) -> Result<()> {
    let subject = settings.subject;
    let program = subject.program(settings.profile)?;
    let model = subject.model(&settings.input)?;
    let mut test = KillTest::begin(settings, program, &*model)?;
    println!(
        "reference: {} rows of {} flights, equal to plain loops: {}",
        test.reference.len(),
        model.flights(),
        model.figures()
    );
    while !test.is_enough() {
        if test.tally.hits() >= (settings.kills * KILLS_TIMES_MAX).max(KILLS_MAX_AT_LEAST) {
            return Err(Error::Refuted(format!("some moment of a run was never hit:\n{}", test.tally)));
        }
        test.round()?;
    }
    println!("{}", test.tally);
    Ok(())
}

struct KillTest<'s> {
    settings: &'s Settings,
    program: Program,
    random: Random,
    reference: Results,
    flights: u64,
    /// What a run reads.
    rows: u64,
    /// The rows of an epoch, about.
    epoch_rows: u64,
    times: Times,
    /// What this round has committed so far.
    now: Progress,
    tally: Tally,
}

impl<'s> KillTest<'s> {
    /// Computes the reference without any kill, with large epochs and with small ones, and takes the times.
    fn begin(settings: &'s Settings, program: Program, model: &dyn Model) -> Result<Self> {
        let dir = new_dir()?;
        let epoch_rows = (model.rows() / EPOCHS).max(1);
        let load = finish(program.load(&settings.input, dir.path()))?;
        finish(program.run(Cut { workers: 1, epoch_rows: 32_768 }, true, dir.path()))?;
        let reference = Results::of(program.results(dir.path())?);
        model.check(&reference)?;

        let dir = new_dir()?;
        finish(program.load(&settings.input, dir.path()))?;
        let cut = Cut { workers: 2, epoch_rows };
        let run = finish(program.run(cut, false, dir.path()))?;
        let close = finish(program.run(cut, true, dir.path()))?;
        Results::of(program.results(dir.path())?).expect(&reference, UNINTERRUPTED)?;
        Ok(KillTest {
            settings,
            program,
            random: Random::new(settings.seed),
            reference,
            flights: model.flights(),
            rows: model.rows(),
            epoch_rows,
            times: Times::new(load, run, close, epoch_rows),
            now: Progress::default(),
            tally: Tally::new(Moments::new(settings.kills, model.rows())),
        })
    }

    /// So many kills have hit as were asked for, and every moment of a run.
    fn is_enough(&self) -> bool {
        self.tally.hits() >= self.settings.kills && self.tally.moments.all_hit()
    }

    /// From an empty directory to closed windows, with kills on the way.
    fn round(&mut self) -> Result<()> {
        let dir = new_dir()?;
        let before = self.tally.hits();
        let until = before + ROUND_KILLS_MAX;
        self.load(dir.path())?;
        self.now = Progress::default();
        while !self.run_pipeline(dir.path(), self.tally.hits() < until && !self.is_enough())? {}
        let results = Results::of(self.program.results(dir.path())?);
        results.expect(&self.reference, UNINTERRUPTED)?;
        // A pipeline that is through with its input leaves everything as it is.
        let cut = self.cut();
        finish(self.program.run(cut, true, dir.path()))?;
        Results::of(self.program.results(dir.path())?).expect(&self.reference, UNINTERRUPTED)?;
        self.tally.rounds += 1;
        self.tally.rows_compared += results.len();
        let (rounds, hits) = (self.tally.rounds, self.tally.hits());
        eprintln!("round {rounds}: {hits} of {} kills have hit, all rows equal", self.settings.kills);
        Ok(())
    }

    /// Loads the input; some times the load is killed, which must leave all of it or nothing.
    fn load(&mut self, dir: &Path) -> Result<()> {
        for _ in 0..self.random.below(3) {
            let life = self.times.start + self.times.load.mul_f64(self.random.fraction());
            let victim = Victim::start(self.program.load(&self.settings.input, dir), dir)?;
            match victim.kill_after(life)? {
                End::Hit(_) => self.tally.hits_loading += 1,
                End::TooEarly => self.too_early(),
                End::Finished(_) => self.tally.finished += 1,
            }
            match self.program.flights(dir)? {
                0 => {}
                flights if flights == self.flights => return Ok(()),
                flights => {
                    let all = self.flights;
                    return Err(Error::Refuted(format!(
                        "a killed load left {flights} flights of {all}, not all or none"
                    )));
                }
            }
        }
        finish(self.program.load(&self.settings.input, dir)).map(|_| ())
    }

    /// Runs the pipeline until it ends or is killed; gives whether everything is processed and closed.
    fn run_pipeline(&mut self, dir: &Path, kill: bool) -> Result<bool> {
        let (cut, close) = (self.cut(), self.random.below(3) > 0);
        let command = self.program.run(cut, close, dir);
        *self.tally.starts.entry(cut.workers).or_default() += 1;
        if !kill {
            return finish(command).map(|_| close);
        }
        let life = self.life(cut);
        match Victim::start(command, dir)?.kill_after(life)? {
            End::Hit(work) => {
                let after = Progress::of(&self.program, dir, self.rows, &self.reference)?;
                let before = self.now;
                self.learn(cut, life, after);
                self.tally.hit(work, before, after);
                self.tally.rows_compared += self.reference.len();
                // If it is closed, nothing is left that a kill could meet.
                Ok(after.closed)
            }
            End::TooEarly => {
                self.too_early();
                Ok(false)
            }
            End::Finished(lived) => {
                self.tally.finished += 1;
                self.learn(cut, lived, Progress { rows: self.rows, to_replay: 0, closed: close });
                Ok(close)
            }
        }
    }

    /// How long the next run may live, to be killed where the fewest kills have been.
    fn life(&mut self, cut: Cut) -> Duration {
        let (run, now, fraction) = (self.times.run(cut), self.share(self.now), self.random.fraction());
        let recovery = self.times.recovery(self.now.to_replay);
        match self.tally.moments.aim(self.now) {
            Moment::Recovery => self.times.start + (recovery - self.times.start).mul_f64(fraction),
            Moment::Part(part) => {
                let (from, until) = self.tally.moments.bounds(part);
                let from = from.max(now);
                recovery + run.mul_f64(from + (until - from) * fraction - now)
            }
            Moment::End | Moment::Closed => {
                recovery + run.mul_f64(1.0 - now) + self.times.close.mul_f64(fraction)
            }
        }
    }

    /// A run lived so long, and left the directory so.
    fn learn(&mut self, cut: Cut, lived: Duration, after: Progress) {
        let before = std::mem::replace(&mut self.now, after);
        if before == after {
            self.times.learn_recovery(lived, before.to_replay);
        }
        self.times.learn(cut, lived, before.to_replay, (self.share(before), self.share(after)));
    }

    /// How much of the input is committed, from 0 to 1.
    fn share(&self, progress: Progress) -> f64 {
        progress.rows as f64 / self.rows.max(1) as f64
    }

    fn too_early(&mut self) {
        self.tally.too_early += 1;
        self.times.start += Duration::from_micros(500);
    }

    /// Workers and epochs of the next run: any, for they must not matter.
    fn cut(&mut self) -> Cut {
        let epoch_rows = (self.epoch_rows * self.random.one_of(&[1, 2, 4]) / 2).max(1);
        Cut { workers: self.random.one_of(&WORKERS), epoch_rows }
    }
}

pub(super) fn new_dir() -> Result<TempDir> {
    tempfile::Builder::new().prefix("waterwheel-accept-").tempdir().map_err(Error::path(std::env::temp_dir()))
}
