//! Printing a topic's committed rows as JSON, whatever their type.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use log_store::{RecordRef, Store, Topic as LogTopic};
use serde_json::Value;

use super::commits::Commits;
use super::records::Records;
use crate::engine::schemas_of;
use crate::error::{Error, Result};
use crate::plan::{RowToJson, TopicFacts};
use crate::record::is_heartbeat;
use crate::time::Timestamp;

/// What is printed of each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Print {
    Row,
    /// The row inside of an object that has its partition, its offset and its headers, too; `null` in the place of the row for a
    /// heartbeat, which has none.
    WithHeaders,
}

/// A condition on a row: that a field has a value, or that it is there; of a row that is an enum, that it is of a variant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Where {
    /// The field as it is called in JSON, and those inside of it.
    path: Vec<String>,
    asked: Option<Asked>,
}

/// A value as it was written, and as JSON if it is some.
#[derive(Debug, Clone, PartialEq)]
struct Asked {
    text: String,
    value: Option<Value>,
}

impl Where {
    /// Reads `field=value`, or `field` alone, where the field may be `outer.inner`.
    pub(crate) fn parse(text: &str) -> std::result::Result<Where, String> {
        let (field, asked) = match text.split_once('=') {
            None => (text, None),
            Some((field, value)) => {
                let (text, value) = (value.to_owned(), serde_json::from_str(value).ok());
                (field, Some(Asked { text, value }))
            }
        };
        let path: Vec<String> = field.trim().split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            return Err("write a field and its value, `origin=EWR`, or the name of a variant".to_owned());
        }
        Ok(Where { path, asked })
    }

    /// The field of the row that it asks for.
    pub(crate) fn field(&self) -> &str {
        &self.path[0]
    }

    /// Whether it holds of a row. A text is compared as it is written, without quotes; everything else as JSON.
    fn holds(&self, row: &Value) -> bool {
        let found = self.path.iter().try_fold(row, |value, field| value.get(field));
        let Some(asked) = &self.asked else {
            // A variant that carries nothing is its name.
            let is_variant = self.path.len() == 1 && row.as_str() == Some(self.field());
            return is_variant || found.is_some_and(|value| !value.is_null());
        };
        match (found, &asked.value) {
            (Some(Value::String(text)), value) => {
                *text == asked.text || value.as_ref().and_then(Value::as_str) == Some(text)
            }
            (Some(Value::Number(found)), Some(Value::Number(asked))) => {
                found == asked || found.as_f64() == asked.as_f64() && (found.is_f64() || asked.is_f64())
            }
            (Some(found), Some(asked)) => found == asked,
            // What is left out of the JSON is not there.
            (None, Some(asked)) => asked.is_null(),
            _ => false,
        }
    }
}

/// Prints the committed rows of a topic, one JSON object a line; and those of later commits, as long as it is asked to.
pub(crate) struct Printer<'o> {
    name: &'static str,
    to_json: RowToJson,
    records: Records,
    commits: Commits,
    what: Print,
    conditions: Vec<Where>,
    out: &'o mut dyn Write,
    met: Met,
}

/// How many rows there were, and how many lines of them were printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Met {
    pub(crate) rows: u64,
    pub(crate) printed: u64,
}

impl<'o> Printer<'o> {
    /// From the topic's first row on.
    pub(crate) fn of(
        store: &Store,
        topic: &LogTopic,
        facts: &TopicFacts,
        what: Print,
        conditions: Vec<Where>,
        out: &'o mut dyn Write,
    ) -> Result<Printer<'o>> {
        let name = facts.name;
        let to_json = (facts.to_json)(&schemas_of(topic))
            .map_err(|source| Error::Schema { topic: name.to_owned(), source })?;
        let commits = Commits::of(store, topic);
        Ok(Printer {
            name,
            to_json,
            records: Records::of(topic),
            commits,
            what,
            conditions,
            out,
            met: Met::default(),
        })
    }

    /// From the first row on that was appended at that time or later.
    pub(crate) fn seek_to_time(&mut self, time: Timestamp) {
        self.records.seek_to_time(time);
    }

    /// A partition from an offset on.
    pub(crate) fn seek(&mut self, partition: u32, offset: u64) {
        self.records.seek(partition, offset);
    }

    /// What it has met so far.
    pub(crate) fn met(&self) -> Met {
        self.met
    }

    /// Prints what is committed, up to the last commit that it knows of.
    pub(crate) fn print(&mut self) -> Result<()> {
        // Into memory first, so that an error is the row's own and not the reader's of the output.
        let mut line = Vec::new();
        let name = self.name;
        let cannot_write =
            |source| Error::Io { what: format!("cannot print the rows of topic `{name}`"), source };
        let (to_json, what) = (&mut self.to_json, self.what);
        // Where the row begins in the line, if there is one.
        while let Some(row) = self.records.next(|partition, record| {
            line.clear();
            if what == Print::WithHeaders {
                line.extend(around(partition, record));
            }
            let begin = line.len();
            if is_heartbeat(record) {
                line.extend_from_slice(b"null");
                return Ok(Ok(None));
            }
            Ok(to_json(record.value.unwrap_or_default(), &mut line)?.map(|()| Some(begin)))
        }) {
            let row = row?
                .map_err(|error| Error::Usage(format!("a row of topic `{name}` cannot be JSON: {error}")))?;
            self.met.rows += u64::from(row.is_some());
            let is_asked_for = match row {
                None => what == Print::WithHeaders && self.conditions.is_empty(),
                Some(begin) => meets(&self.conditions, &line[begin..]),
            };
            if !is_asked_for {
                continue;
            }
            line.extend_from_slice(if what == Print::WithHeaders { b"}\n" } else { b"\n" });
            self.out.write_all(&line).map_err(cannot_write)?;
            self.met.printed += 1;
        }
        self.out.flush().map_err(cannot_write)
    }

    /// Waits for a commit to the topic, at most as long as given, and prints what is new then.
    pub(crate) fn print_next(&mut self, timeout: Duration) -> Result<()> {
        let news = self.commits.news();
        if !self.extend()? && self.commits.wait(news, timeout) {
            self.extend()?;
        }
        self.print()
    }

    fn extend(&mut self) -> Result<bool> {
        let extended = self.records.extend();
        self.commits.know(self.records.ends());
        extended
    }
}

/// Whether all conditions hold of a row that was just written as JSON.
fn meets(conditions: &[Where], row: &[u8]) -> bool {
    if conditions.is_empty() {
        return true;
    }
    let row: Value = serde_json::from_slice(row).expect("serde_json has just written it");
    conditions.iter().all(|condition| condition.holds(&row))
}

/// The beginning of the object around a row. A header's value is shown as text, whatever it is; several of one name as a list, in their order.
fn around(partition: u32, record: &RecordRef<'_>) -> Vec<u8> {
    let mut headers: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (name, value) in record.headers() {
        let text = value.map(|value| String::from_utf8_lossy(value).into_owned());
        headers.entry(name).or_default().push(text.into());
    }
    let one_or_list = |mut values: Vec<Value>| match values.len() {
        1 => values.remove(0),
        _ => Value::Array(values),
    };
    let headers: Value = headers.into_iter().map(|(name, values)| (name, one_or_list(values))).collect();
    format!("{{\"partition\":{partition},\"offset\":{},\"headers\":{headers},\"row\":", record.offset.0)
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use log_store::{MemDisk, Offset, RecordsBuilder, Store, TopicConfig};
    use serde_json::json;

    use super::*;

    #[test]
    fn headers_are_shown_in_an_object_in_front_of_the_row() {
        let store = Store::open_on(Arc::new(MemDisk::new()), Default::default()).unwrap();
        let log = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
        let mut records = RecordsBuilder::new();
        let headers = [
            ("of", Some(&b"a \"b\""[..])),
            ("none", None),
            ("bytes", Some(&[0xff][..])),
            ("of", None),
            ("of", Some(&b"c"[..])),
        ];
        records.push_with_headers(0, None, Some(b"value"), &headers);
        log.append(records).unwrap();
        let mut scan = log.scan(Offset(0), Offset(1));
        let begin = around(3, &scan.next().unwrap().unwrap());
        let expected = "{\"partition\":3,\"offset\":0,\"headers\":{\"bytes\":\"\u{fffd}\",\"none\":null,\"of\":[\"a \\\"b\\\"\",null,\"c\"]},\"row\":";
        assert_eq!(String::from_utf8(begin).unwrap(), expected);
    }

    #[test]
    fn a_condition_asks_for_the_value_of_a_field() {
        let row = json!({
            "origin": "EWR", "hour": "2013-01-01T05:00:00Z", "n": 5, "mean": 5.0, "text": "5", "null": null, "yes": true,
            "big": u64::MAX, "at": {"lat": 1.5, "name": "a=b"}, "list": [1, 2], "word": "null",
        });
        let holds = |text: &str| Where::parse(text).unwrap().holds(&row);
        for text in [
            "origin=EWR",
            "origin=\"EWR\"",
            "hour=2013-01-01T05:00:00Z",
            "n=5",
            "n=5.0",
            "mean=5",
            "text=5",
            "null=null",
            "word=null",
            "missing=null",
            "yes=true",
            "big=18446744073709551615",
            "at.lat=1.5",
            "at.name=a=b",
            "list=[1,2]",
            "at={\"name\":\"a=b\",\"lat\":1.5}",
        ] {
            assert!(holds(text), "{text}");
        }
        for text in [
            "origin=JFK",
            "origin=",
            "n=6",
            "n=five",
            "null=0",
            "yes=false",
            "big=18446744073709551614",
            "at.lat=2",
            "at.lon=1.5",
            "missing=1",
            "list=[1]",
        ] {
            assert!(!holds(text), "{text}");
        }
        for text in ["=EWR", "at.=1", "", "at."] {
            assert!(Where::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_condition_without_a_value_asks_for_a_field_that_is_there_or_for_a_variant() {
        let holds = |text: &str, row: Value| Where::parse(text).unwrap().holds(&row);
        let row = json!({"origin": "EWR", "null": null, "at": {"lat": 0}});
        assert!(holds("origin", row.clone()) && holds("at.lat", row.clone()));
        assert!(
            !holds("null", row.clone()) && !holds("missing", row.clone()) && !holds("at.lon", row.clone())
        );
        let (closed, paid) = (json!("Closed"), json!({"Paid": {"account": 7}}));
        assert!(holds("Closed", closed.clone()) && holds("Paid", paid.clone()));
        assert!(holds("Paid.account=7", paid.clone()) && holds("Paid.account", paid.clone()));
        assert!(!holds("Closed", paid) && !holds("Paid", closed.clone()) && !holds("Closed.account", closed));
    }
}
