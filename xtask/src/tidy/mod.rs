//! `cargo xtask tidy`: the rules of the house style that a program can check.
//!
//! One file is one family of rules; each is a function from the sources to findings. Exceptions stand in `exceptions.rs`,
//! with their reason.

mod clocks;
mod decisions;
mod directions;
mod drawing;
mod exceptions;
mod imports;
mod manifests;
mod names;
mod sizes;
mod sources;
mod text;
mod ui_cases;

use std::fmt;

use clap::Command;

use crate::error::{Error, Result};
use crate::workspace;
use sources::Sources;

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// Relative to the workspace's root.
    file: String,
    /// Counted from 1; 0 for the file as a whole.
    line: usize,
    /// What is wrong, and what to do.
    message: String,
}

pub(crate) fn command() -> Command {
    Command::new("tidy")
        .about("Checks the rules of the house style: sizes, imports, names, module docs, decision records")
}

pub(crate) fn run() -> Result<()> {
    let sources = Sources::read(&workspace::root())?;
    let mut findings = Vec::new();
    findings.extend(text::check(&sources));
    findings.extend(sizes::check(&sources));
    findings.extend(names::check(&sources));
    findings.extend(imports::check(&sources));
    findings.extend(drawing::check(&sources));
    findings.extend(manifests::check(&sources));
    findings.extend(clocks::check(&sources));
    findings.extend(decisions::check(&sources));
    findings.extend(ui_cases::check(&sources));
    findings.sort();
    for finding in &findings {
        eprintln!("{finding}");
    }
    if !findings.is_empty() {
        return Err(Error::Untidy(findings.len()));
    }
    eprintln!("tidy: {} files, nothing found", sources.files().len());
    Ok(())
}

impl Finding {
    fn of_file(file: &str, message: impl Into<String>) -> Self {
        Finding { file: file.to_owned(), line: 0, message: message.into() }
    }

    /// `index` is counted from 0.
    fn of_line(file: &str, index: usize, message: impl Into<String>) -> Self {
        Finding { file: file.to_owned(), line: index + 1, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message),
            line => write!(f, "{}:{line}: {}", self.file, self.message),
        }
    }
}
