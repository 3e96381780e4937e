//! What members and their coordinator say to each other, as bytes: `docs/formats/socket.md` has them.

use std::collections::BTreeMap;

use crate::codec::{Malformed, Put, Reader, decode_all};
use crate::ids::{Offset, PartitionId, TopicId};

use super::{Assignor, Beat, Committed, GroupOffsets, GroupTold, MemberTold, OffsetEntry, Place, Standing};

impl Beat {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_text(out, &self.group);
        put_text(out, &self.member);
        put_option(out, self.instance.as_ref(), |out, instance| put_text(out, instance));
        out.put_u64(self.generation);
        put_texts(out, &self.topics);
        put_text(out, self.assignor.name());
        out.put_u64(self.session_timeout_ms);
        put_owned(out, &self.owned);
    }

    pub(crate) fn decode(from: &mut Reader<'_>) -> Result<Beat, Malformed> {
        Ok(Beat {
            group: from.string()?,
            member: from.string()?,
            instance: option(from, Reader::string)?,
            generation: from.u64()?,
            topics: decode_all(from, Reader::string)?,
            assignor: assignor(from)?,
            session_timeout_ms: from.u64()?,
            owned: owned(from)?,
        })
    }
}

impl Standing {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.generation);
        put_owned(out, &self.owned);
        out.put_count(self.revoked.len());
        self.revoked.iter().for_each(|place| put_place(out, *place));
        out.put_u8(self.settled.into());
    }

    pub(crate) fn decode(from: &mut Reader<'_>) -> Result<Standing, Malformed> {
        Ok(Standing {
            generation: from.u64()?,
            owned: owned(from)?,
            revoked: decode_all(from, place)?,
            settled: from.u8()? != 0,
        })
    }
}

impl GroupOffsets {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_text(out, &self.group);
        put_option(out, self.by.as_ref(), |out, by| by.encode(out));
        out.put_count(self.entries.len());
        for entry in &self.entries {
            put_place(out, entry.place);
            put_text(out, &entry.topic_name);
            put_option(out, entry.committed.as_ref(), |out, committed| {
                out.put_u64(committed.offset.0);
                put_text(out, &committed.metadata);
                out.put_i64(committed.timestamp_ms);
            });
        }
    }

    pub(crate) fn decode(from: &mut Reader<'_>) -> Result<GroupOffsets, Malformed> {
        let (group, by) = (from.string()?, option(from, Beat::decode)?.map(Box::new));
        let entry = |from: &mut Reader<'_>| {
            let (place, topic_name) = (place(from)?, from.string()?);
            let committed = option(from, |from| {
                let (offset, metadata) = (Offset(from.u64()?), from.string()?);
                Ok(Committed { offset, metadata, timestamp_ms: from.i64()? })
            })?;
            Ok(OffsetEntry { place, topic_name, committed })
        };
        Ok(GroupOffsets { group, by, entries: decode_all(from, entry)? })
    }
}

impl GroupTold {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_text(out, &self.group);
        out.put_u64(self.generation);
        put_text(out, self.assignor.name());
        out.put_u8(self.settled.into());
        out.put_count(self.members.len());
        for member in &self.members {
            put_text(out, &member.member);
            put_option(out, member.instance.as_ref(), |out, instance| put_text(out, instance));
            out.put_u32(member.process);
            put_texts(out, &member.topics);
            out.put_count(member.owned.len());
            member.owned.iter().for_each(|place| put_place(out, *place));
        }
    }

    pub(crate) fn decode(from: &mut Reader<'_>) -> Result<GroupTold, Malformed> {
        let member = |from: &mut Reader<'_>| {
            Ok(MemberTold {
                member: from.string()?,
                instance: option(from, Reader::string)?,
                process: from.u32()?,
                topics: decode_all(from, Reader::string)?,
                owned: decode_all(from, place)?,
            })
        };
        Ok(GroupTold {
            group: from.string()?,
            generation: from.u64()?,
            assignor: assignor(from)?,
            settled: from.u8()? != 0,
            members: decode_all(from, member)?,
        })
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.put_bytes(text.as_bytes());
}

fn put_texts(out: &mut Vec<u8>, texts: &[String]) {
    out.put_count(texts.len());
    texts.iter().for_each(|text| put_text(out, text));
}

fn put_place(out: &mut Vec<u8>, (topic, partition): Place) {
    out.put_u64(topic.0);
    out.put_u32(partition.0);
}

fn put_owned(out: &mut Vec<u8>, owned: &BTreeMap<Place, u64>) {
    out.put_count(owned.len());
    for (place, since) in owned {
        put_place(out, *place);
        out.put_u64(*since);
    }
}

fn put_option<T>(out: &mut Vec<u8>, value: Option<&T>, put: impl FnOnce(&mut Vec<u8>, &T)) {
    out.put_u8(value.is_some().into());
    if let Some(value) = value {
        put(out, value);
    }
}

fn assignor(from: &mut Reader<'_>) -> Result<Assignor, Malformed> {
    Assignor::named(&from.string()?).ok_or(Malformed)
}

fn place(from: &mut Reader<'_>) -> Result<Place, Malformed> {
    Ok((TopicId(from.u64()?), PartitionId(from.u32()?)))
}

fn owned(from: &mut Reader<'_>) -> Result<BTreeMap<Place, u64>, Malformed> {
    Ok(decode_all(from, |from| Ok((place(from)?, from.u64()?)))?.into_iter().collect())
}

fn option<'b, T>(
    from: &mut Reader<'b>,
    one: impl FnOnce(&mut Reader<'b>) -> Result<T, Malformed>,
) -> Result<Option<T>, Malformed> {
    if from.u8()? == 0 { Ok(None) } else { one(from).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: PartialEq + std::fmt::Debug>(
        value: &T,
        encode: impl Fn(&T, &mut Vec<u8>),
        decode: impl Fn(&mut Reader<'_>) -> Result<T, Malformed>,
    ) {
        let mut bytes = Vec::new();
        encode(value, &mut bytes);
        let mut from = Reader::new(&bytes);
        assert_eq!(decode(&mut from).as_ref(), Ok(value));
        from.end().unwrap();
        for end in 0..bytes.len() {
            assert!(decode(&mut Reader::new(&bytes[..end])).is_err(), "{end} of {}", bytes.len());
        }
    }

    #[test]
    fn what_is_said_arrives_whole_or_not_at_all() {
        let place = |number| (TopicId(5), PartitionId(number));
        let beat = Beat {
            group: "billing".to_owned(),
            member: "m".to_owned(),
            instance: Some("one".to_owned()),
            generation: 7,
            topics: vec!["orders".to_owned(), "payments".to_owned()],
            assignor: Assignor::Range,
            session_timeout_ms: 10_000,
            owned: BTreeMap::from([(place(0), 3), (place(4), 7)]),
        };
        check(&beat, Beat::encode, Beat::decode);
        check(&Beat { instance: None, ..beat.clone() }, Beat::encode, Beat::decode);
        let standing =
            Standing { generation: 9, owned: beat.owned.clone(), revoked: vec![place(4)], settled: true };
        check(&standing, Standing::encode, Standing::decode);
        let committed = Committed { offset: Offset(8), metadata: "x".to_owned(), timestamp_ms: -1 };
        let entry = |committed| OffsetEntry { place: place(0), topic_name: "orders".to_owned(), committed };
        let entries = vec![entry(Some(committed)), entry(None)];
        let offsets = GroupOffsets { group: "billing".to_owned(), by: Some(Box::new(beat)), entries };
        check(&offsets, GroupOffsets::encode, GroupOffsets::decode);
        check(&GroupOffsets { by: None, ..offsets }, GroupOffsets::encode, GroupOffsets::decode);
        let member = MemberTold {
            member: "m".to_owned(),
            instance: None,
            process: 77,
            topics: vec!["orders".to_owned()],
            owned: vec![place(1)],
        };
        let told = GroupTold {
            group: "billing".to_owned(),
            generation: 1,
            assignor: Assignor::Sticky,
            settled: false,
            members: vec![member.clone(), MemberTold { instance: Some("i".to_owned()), ..member }],
        };
        check(&told, GroupTold::encode, GroupTold::decode);
    }
}
