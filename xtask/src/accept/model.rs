//! The examples that are killed, and what their results must be by plain loops over the file that know nothing of Waterwheel.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::aircraft::Aircraft;
use super::hours::Hours;
use super::rows::Results;
use crate::error::{Error, Result};

/// What the results of an example must be.
pub(super) trait Model {
    /// How many flights the file has.
    fn flights(&self) -> u64;
    /// Fails unless the results are these.
    fn check(&self, results: &Results) -> Result<()>;
    /// Sums that are easily compared with other sources.
    fn figures(&self) -> String;
}

/// An example that is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Departures,
    Aircraft,
}

impl Subject {
    pub(super) const NAMES: [&'static str; 2] = ["departures", "aircraft"];

    pub(super) fn of(name: &str) -> Option<Subject> {
        [Subject::Departures, Subject::Aircraft].into_iter().find(|subject| subject.example() == name)
    }

    pub(super) fn example(self) -> &'static str {
        match self {
            Subject::Departures => Subject::NAMES[0],
            Subject::Aircraft => Subject::NAMES[1],
        }
    }

    /// The topics of its results.
    pub(super) fn results(self) -> &'static [&'static str] {
        match self {
            Subject::Departures => &["departures-per-hour"],
            Subject::Aircraft => &Aircraft::TOPICS,
        }
    }

    /// What it must give for a file of flights, gzipped or not.
    pub(super) fn model(self, input: &Path) -> Result<Box<dyn Model>> {
        let file = File::open(input).map_err(Error::path(input))?;
        let mut file = BufReader::new(file);
        let zipped = file.fill_buf().map_err(Error::path(input))?.starts_with(&[0x1f, 0x8b]);
        let text: Box<dyn Read> = if zipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let model: Result<Box<dyn Model>, String> = match self {
            Subject::Departures => Hours::of(text).map(|model| Box::new(model) as _),
            Subject::Aircraft => Aircraft::of(text).map(|model| Box::new(model) as _),
        };
        model.map_err(|reason| Error::Input { path: input.to_owned(), reason })
    }
}
