//! How far a killed run had come: found out by letting a copy of its directory run to the end.

use std::fs;
use std::path::Path;

use super::program::{Cut, Program, finish_saying};
use super::rows::{Results, UNINTERRUPTED};
use crate::error::{Error, Result};

/// What a directory holds of the pipeline's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Progress {
    /// Rows whose epoch is committed.
    pub(super) rows: u64,
    /// Committed epochs that the next run has to replay: those after the last checkpoint.
    pub(super) to_replay: u64,
    /// The closing epoch is committed.
    pub(super) closed: bool,
}

impl Progress {
    /// Finishes the pipeline in a copy of the directory, which must give the reference, and reads what was left to do.
    ///
    /// The directory itself is left as the kill left it, for the next run to recover.
    pub(super) fn of(program: &Program, dir: &Path, rows: u64, reference: &Results) -> Result<Self> {
        let copy = super::engine::new_dir()?;
        copy_folder(dir, copy.path())?;
        let cut = Cut { workers: 2, epoch_rows: 32_768 };
        let (_, said) = finish_saying(program.run(cut, true, copy.path()))?;
        Results::of(program.results(copy.path())?).expect(reference, UNINTERRUPTED)?;
        let left = Left::of(&said).ok_or_else(|| {
            Error::Refuted(format!("the summary of `run` does not say what it read; it says:\n{said}"))
        })?;
        Ok(Progress { rows: rows.saturating_sub(left.rows), to_replay: left.to_replay, closed: left.nothing })
    }
}

/// What a run had left to do, as its summary tells.
#[derive(Debug, PartialEq, Eq)]
struct Left {
    rows: u64,
    to_replay: u64,
    nothing: bool,
}

impl Left {
    fn of(summary: &str) -> Option<Self> {
        let nothing = summary.contains("nothing left to do");
        let rows = if nothing { 0 } else { number_after(summary, "read ")? };
        Some(Left { rows, to_replay: number_after(summary, "replayed ").unwrap_or(0), nothing })
    }
}

/// The number, grouped by commas, behind some words at the beginning of a line.
fn number_after(text: &str, words: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(words))?;
    rest.split(' ').next()?.replace(',', "").parse().ok()
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).map_err(Error::path(from))? {
        let entry = entry.map_err(Error::path(from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(Error::path(&source))?;
        if kind.is_dir() {
            fs::create_dir(&target).map_err(Error::path(&target))?;
            copy_folder(&source, &target)?;
        } else if kind.is_file() {
            // The socket of one that was killed holds nothing.
            fs::copy(&source, &target).map_err(Error::path(&source))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_is_read_from_a_summary() {
        let all = "read 27,004 rows of `flights`, wrote 1,642 to `departures-per-hour`, in 0.05 s\nsince the pipeline began: 0";
        assert_eq!(Left::of(all), Some(Left { rows: 27_004, to_replay: 0, nothing: false }));
        let some = "read 0 rows of `flights`, wrote 58\nreplayed 1,012 epochs committed";
        assert_eq!(Left::of(some), Some(Left { rows: 0, to_replay: 1_012, nothing: false }));
        let none = "nothing left to do: every row of `flights` is processed, and event time is closed";
        assert_eq!(Left::of(none), Some(Left { rows: 0, to_replay: 0, nothing: true }));
        assert_eq!(Left::of("it said something else"), None);
    }
}
