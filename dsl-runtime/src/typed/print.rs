//! Printing a topic's committed rows as JSON, whatever their type.

use std::io::Write;

use log_store::Topic as LogTopic;

use super::Rows;
use crate::engine::schemas_of;
use crate::error::{Error, Result};
use crate::handles::Topic;
use crate::record::TopicDecoder;

/// Prints the committed rows of a topic, one JSON object a line.
pub(crate) type PrintRows = fn(&LogTopic, &mut dyn Write) -> Result<()>;

/// [`PrintRows`] for topic `P`.
pub(crate) fn print_rows<P: Topic>(topic: &LogTopic, out: &mut dyn Write) -> Result<()> {
    let decoder = TopicDecoder::<P::Row>::open(&schemas_of(topic), P::FORMAT)
        .map_err(|source| Error::Schema { topic: P::NAME.to_owned(), source })?;
    let cannot_write =
        |source| Error::Io { what: format!("cannot print the rows of topic `{}`", P::NAME), source };
    let mut line = Vec::new();
    for row in Rows::<P>::of(topic, decoder) {
        line.clear();
        // Into memory first, so that an error is the row's own and not the reader's of the output.
        serde_json::to_writer(&mut line, &row?)
            .map_err(|error| Error::Usage(format!("a row of topic `{}` cannot be JSON: {error}", P::NAME)))?;
        line.push(b'\n');
        out.write_all(&line).map_err(cannot_write)?;
    }
    out.flush().map_err(cannot_write)
}
