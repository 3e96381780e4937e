//! The kill test of the engine: whatever is killed, the committed results are those of an uninterrupted run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::departures::{Cut, Departures, finish};
use super::oracle::Oracle;
use super::rows::Results;
use super::tally::{Tally, by_origin};
use super::victim::{End, Victim};
use crate::error::{Error, Result};
use crate::random::Random;
use crate::workspace::{Profile, build_example};

/// A round lets the pipeline finish after so many kills, and is compared; then the next one begins.
const ROUND_KILLS_MAX: u64 = 12;

/// Epochs that an input is cut into, about: many, so that kills meet all stages of many of them.
const EPOCHS: u64 = 400;

const WORKERS: [u64; 3] = [1, 2, 4];

/// What to do.
pub(super) struct Settings {
    pub(super) input: PathBuf,
    /// How many kills must hit.
    pub(super) kills: u64,
    pub(super) seed: u64,
    pub(super) profile: Profile,
}

/// Runs rounds of kills until enough have hit.
pub(super) fn run(settings: &Settings) -> Result<()> {
    let departures = Departures { program: build_example("departures", settings.profile)? };
    let oracle = Oracle::read(&settings.input)?;
    let mut test = KillTest::begin(settings, departures, &oracle)?;
    println!(
        "reference: {} rows of {} flights, equal to a plain loop: {}",
        test.reference.len(),
        oracle.flights,
        by_origin(&oracle)
    );
    while test.tally.hits() < settings.kills {
        test.round()?;
    }
    println!("{}", test.tally);
    Ok(())
}

struct KillTest<'s> {
    settings: &'s Settings,
    departures: Departures,
    random: Random,
    reference: Results,
    flights: u64,
    /// The rows of an epoch, about.
    epoch_rows: u64,
    /// How long an uninterrupted load takes.
    load_time: Duration,
    /// How long an uninterrupted run with small epochs takes.
    run_time: Duration,
    /// How long a program takes until it has the store open: grows while kills come too early.
    start_time: Duration,
    /// No run of this round has been killed yet: the next one has the whole input to process.
    whole: bool,
    tally: Tally,
}

impl<'s> KillTest<'s> {
    /// Computes the reference without any kill, with large epochs and with small ones, and takes the times.
    fn begin(settings: &'s Settings, departures: Departures, oracle: &Oracle) -> Result<Self> {
        let dir = new_dir()?;
        let epoch_rows = (oracle.flights / EPOCHS).max(1);
        let load_time = finish(departures.load(&settings.input, dir.path()))?;
        finish(departures.run(Cut { workers: 1, epoch_rows: 32_768 }, true, dir.path()))?;
        let reference = Results::of(departures.results(dir.path())?);
        reference.expect_oracle(oracle)?;

        let dir = new_dir()?;
        finish(departures.load(&settings.input, dir.path()))?;
        let run_time = finish(departures.run(Cut { workers: 2, epoch_rows }, true, dir.path()))?;
        Results::of(departures.results(dir.path())?).expect(&reference)?;
        Ok(KillTest {
            settings,
            departures,
            random: Random::new(settings.seed),
            reference,
            flights: oracle.flights,
            epoch_rows,
            load_time,
            run_time,
            start_time: Duration::ZERO,
            whole: true,
            tally: Tally::new(),
        })
    }

    /// From an empty directory to closed windows, with kills on the way.
    fn round(&mut self) -> Result<()> {
        let dir = new_dir()?;
        let before = self.tally.hits();
        let until = self.settings.kills.min(before + ROUND_KILLS_MAX);
        self.load(dir.path())?;
        self.whole = true;
        while !self.run_pipeline(dir.path(), self.tally.hits() < until)? {}
        let results = Results::of(self.departures.results(dir.path())?);
        results.expect(&self.reference)?;
        // A pipeline that is through with its input leaves everything as it is.
        let cut = self.cut();
        finish(self.departures.run(cut, true, dir.path()))?;
        Results::of(self.departures.results(dir.path())?).expect(&self.reference)?;
        self.tally.rounds += 1;
        self.tally.rows_compared += results.len();
        let (rounds, hits) = (self.tally.rounds, self.tally.hits());
        eprintln!("round {rounds}: {hits} of {} kills have hit, all rows equal", self.settings.kills);
        Ok(())
    }

    /// Loads the input; some times the load is killed, which must leave all of it or nothing.
    fn load(&mut self, dir: &Path) -> Result<()> {
        for _ in 0..self.random.below(3) {
            let life = self.start_time + self.load_time.mul_f64(self.random.fraction());
            let victim = Victim::start(self.departures.load(&self.settings.input, dir), dir)?;
            match victim.kill_after(life)? {
                End::Hit(_) => self.tally.hits_loading += 1,
                End::TooEarly => self.too_early(),
                End::Finished(_) => self.tally.finished += 1,
            }
            match self.departures.flights(dir)? {
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
        finish(self.departures.load(&self.settings.input, dir)).map(|_| ())
    }

    /// Runs the pipeline until it ends or is killed; gives whether everything is processed and closed.
    fn run_pipeline(&mut self, dir: &Path, kill: bool) -> Result<bool> {
        let (cut, close) = (self.cut(), self.random.below(3) > 0);
        let command = self.departures.run(cut, close, dir);
        *self.tally.starts.entry(cut.workers).or_default() += 1;
        if !kill {
            return finish(command).map(|_| close);
        }
        let whole = std::mem::replace(&mut self.whole, false);
        match Victim::start(command, dir)?.kill_after(self.life())? {
            End::Hit(work) => self.tally.hit(work),
            End::TooEarly => self.too_early(),
            End::Finished(lived) => {
                self.tally.finished += 1;
                // The machine may be quicker now than when the time was taken.
                if whole {
                    self.run_time = lived;
                }
                return Ok(close);
            }
        }
        Ok(false)
    }

    /// How long the next run may live. Some die while they start and recover, most in the midst of their work: so that a
    /// round takes a handful of kills.
    fn life(&mut self) -> Duration {
        let share = if self.random.below(3) == 0 { 0.05 } else { 0.5 };
        self.start_time + self.run_time.mul_f64(share * self.random.fraction())
    }

    fn too_early(&mut self) {
        self.tally.too_early += 1;
        self.start_time += Duration::from_micros(500);
    }

    /// Workers and epochs of the next run: any, for they must not matter.
    fn cut(&mut self) -> Cut {
        let epoch_rows = (self.epoch_rows * self.random.one_of(&[1, 2, 4]) / 2).max(1);
        Cut { workers: self.random.one_of(&WORKERS), epoch_rows }
    }
}

fn new_dir() -> Result<TempDir> {
    tempfile::Builder::new().prefix("waterwheel-accept-").tempdir().map_err(Error::path(std::env::temp_dir()))
}
