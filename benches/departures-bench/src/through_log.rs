//! The job through the log on disk, by the program `departures` as anybody runs it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::Failure;
use crate::input;
use crate::median::median;
use crate::program::{Usage, run};

/// How much longer the long input is.
const TIMES: usize = 10;

/// What loading and running an input takes.
pub(crate) struct Job {
    pub(crate) what: String,
    pub(crate) rows: usize,
    /// How often it was measured.
    pub(crate) runs: usize,
    pub(crate) load: Usage,
    pub(crate) run: Usage,
}

/// The job on January, on the whole input, and on ten times the input.
pub(crate) struct ThroughLog {
    pub(crate) jobs: Vec<Job>,
}

/// Measures the program so many times on January and on the input, and a third as often on ten times the input.
pub(crate) fn measure(
    departures: &Path,
    january: &Path,
    given: Option<&Path>,
    runs: usize,
) -> Result<ThroughLog, Failure> {
    let mut jobs = vec![job(departures, "January", january, runs)?];
    let (name, base) = match given {
        Some(input) => ("the whole file", input),
        None => ("January", january),
    };
    if given.is_some() {
        jobs.push(job(departures, name, base, runs)?);
    }
    let dir = tempfile::tempdir()?;
    let tenfold = dir.path().join("tenfold.csv");
    input::write_copies(base, TIMES, &tenfold)?;
    jobs.push(job(departures, &format!("{TIMES} times {name}"), &tenfold, runs.div_ceil(3))?);
    Ok(ThroughLog { jobs })
}

/// Medians over runs, each from an empty directory.
fn job(departures: &Path, what: &str, input: &Path, runs: usize) -> Result<Job, Failure> {
    let (mut loads, mut ranges) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let dir = tempfile::tempdir()?;
        loads.push(run(Command::new(departures).arg("--data-dir").arg(dir.path()).arg("load").arg(input))?);
        let mut close = Command::new(departures);
        close.arg("--data-dir").arg(dir.path()).args(["run", "--until-end", "--close"]);
        ranges.push(run(&mut close)?);
    }
    let rows = input::flights(input)?.len();
    Ok(Job { what: what.to_owned(), rows, runs, load: middle(loads), run: middle(ranges) })
}

/// Of each quantity the median, of the CPU time (counted in coarse ticks) the mean.
fn middle(usages: Vec<Usage>) -> Usage {
    let wall = median(usages.iter().map(|usage| usage.wall).collect());
    let cpu = usages.iter().map(|usage| usage.cpu).sum::<Duration>() / usages.len().max(1) as u32;
    let peak_kib = usages.iter().map(|usage| usage.peak_kib).max().unwrap_or(0);
    Usage { wall, cpu, peak_kib }
}

impl Job {
    /// Loading and running together.
    pub(crate) fn both(&self) -> Usage {
        let mut both = self.load;
        both += self.run;
        both
    }
}

impl ThroughLog {
    /// CPU microseconds that another row takes: of loading, and of running.
    pub(crate) fn margin(&self) -> Option<(f64, f64)> {
        let [.., short, long] = &self.jobs[..] else { return None };
        let rows = (long.rows - short.rows) as f64;
        let margin =
            |short: Usage, long: Usage| (long.cpu.as_secs_f64() - short.cpu.as_secs_f64()) * 1e6 / rows;
        Some((margin(short.load, long.load), margin(short.run, long.run)))
    }
}
