//! A query: its pipeline, and its result as lines of JSON.

use serde::Serialize;
use waterwheel::{Pipeline, Result, Store};

/// A query as the command line knows it.
#[derive(Clone, Copy)]
pub(crate) struct Query {
    pub(crate) name: &'static str,
    /// What it asks for, in a few words.
    pub(crate) about: &'static str,
    pub(crate) pipeline: fn() -> Pipeline,
    /// Its result: a row a line, sorted bytewise, with those that are the same.
    pub(crate) lines: fn(&Store) -> Result<Vec<String>>,
}

/// Rows as sorted lines of JSON.
pub(crate) fn lines_of<R: Serialize>(rows: impl Iterator<Item = Result<R>>) -> Result<Vec<String>> {
    let line = |row| serde_json::to_string(&row).expect("numbers and texts can be written as JSON");
    let mut lines = rows.map(|row| row.map(line)).collect::<Result<Vec<String>>>()?;
    lines.sort_unstable();
    Ok(lines)
}
