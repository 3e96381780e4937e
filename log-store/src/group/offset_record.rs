//! Committed offsets as records of `__consumer_offsets`, in the layout of Kafka's.
//!
//! ```text
//! key     version 1 (i16) | group | topic | partition (i32)                               texts: length (i16), UTF-8
//! value   version 3 (i16) | offset (i64) | leader epoch (i32, -1) | metadata | time (i64)      none: the group has no offset any more
//! headers topic-id (8 bytes) | at (8 bytes): in a copy, the offset of the record that it is a copy of
//! ```
//!
//! Kafka's own tools read keys and values. The topic's id tells offsets of a topic from those of an earlier one of its name.

use crate::codec::{Malformed, Put, Reader};
use crate::ids::{Offset, PartitionId, TopicId};
use crate::record::{RecordRef, RecordsBuilder};

use super::{Committed, OffsetEntry, Place};

const KEY_VERSION: i16 = 1;
const VALUE_VERSION: i16 = 3;

const TOPIC_ID: &str = "topic-id";
const AT: &str = "at";

/// Whose offset a record is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OffsetKey {
    pub(crate) group: String,
    pub(crate) place: Place,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OffsetRecord {
    pub(crate) key: OffsetKey,
    pub(crate) topic_name: String,
    /// The offset of the record in which it was committed. Of two records the one whose is greater counts.
    pub(crate) at: Offset,
    pub(crate) committed: Option<Committed>,
}

impl OffsetRecord {
    /// Adds an offset to records; `at` if they are copies.
    pub(crate) fn push(
        records: &mut RecordsBuilder,
        now_ms: i64,
        group: &str,
        entry: &OffsetEntry,
        at: Option<Offset>,
    ) {
        let mut key = Vec::new();
        key.put_i16(KEY_VERSION);
        put_text(&mut key, group);
        put_text(&mut key, &entry.topic_name);
        key.put_u32(entry.place.1.0);
        let value = entry.committed.as_ref().map(|committed| {
            let mut value = Vec::new();
            value.put_i16(VALUE_VERSION);
            value.put_u64(committed.offset.0);
            value.put_u32(u32::MAX);
            put_text(&mut value, &committed.metadata);
            value.put_i64(committed.timestamp_ms);
            value
        });
        let id = entry.place.0.0.to_be_bytes();
        let at = at.map(|at| at.0.to_be_bytes());
        let mut headers = vec![(TOPIC_ID, Some(&id[..]))];
        headers.extend(at.iter().map(|at| (AT, Some(&at[..]))));
        records.push_with_headers(now_ms, Some(&key), value.as_deref(), &headers);
    }

    /// Reads one. Nobody but the log writes them; what is none is passed over.
    pub(crate) fn decode(record: &RecordRef<'_>) -> Result<OffsetRecord, Malformed> {
        let header = |name: &str| {
            let found = record.headers().find(|(header, _)| *header == name);
            found.and_then(|(_, value)| Some(u64::from_be_bytes(value?.try_into().ok()?)))
        };
        let mut key = Reader::new(record.key.ok_or(Malformed)?);
        if key.i16()? != KEY_VERSION {
            return Err(Malformed);
        }
        let (group, topic_name, partition) = (text(&mut key)?, text(&mut key)?, PartitionId(key.u32()?));
        key.end()?;
        let topic = TopicId(header(TOPIC_ID).ok_or(Malformed)?);
        let committed = record.value.map(decode_value).transpose()?;
        let at = header(AT).map_or(record.offset, Offset);
        Ok(OffsetRecord { key: OffsetKey { group, place: (topic, partition) }, topic_name, at, committed })
    }
}

fn decode_value(value: &[u8]) -> Result<Committed, Malformed> {
    let from = &mut Reader::new(value);
    if from.i16()? != VALUE_VERSION {
        return Err(Malformed);
    }
    let offset = Offset(from.u64()?);
    let _leader_epoch = from.u32()?;
    let committed = Committed { offset, metadata: text(from)?, timestamp_ms: from.i64()? };
    from.end()?;
    Ok(committed)
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.put_i16(i16::try_from(text.len()).expect("names and metadata are checked before"));
    out.extend_from_slice(text.as_bytes());
}

fn text(from: &mut Reader<'_>) -> Result<String, Malformed> {
    let length = usize::try_from(from.i16()?).map_err(|_| Malformed)?;
    let text = std::str::from_utf8(from.take(length)?).map_err(|_| Malformed)?;
    Ok(text.to_owned())
}
