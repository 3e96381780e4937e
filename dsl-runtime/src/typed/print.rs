//! Printing a topic's committed rows as JSON, whatever their type.

use std::io::Write;

use log_store::{RecordRef, Topic as LogTopic};

use super::rows::Records;
use crate::engine::schemas_of;
use crate::error::{Error, Result};
use crate::plan::TopicFacts;
use crate::record::is_heartbeat;

/// What is printed of each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Print {
    Row,
    /// The row inside of an object that has its partition, its offset and its headers, too; `null` in the place of the row for a
    /// heartbeat, which has none.
    WithHeaders,
}

/// Prints the committed rows of a topic, one JSON object a line.
pub(crate) fn print_rows(
    topic: &LogTopic,
    facts: &TopicFacts,
    what: Print,
    out: &mut dyn Write,
) -> Result<()> {
    let name = facts.name;
    let mut to_json = (facts.to_json)(&schemas_of(topic))
        .map_err(|source| Error::Schema { topic: name.to_owned(), source })?;
    let cannot_write =
        |source| Error::Io { what: format!("cannot print the rows of topic `{name}`"), source };
    let mut records = Records::of(topic);
    // Into memory first, so that an error is the row's own and not the reader's of the output.
    let mut line = Vec::new();
    while let Some(row) = records.next(|partition, record| {
        line.clear();
        if what == Print::WithHeaders {
            line.extend(around(partition, record));
        }
        if is_heartbeat(record) {
            line.extend_from_slice(b"null");
            return Ok(Ok(false));
        }
        Ok(to_json(record.value.unwrap_or_default(), &mut line)?.map(|()| true))
    }) {
        let is_row =
            row?.map_err(|error| Error::Usage(format!("a row of topic `{name}` cannot be JSON: {error}")))?;
        if !is_row && what == Print::Row {
            continue;
        }
        line.extend_from_slice(if what == Print::WithHeaders { b"}\n" } else { b"\n" });
        out.write_all(&line).map_err(cannot_write)?;
    }
    out.flush().map_err(cannot_write)
}

/// The beginning of the object around a row. A header's value is shown as text, whatever it is.
fn around(partition: u32, record: &RecordRef<'_>) -> Vec<u8> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers: serde_json::Map<String, serde_json::Value> =
        record.headers().map(|(name, value)| (name.to_owned(), value.map(text).into())).collect();
    let headers = serde_json::Value::Object(headers);
    format!("{{\"partition\":{partition},\"offset\":{},\"headers\":{headers},\"row\":", record.offset.0)
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use log_store::{MemDisk, Offset, RecordsBuilder, Store, TopicConfig};

    use super::*;

    #[test]
    fn headers_are_shown_in_an_object_in_front_of_the_row() {
        let store = Store::open_on(Arc::new(MemDisk::new()), Default::default()).unwrap();
        let log = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
        let mut records = RecordsBuilder::new();
        let headers = [("of", Some(&b"a \"b\""[..])), ("none", None), ("bytes", Some(&[0xff][..]))];
        records.push_with_headers(0, None, Some(b"value"), &headers);
        log.append(records).unwrap();
        let mut scan = log.scan(Offset(0), Offset(1));
        let begin = around(3, &scan.next().unwrap().unwrap());
        let expected = "{\"partition\":3,\"offset\":0,\"headers\":{\"bytes\":\"\u{fffd}\",\"none\":null,\"of\":\"a \\\"b\\\"\"},\"row\":";
        assert_eq!(String::from_utf8(begin).unwrap(), expected);
    }
}
