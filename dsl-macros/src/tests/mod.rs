//! What the macros make of sample input: the expansion in full, and of every beginning of it at least something.

mod editor;
mod expansion;
mod truncation;
mod words;

/// The sample pipelines: file name and text.
const PIPELINES: &[(&str, &str)] = &[("departures", include_str!("cases/departures.rs"))];

/// The sample lists of topics.
const TOPICS: &[(&str, &str)] = &[("topics", include_str!("cases/topics.rs"))];
