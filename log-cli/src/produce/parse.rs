//! A record from a line.

use std::borrow::Cow;

use crate::written::Read;

/// How records stand in lines.
#[derive(Clone, Copy)]
pub(super) enum Shape<'a> {
    /// A value, perhaps behind a key.
    Text {
        separator: Option<&'a str>,
    },
    Json,
}

/// A record to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record<'l> {
    pub(super) partition: Option<u32>,
    pub(super) timestamp: Option<i64>,
    pub(super) key: Option<Cow<'l, [u8]>>,
    pub(super) value: Option<Cow<'l, [u8]>>,
    pub(super) headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Shape<'_> {
    /// The record, or what is wrong with the line.
    pub(super) fn parse<'l>(&self, line: &'l [u8]) -> Result<Record<'l>, String> {
        match self {
            Shape::Text { separator: None } => Ok(text(None, line)),
            Shape::Text { separator: Some(separator) } => {
                let (key, value) = split(line, separator.as_bytes()).ok_or_else(|| {
                    format!("there is no `{separator}` in it, which would end its key{}; the lines before it are appended",
                        meant(separator))
                })?;
                Ok(text(Some(key), value))
            }
            Shape::Json => {
                let read =
                    Read::of(line).map_err(|error| format!("{error}; the lines before it are appended"))?;
                Ok(Record {
                    partition: read.partition,
                    timestamp: read.timestamp,
                    key: read.key.map(Cow::Owned),
                    value: read.value.map(Cow::Owned),
                    headers: read.headers.0,
                })
            }
        }
    }
}

/// What to write instead of a separator that a shell gives as two characters.
fn meant(separator: &str) -> &'static str {
    match separator {
        "\\t" => " (a tab is written $'\\t' in a shell)",
        _ => "",
    }
}

fn text<'l>(key: Option<&'l [u8]>, value: &'l [u8]) -> Record<'l> {
    let (key, value) = (key.map(Cow::Borrowed), Some(Cow::Borrowed(value)));
    Record { partition: None, timestamp: None, key, value, headers: Vec::new() }
}

fn split<'l>(line: &'l [u8], separator: &[u8]) -> Option<(&'l [u8], &'l [u8])> {
    let at = line.windows(separator.len()).position(|bytes| bytes == separator)?;
    Some((&line[..at], &line[at + separator.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_at_the_first_separator() {
        let shape = Shape::Text { separator: Some("::") };
        assert_eq!(shape.parse(b"a:b::c::d").unwrap(), text(Some(b"a:b"), b"c::d"));
        assert_eq!(shape.parse(b"::").unwrap(), text(Some(b""), b""));
        assert!(shape.parse(b"a:b").unwrap_err().starts_with("there is no `::` in it"));
        let error = Shape::Text { separator: Some("\\t") }.parse(b"a\tb").unwrap_err();
        assert!(error.contains("its key (a tab is written $'\\t' in a shell); the lines"), "{error}");
        assert_eq!(Shape::Text { separator: None }.parse(b"a:b").unwrap(), text(None, b"a:b"));
    }
}
