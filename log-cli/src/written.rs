//! Records as JSON: how `consume --json` writes them, and `produce --json` reads them.
//!
//! ```text
//! {"partition":0,"offset":17,"timestamp":1772366400000,"key":"shop 7","value":"12.50","headers":{"trace":"a1"}}
//! ```
//!
//! Bytes that are UTF-8 are a string, others `{"base64":".."}`, and what a record has not is `null`. Headers of one name
//! are a list.

use std::fmt;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use log_store::RecordRef;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::native::Decoded;

/// A record, to be written.
pub(crate) struct Shown<'a> {
    partition: u32,
    offset: u64,
    timestamp: i64,
    key: Part<'a>,
    value: Part<'a>,
    headers: ShownHeaders<'a>,
}

/// A key or a value.
enum Part<'a> {
    None,
    Bytes(Bytes<'a>),
    /// What the bytes stand for, as JSON.
    Decoded(&'a [u8]),
}

impl<'a> Shown<'a> {
    /// A record whose key and value are shown as bytes, unless they are decoded.
    pub(crate) fn of(partition: u32, record: &RecordRef<'a>, decoded: &Decoded<'a>) -> Shown<'a> {
        Shown {
            partition,
            offset: record.offset.0,
            timestamp: record.timestamp,
            key: Part::of(record.key, decoded.key),
            value: Part::of(record.value, decoded.value),
            headers: ShownHeaders(record.headers().map(|(name, value)| (name, value.map(Bytes))).collect()),
        }
    }

    /// Writes the object, without a line feed.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Shown { partition, offset, timestamp, .. } = self;
        write!(out, "{{\"partition\":{partition},\"offset\":{offset},\"timestamp\":{timestamp},\"key\":")?;
        self.key.write(out)?;
        out.write_all(b",\"value\":")?;
        self.value.write(out)?;
        out.write_all(b",\"headers\":")?;
        serde_json::to_writer(&mut *out, &self.headers)?;
        out.write_all(b"}")
    }
}

impl<'a> Part<'a> {
    fn of(bytes: Option<&'a [u8]>, decoded: Option<&'a [u8]>) -> Part<'a> {
        match (bytes, decoded) {
            (_, Some(json)) => Part::Decoded(json),
            (Some(bytes), None) => Part::Bytes(Bytes(bytes)),
            (None, None) => Part::None,
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Part::None => out.write_all(b"null"),
            Part::Bytes(bytes) => Ok(serde_json::to_writer(out, bytes)?),
            Part::Decoded(json) => out.write_all(json),
        }
    }
}

/// Bytes that are mostly text.
#[derive(Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if let Ok(text) = std::str::from_utf8(self.0) {
            return to.serialize_str(text);
        }
        let mut map = to.serialize_map(Some(1))?;
        map.serialize_entry("base64", &STANDARD.encode(self.0))?;
        map.end()
    }
}

struct ShownHeaders<'a>(Vec<(&'a str, Option<Bytes<'a>>)>);

impl Serialize for ShownHeaders<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for (place, (name, value)) in self.0.iter().enumerate() {
            if self.0[..place].iter().any(|(before, _)| before == name) {
                continue;
            }
            let same = || self.0[place..].iter().filter(|(other, _)| other == name).map(|(_, value)| value);
            match same().count() {
                1 => map.serialize_entry(name, value)?,
                _ => map.serialize_entry(name, &same().collect::<Vec<_>>())?,
            }
        }
        map.end()
    }
}

/// A record that was read. What `consume` writes is taken, its offset aside.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Read {
    /// Where it is to go; else its key decides.
    #[serde(default)]
    pub(crate) partition: Option<u32>,
    /// Where it was: a record that is written gets an offset of its own.
    #[serde(default, rename = "offset")]
    _offset: Option<u64>,
    #[serde(default)]
    pub(crate) timestamp: Option<i64>,
    #[serde(default, deserialize_with = "bytes")]
    pub(crate) key: Option<Vec<u8>>,
    #[serde(default, deserialize_with = "bytes")]
    pub(crate) value: Option<Vec<u8>>,
    #[serde(default)]
    pub(crate) headers: ReadHeaders,
}

impl Read {
    /// The record, or what is wrong with the line.
    pub(crate) fn of(line: &[u8]) -> Result<Read, String> {
        match line.trim_ascii_start().first() {
            Some(b'{') => serde_json::from_slice(line).map_err(|error| in_one_line(&error)),
            // Derived reading takes a list for a struct, too.
            Some(_) => {
                Err("it is no JSON object, such as {\"key\":\"shop 7\",\"value\":\"12.50\"}".to_owned())
            }
            None => {
                Err("it is empty; a record without a value is {}, and an empty value {\"value\":\"\"}"
                    .to_owned())
            }
        }
    }
}

/// What is wrong with a text that is a line of another one: by its byte, not by a line of its own.
fn in_one_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.strip_suffix(&format!(" at line {} column {}", error.line(), error.column())) {
        Some(what) => format!("{what}, at byte {} of it", error.column()),
        None => text,
    }
}

/// Headers in their order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ReadHeaders(pub(crate) Vec<(String, Option<Vec<u8>>)>);

/// Bytes as they are written.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a string, `{\"base64\":\"..\"}` or null; a row that `consume --json` has decoded is printed as the bytes that it is \
                 by `consume --json --raw`, and rows are written by the pipeline's own program"
)]
enum Written {
    Text(String),
    Encoded(Encoded),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Encoded {
    base64: String,
}

/// One header's value, or those of several headers of one name.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a string, `{\"base64\":\"..\"}`, null, or a list of these")]
enum OneOrSeveral {
    Several(Vec<Option<Written>>),
    One(Option<Written>),
}

impl Written {
    fn into_bytes<E: serde::de::Error>(self) -> Result<Vec<u8>, E> {
        match self {
            Written::Text(text) => Ok(text.into_bytes()),
            Written::Encoded(Encoded { base64 }) => STANDARD.decode(base64).map_err(|error| {
                let error = error.to_string();
                E::custom(format!("what stands in `base64` is no such text: {}", error.trim_end_matches('.')))
            }),
        }
    }
}

fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
    Option::<Written>::deserialize(from)?.map(Written::into_bytes).transpose()
}

impl<'de> Deserialize<'de> for ReadHeaders {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<ReadHeaders, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = ReadHeaders;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of headers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ReadHeaders, A::Error> {
                let mut headers = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, OneOrSeveral>()? {
                    let values = match value {
                        OneOrSeveral::One(value) => vec![value],
                        OneOrSeveral::Several(values) => values,
                    };
                    for value in values {
                        let value = value.map(Written::into_bytes::<A::Error>).transpose()?;
                        headers.push((name.clone(), value));
                    }
                }
                Ok(ReadHeaders(headers))
            }
        }

        from.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[(&str, Option<&[u8]>)]) {
        let read = Read::of(line.as_bytes()).unwrap();
        let found: Vec<_> =
            read.headers.0.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        assert_eq!((read.key.as_deref(), read.value.as_deref(), &*found), (key, value, headers));
    }

    #[test]
    fn what_is_written_of_a_record_is_read() {
        check("{}", None, None, &[]);
        check(r#"{"offset":7,"key":"a","value":null}"#, Some(b"a"), None, &[]);
        check(r#"{"value":{"base64":"/wA="}}"#, None, Some(&[255, 0]), &[]);
        let headers: &[(&str, Option<&[u8]>)] =
            &[("z", Some(b"1")), ("z", None), ("a", Some(b"")), ("b", None), ("c", Some(&[255]))];
        check(r#"{"headers":{"z":["1",null],"a":"","b":null,"c":{"base64":"/w=="}}}"#, None, None, headers);
    }

    #[test]
    fn what_is_no_record_is_told() {
        for (line, expected) in [
            (r#"{"value":12}"#, "expected a string"),
            (
                r#"{"value":{"base64":"?"}}"#,
                "what stands in `base64` is no such text: Invalid symbol 63, offset 0, at byte 24 of it",
            ),
            (r#"{"vlaue":"a"}"#, "unknown field `vlaue`"),
            (r#"{"headers":["a"]}"#, "an object of headers"),
            (r#"{"value":"a""#, "EOF while parsing an object, at byte 12 of it"),
            ("12.50", "it is no JSON object"),
            (r#"[1,2,3,"a"]"#, "it is no JSON object"),
            (" ", "it is empty"),
        ] {
            let error = Read::of(line.as_bytes()).unwrap_err();
            assert!(error.contains(expected), "{line}: {error}");
        }
    }
}
