//! The headers of a record on its way into a sink's topic.

use std::str;

/// Names, each with perhaps a value: what Kafka calls a record's headers. They are kept as bytes, so that rows with headers can be
/// put in order, hashed and held in memory as cheaply as their values.
///
/// ```text
/// u32 name bytes | name | u32 value bytes, or u32::MAX for none | value |  .. the next one
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RecordHeaders {
    bytes: Vec<u8>,
}

const NO_VALUE: u32 = u32::MAX;

impl RecordHeaders {
    /// Adds a header behind the others. Names may be the same.
    pub(crate) fn add(&mut self, name: &str, value: Option<&[u8]>) {
        self.put(name.as_bytes());
        match value {
            Some(value) => self.put(value),
            None => self.bytes.extend(NO_VALUE.to_le_bytes()),
        }
    }

    /// All of them as bytes; empty for none.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The headers that [`RecordHeaders::as_bytes`] gave.
    pub(crate) fn read(mut bytes: &[u8]) -> Vec<(&str, Option<&[u8]>)> {
        let mut headers = Vec::new();
        while let Some(Some(name)) = take(&mut bytes) {
            let name = str::from_utf8(name).expect("it was a `&str` when it was added");
            headers.push((name, take(&mut bytes).flatten()));
        }
        headers
    }

    fn put(&mut self, part: &[u8]) {
        let length =
            u32::try_from(part.len()).expect("a record is far smaller than 4 GiB, and so is its header");
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend_from_slice(part);
    }
}

/// The next name or value: nothing at the end, and `Some(None)` for a value that is none.
fn take<'b>(rest: &mut &'b [u8]) -> Option<Option<&'b [u8]>> {
    let (length, behind) = rest.split_first_chunk()?;
    let length = u32::from_le_bytes(*length);
    if length == NO_VALUE {
        *rest = behind;
        return Some(None);
    }
    let (part, behind) = behind.split_at_checked(length as usize)?;
    *rest = behind;
    Some(Some(part))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn headers_are_read_as_they_were_added(
            headers in prop::collection::vec((".{0,5}", prop::option::of(prop::collection::vec(any::<u8>(), 0..9))), 0..5),
        ) {
            let mut built = RecordHeaders::default();
            headers.iter().for_each(|(name, value)| built.add(name, value.as_deref()));
            let expected: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
            prop_assert_eq!(RecordHeaders::read(built.as_bytes()), expected);
            prop_assert_eq!(headers.is_empty(), built.as_bytes().is_empty());
        }
    }
}
