//! A program that is killed: its commands, run to their end.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// A built program that loads flights.
pub(super) struct Program {
    pub(super) path: PathBuf,
    /// The topics of its results.
    pub(super) results: &'static [&'static str],
    /// Those of them whose rows are read with their headers.
    pub(super) with_headers: &'static [&'static str],
}

/// How a run is cut into workers and epochs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub(super) workers: u64,
    pub(super) epoch_rows: u64,
}

impl Program {
    /// `load FILE`.
    pub(super) fn load(&self, input: &Path, dir: &Path) -> Command {
        let mut command = self.on(dir);
        command.arg("load").arg(input);
        command
    }

    /// `run --until-end`, with `--close` or without.
    pub(super) fn run(&self, cut: Cut, close: bool, dir: &Path) -> Command {
        let mut command = self.on(dir);
        command.args(["run", "--until-end", "--workers"]).arg(cut.workers.to_string());
        command.arg("--epoch-rows").arg(cut.epoch_rows.to_string());
        if close {
            command.arg("--close");
        }
        command
    }

    /// The committed results: of each row its topic, and the row as JSON.
    pub(super) fn results(&self, dir: &Path) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for topic in self.results {
            let headers = self.with_headers.contains(topic);
            self.read(topic, headers, dir, |line| lines.push(format!("{topic} {}", without_offset(&line))))?;
        }
        Ok(lines)
    }

    /// How many flights are committed. None, if not even their topic is there.
    pub(super) fn flights(&self, dir: &Path) -> Result<u64> {
        let mut count = 0;
        match self.read("flights", false, dir, |_| count += 1) {
            Err(Error::Program { stderr, .. }) if says_not_there(&stderr) => Ok(0),
            other => other.map(|()| count),
        }
    }

    fn read(&self, topic: &str, headers: bool, dir: &Path, mut take: impl FnMut(String)) -> Result<()> {
        let mut command = self.on(dir);
        command.args(["read", topic]).args(headers.then_some("--headers"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let name = format!("{command:?}");
        let mut child = command.spawn().map_err(Error::start(&name))?;
        let stdout = child.stdout.take().expect("it was piped just above");
        for line in BufReader::new(stdout).lines() {
            take(line.map_err(Error::start(&name))?);
        }
        let output = child.wait_with_output().map_err(Error::start(&name))?;
        expect_success(&name, &output)
    }

    pub(super) fn on(&self, dir: &Path) -> Command {
        let mut command = Command::new(&self.path);
        command.arg("--data-dir").arg(dir);
        command
    }
}

/// Runs a command to its end, which must be a success, and gives how long that took.
pub(super) fn finish(command: Command) -> Result<Duration> {
    finish_saying(command).map(|(took, _)| took)
}

/// The same, with what the command said on stderr.
pub(super) fn finish_saying(mut command: Command) -> Result<(Duration, String)> {
    let name = format!("{command:?}");
    let begun = Instant::now();
    let output =
        command.stdout(Stdio::null()).stderr(Stdio::piped()).output().map_err(Error::start(&name))?;
    let took = begun.elapsed();
    expect_success(&name, &output)?;
    Ok((took, String::from_utf8_lossy(&output.stderr).into_owned()))
}

fn expect_success(program: &str, output: &std::process::Output) -> Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Error::Program { program: program.to_owned(), status: output.status.to_string(), stderr })
}

/// A row with its headers from these on: kills move the offsets of what comes behind.
fn without_offset(line: &str) -> &str {
    line.find(r#""headers":{"#).map_or(line, |at| &line[at..])
}

/// What `read` says before the first transaction made the topic.
fn says_not_there(stderr: &str) -> bool {
    stderr.contains("there is no data directory") || stderr.contains("is not in")
}
