//! A pipeline of a program, before the flags are known.

use super::flags::{Flag, Given};
use crate::pipeline::Pipeline;

/// A pipeline of an [`App`](super::App).
pub struct Entry {
    pub(super) name: &'static str,
    pub(super) flags: Vec<Flag>,
    pub(super) make: Make,
}

/// Makes the pipeline with what was given.
type Make = Box<dyn Fn(&Given) -> Result<Pipeline, Mistake>>;

/// Why a flag gives a parameter no value.
#[derive(Debug)]
pub struct Mistake {
    /// The flag as it is written.
    pub(super) shown: String,
    pub(super) about: &'static str,
    /// The text that was given, and what is wrong with it; nothing if the flag is missing.
    pub(super) refused: Option<(String, String)>,
}

impl Mistake {
    /// What is wrong, and what to do.
    pub(super) fn text(&self, pipeline: &str) -> String {
        let shown = &self.shown;
        match &self.refused {
            Some((text, reason)) => {
                format!("'{text}' is no value for '{shown}', a parameter of pipeline `{pipeline}`: {reason}")
            }
            None => {
                let about = self.about.trim_end_matches('.');
                let about = if about.is_empty() { String::new() } else { format!(" ({about})") };
                format!(
                    "pipeline `{pipeline}` needs '{shown}'{about}: give the flag, or name the pipelines that are meant, without this one"
                )
            }
        }
    }
}
