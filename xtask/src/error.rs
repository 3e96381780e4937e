//! What can go wrong with a task.

use std::io;
use std::path::PathBuf;

/// The result of whatever can go wrong with a task.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a task failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// A file or directory could not be used.
    #[error("{}: {source}", path.display())]
    Path { path: PathBuf, source: io::Error },
    /// A program could not be started or talked to.
    #[error("{program}: {source}")]
    Start { program: String, source: io::Error },
    /// A program that has to succeed did not.
    #[error("{program} ended with {status}{}", said(stderr))]
    Program { program: String, status: String, stderr: String },
    /// An input is not what the task needs.
    #[error("{}: {reason}", path.display())]
    Input { path: PathBuf, reason: String },
    /// What was to be shown is not so.
    #[error("{0}")]
    Refuted(String),
    /// The sources break rules of the house.
    #[error(
        "{0} findings; the rules are those of the house style, exceptions stand in `xtask/src/tidy/exceptions.rs`"
    )]
    Untidy(usize),
}

impl Error {
    /// For `map_err` on what is done with a path.
    pub(crate) fn path(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Error {
        let path = path.into();
        move |source| Error::Path { path, source }
    }

    /// For `map_err` on what is done with a program.
    pub(crate) fn start(program: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        let program = program.into();
        move |source| Error::Start { program, source }
    }
}

fn said(stderr: &str) -> String {
    if stderr.trim().is_empty() { String::new() } else { format!("; it said:\n{}", stderr.trim_end()) }
}
