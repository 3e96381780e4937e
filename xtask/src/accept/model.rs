//! The programs that are killed, and what their results must be by plain loops over the file that know nothing of Waterwheel.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::aircraft::Aircraft;
use super::hours::Hours;
use super::operators::Operators;
use super::program::Program;
use super::rows::Results;
use crate::error::{Error, Result};
use crate::workspace::{Profile, build_binary, build_example};

/// What the results of a program must be.
pub(super) trait Model {
    /// How many flights the file has.
    fn flights(&self) -> u64;
    /// How many rows a run reads, of all sources.
    fn rows(&self) -> u64 {
        self.flights()
    }
    /// Fails unless the results are these.
    fn check(&self, results: &Results) -> Result<()>;
    /// Sums that are easily compared with other sources.
    fn figures(&self) -> String;
}

/// A program that is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Departures,
    Aircraft,
    Operators,
}

impl Subject {
    pub(super) const NAMES: [&'static str; 3] = ["departures", "aircraft", "operators"];

    pub(super) fn of(name: &str) -> Option<Subject> {
        let number = Subject::NAMES.iter().position(|of| *of == name)?;
        [Subject::Departures, Subject::Aircraft, Subject::Operators].get(number).copied()
    }

    /// Builds it.
    pub(super) fn program(self, profile: Profile) -> Result<Program> {
        let (path, results, with_headers): (_, &[&str], &[&str]) = match self {
            Subject::Departures => {
                (build_example(Subject::NAMES[0], profile)?, &["departures-per-hour"], &[])
            }
            Subject::Aircraft => (build_example(Subject::NAMES[1], profile)?, &Aircraft::TOPICS, &[]),
            Subject::Operators => {
                (build_binary("killed-operators", profile)?, &Operators::TOPICS, &Operators::WITH_HEADERS)
            }
        };
        Ok(Program { path, results, with_headers })
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
            Subject::Operators => Operators::of(text).map(|model| Box::new(model) as _),
        };
        model.map_err(|reason| Error::Input { path: input.to_owned(), reason })
    }
}
