//! What is fuzzed of what the log keeps for itself: committed offsets, answers to other processes, manifests of backups.

use super::targets::{Target, sealed};
use crate::codec::{Put, Reader};
use crate::group::{Committed, OffsetEntry, OffsetRecord};
use crate::journal::Image;
use crate::record::{HEADER_BYTES, RecordsBuilder, record_at};
use crate::store::fuzzed::{KeptAnswer, Manifest};
use crate::{Offset, PartitionId, TopicId};

pub(super) fn targets() -> Vec<Target> {
    vec![committed(), offset_record(), kept_answer(), manifest()]
}

/// A committed offset by the parts of its record, so that damage gets as far as to what is in them.
fn committed() -> Target {
    let decode = |bytes: &[u8]| {
        let from = &mut Reader::new(bytes);
        let mut part = || {
            let is_there = from.u8().ok()? != 0;
            let part = from.bytes().ok()?;
            Some(is_there.then_some(part))
        };
        let (key, value, id, at) = (part()?, part()?, part()?, part()?);
        from.end().ok()?;
        let mut records = RecordsBuilder::new();
        records.push_with_headers(5, key, value, &[("topic-id", id), ("at", at)]);
        decoded(&sealed(records)[HEADER_BYTES..])
    };
    let encode = |record| {
        let (encoded, mut parts) = (encoded(record), Vec::new());
        let record = record_at(&encoded, Offset(0), 0).expect("it was written as a record");
        let headers = record.headers().map(|(_, value)| value);
        for part in [record.key, record.value].into_iter().chain(headers) {
            parts.push(u8::from(part.is_some()));
            parts.put_bytes(part.unwrap_or_default());
        }
        parts
    };
    let seeds = offsets().into_iter().map(encode).collect();
    Target::new("committed", decode, encode).with(seeds)
}

/// A committed offset as a record that may be anything.
fn offset_record() -> Target {
    Target::new("offset", decoded, encoded).with(offsets().into_iter().map(encoded).collect())
}

fn decoded(bytes: &[u8]) -> Option<OffsetRecord> {
    OffsetRecord::decode(&record_at(bytes, Offset(0), 0)?).ok()
}

fn encoded(OffsetRecord { key, topic_name, at, committed }: OffsetRecord) -> Vec<u8> {
    let mut records = RecordsBuilder::new();
    let entry = OffsetEntry { place: key.place, topic_name, committed };
    OffsetRecord::push(&mut records, 0, &key.group, &entry, Some(at));
    sealed(records).split_off(HEADER_BYTES)
}

/// One that was committed with all that it may have, one without a word, and one that was taken away.
fn offsets() -> Vec<OffsetRecord> {
    let committed = |metadata: &str| Committed {
        offset: Offset(9),
        metadata: metadata.to_owned(),
        timestamp_ms: 1_700_000_000_000,
    };
    let record = |group: &str, committed| {
        let (place, topic_name) = ((TopicId(3), PartitionId(1)), "topic".to_owned());
        let key = crate::group::OffsetKey { group: group.to_owned(), place };
        OffsetRecord { key, topic_name, at: Offset(77), committed }
    };
    vec![record("group", Some(committed("at noon"))), record("", Some(committed(""))), record("gone", None)]
}

fn kept_answer() -> Target {
    Target::new("kept", |bytes| KeptAnswer::decode(bytes).ok(), |answer| answer.encode())
}

/// What a backup holds, with the checksum that it has.
fn manifest() -> Target {
    let decode = |bytes: &[u8]| Manifest::decode(&Manifest::framed(bytes)).ok();
    let encode = |manifest: Manifest| manifest.content();
    Target::new("manifest", decode, encode).with(vec![Manifest::with_files(Image::default(), 2).content()])
}
