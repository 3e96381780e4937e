//! Printing a topic's committed rows as JSON, whatever their type.

use std::io::Write;

use log_store::Topic as LogTopic;

use super::rows::Records;
use crate::engine::schemas_of;
use crate::error::{Error, Result};
use crate::plan::TopicFacts;

/// Prints the committed rows of a topic, one JSON object a line.
pub(crate) fn print_rows(topic: &LogTopic, facts: &TopicFacts, out: &mut dyn Write) -> Result<()> {
    let name = facts.name;
    let mut to_json = (facts.to_json)(&schemas_of(topic))
        .map_err(|source| Error::Schema { topic: name.to_owned(), source })?;
    let cannot_write =
        |source| Error::Io { what: format!("cannot print the rows of topic `{name}`"), source };
    let mut records = Records::of(topic);
    // Into memory first, so that an error is the row's own and not the reader's of the output.
    let mut line = Vec::new();
    while let Some(row) = records.next(|bytes| {
        line.clear();
        to_json(bytes, &mut line)
    }) {
        row?.map_err(|error| Error::Usage(format!("a row of topic `{name}` cannot be JSON: {error}")))?;
        line.push(b'\n');
        out.write_all(&line).map_err(cannot_write)?;
    }
    out.flush().map_err(cannot_write)
}
