//! What is fuzzed: each decoder, with the encoder that writes what it reads. Those of what lies in files are in [`super::kept`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::io;

use super::{grow, kept};
use crate::codec::{Put, Reader};
use crate::error::Error;
use crate::group::{Assignor, Beat};
use crate::journal::Entry;
use crate::record::{HEADER_BYTES, Marker, RecordsBuilder, Stamp, index_records, parse_batch};
use crate::remote::{
    Answer, Answered, BrokenFrame, Greeting, Incoming, Request, Told, Welcome, read_frame, read_version,
    tell_entry, tell_tail, write_frame, write_version,
};
use crate::{Offset, ProducerEpoch, ProducerId};

/// What is found of an input.
type Of<T> = Box<dyn Fn(&[u8]) -> T + Send + Sync>;

/// A decoder.
pub(super) struct Target {
    pub(super) name: &'static str,
    /// What every message has before its kind, or before all.
    pub(super) before: Vec<u8>,
    /// The names of all kinds, where the first byte tells the kind.
    pub(super) kinds: Option<BTreeSet<String>>,
    /// Messages that are not found by trying.
    pub(super) seeds: Vec<Vec<u8>>,
    pub(super) read: Of<Read>,
    /// Which kind a message is of.
    pub(super) name_of: Of<Option<String>>,
}

/// What became of an input.
pub(super) struct Read {
    /// The most memory that decoding had at a time.
    pub(super) bytes_max: u64,
    /// What was decoded, written again; none if it was refused.
    pub(super) again: Option<Vec<u8>>,
}

impl Target {
    pub(super) fn new<T: Debug>(
        name: &'static str,
        decode: impl Fn(&[u8]) -> Option<T> + Copy + Send + Sync + 'static,
        encode: impl Fn(T) -> Vec<u8> + Send + Sync + 'static,
    ) -> Target {
        let read = move |bytes: &[u8]| {
            let mut decoded = None;
            let measured = allocation_counter::measure(|| decoded = decode(bytes));
            Read { bytes_max: measured.bytes_max, again: decoded.map(&encode) }
        };
        let name_of = move |bytes: &[u8]| {
            let shown = format!("{:?}", decode(bytes)?);
            Some(name_at_the_front(shown.trim_start_matches(['(', '['])))
        };
        let (read, name_of) = (Box::new(read), Box::new(name_of));
        Target { name, before: Vec::new(), kinds: None, seeds: Vec::new(), read, name_of }
    }

    fn behind(self, before: &[u8]) -> Target {
        Target { before: before.to_vec(), ..self }
    }

    fn of_kinds(self, kinds: BTreeSet<String>) -> Target {
        Target { kinds: Some(kinds), ..self }
    }

    pub(super) fn with(self, seeds: Vec<Vec<u8>>) -> Target {
        Target { seeds, ..self }
    }
}

/// All of them. What is decoded by another of them needs none of its own.
pub(super) fn targets() -> Vec<Target> {
    let of_sockets =
        [greeting(), frame(), incoming(), welcome(), request(), answer(), error(), told()].into_iter();
    of_sockets.chain([entry(), records(), batch()]).chain(kept::targets()).collect()
}

fn greeting() -> Target {
    let decode = |mut bytes: &[u8]| {
        let (version, mut buffer) = (read_version(&mut bytes).ok()?, Vec::new());
        (version == crate::remote::PROTOCOL).then_some(())?;
        let greeting = Greeting::decode(read_frame(&mut bytes, &mut buffer).ok()?).ok()?;
        Some((greeting.role, greeting))
    };
    let target = Target::new("greeting", decode, |(_, greeting)| {
        let mut out = Vec::new();
        write_version(&mut out).and_then(|()| write_frame(&mut out, &greeting.encode())).unwrap();
        out
    });
    let kinds = of_enum(include_str!("../remote/frame.rs"), "pub(crate) enum Role {");
    let mut before = Vec::new();
    write_version(&mut before).unwrap();
    target.behind(&[&before[..], b"\0\0\0\x11"].concat()).of_kinds(kinds)
}

fn frame() -> Target {
    let decode = |mut bytes: &[u8]| {
        let mut buffer = Vec::new();
        Some(read_frame(&mut bytes, &mut buffer).ok()?.to_vec())
    };
    Target::new("frame", decode, |payload| {
        let mut out = Vec::new();
        write_frame(&mut out, &payload).unwrap();
        out
    })
}

/// Into what pieces a stream is cut, by the first byte of an input.
const PIECES: [&[usize]; 6] = [&[usize::MAX], &[1], &[3, 1, 4], &[5, 4000], &[4, 65_536], &[65_535, 2, 100]];

/// Frames as they are put together of what comes in pieces. They must be those of a stream that comes whole, whatever comes.
fn incoming() -> Target {
    let decode = |bytes: &[u8]| {
        let (cut, bytes) = bytes.split_first()?;
        let mut stream = Pieces { bytes, sizes: PIECES[usize::from(*cut) % PIECES.len()], reads: 0 };
        let (mut incoming, mut whole) = (Incoming::default(), bytes);
        let (mut sent, mut buffer) = (vec![*cut], Vec::new());
        loop {
            let (is_there, reads) = (incoming.has_next(), stream.reads);
            let (next, expected) = (incoming.next(&mut stream), read_frame(&mut whole, &mut buffer));
            let rest = stream.bytes.len();
            match (next, expected) {
                (Ok(payload), Ok(expected)) => {
                    assert!(payload == expected && (!is_there || reads == stream.reads));
                    write_frame(&mut sent, payload).unwrap();
                }
                (Err(BrokenFrame::Gone), Err(BrokenFrame::Gone)) => {
                    assert!(!is_there && rest == 0);
                    return (sent.len() == 1 + bytes.len()).then_some(sent);
                }
                (Err(BrokenFrame::Malformed), Err(BrokenFrame::Malformed)) => return None,
                (next, expected) => panic!("{next:?} and {expected:?}"),
            }
        }
    };
    let frames = |cut: u8, lengths: &[usize]| {
        let mut sent = vec![cut];
        lengths.iter().for_each(|length| write_frame(&mut sent, &vec![cut; *length]).unwrap());
        sent
    };
    let seeds = [&[3, 0, 200][..], &[0, 0, 0], &[65_532, 9], &[1, 65_533, 3], &[70_000, 66_000, 1]];
    let seeds = (0_u8..).zip(seeds.iter().cycle()).take(12).map(|(cut, lengths)| frames(cut, lengths));
    Target::new("incoming", decode, |sent| sent).with(seeds.collect())
}

/// A stream that gives its bytes in pieces of these sizes, in turn.
struct Pieces<'b> {
    bytes: &'b [u8],
    sizes: &'b [usize],
    reads: usize,
}

impl io::Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.reads % self.sizes.len()].min(self.bytes.len()).min(buffer.len());
        self.reads += 1;
        let (piece, rest) = self.bytes.split_at(size);
        buffer[..size].copy_from_slice(piece);
        self.bytes = rest;
        Ok(size)
    }
}

fn welcome() -> Target {
    Target::new("welcome", |bytes| Welcome::decode(bytes).ok(), |welcome| welcome.encode())
}

fn request() -> Target {
    let kinds = of_enum(include_str!("../remote/message.rs"), "pub(crate) enum Request {");
    let target = Target::new("request", |bytes| Request::decode(bytes).ok(), |request| request.encode());
    // The name of an assignor is never empty.
    let beat = Beat {
        group: String::new(),
        member: String::new(),
        instance: None,
        generation: 0,
        topics: Vec::new(),
        assignor: Assignor::default(),
        session_timeout_ms: 0,
        owned: BTreeMap::new(),
    };
    target.with(vec![Request::Beat(beat).encode()]).of_kinds(kinds)
}

/// What is answered, if it is no error.
fn answer() -> Target {
    let decode = |bytes: &[u8]| match Answered::decode(bytes).ok()? {
        (answered, None) => Some((answered.answer.clone(), answered)),
        (_, Some(_)) => None,
    };
    let kinds = of_enum(include_str!("../remote/answer.rs"), "pub(crate) enum Answer {");
    let encode = |(answer, answered): (Answer, Answered)| {
        Answered::encode(answered.step, &answered.told, answered.answered, &Ok(answer))
    };
    Target::new("answer", decode, encode).behind(&[0; 20]).of_kinds(kinds)
}

fn error() -> Target {
    let decode = |bytes: &[u8]| Answered::decode(bytes).ok()?.1;
    let encode = |error: Error| Answered::encode(0, &[], 0, &Err(error));
    let kinds = of_errors(include_str!("../remote/failures.rs"));
    let target = Target::new("error", decode, encode);
    let (is_one, before) = (target.name_of, [&[0; 20][..], &[255]].concat());
    // Shown, an error is a sentence.
    let name_of = move |bytes: &[u8]| is_one(bytes).map(|_| bytes[21].to_string());
    // Names of assignors are never empty.
    let mut inconsistent = [&before[..], &[63, 0, 0, 0, 0]].concat();
    (0..2).for_each(|_| inconsistent.put_bytes(Assignor::default().name().as_bytes()));
    Target { name_of: Box::new(name_of), before, kinds: Some(kinds), seeds: vec![inconsistent], ..target }
}

fn told() -> Target {
    let decode = |bytes: &[u8]| Told::decode_all(&mut Reader::new(bytes)).ok();
    let encode = |told: Vec<Told>| {
        let mut out = Vec::new();
        told.iter().for_each(|one| match one {
            Told::Tail { topic, partition, tail, same_aborted } => {
                tell_tail(&mut out, (*topic, *partition), tail, *same_aborted);
            }
            Told::Entry(entry) => tell_entry(&mut out, entry),
        });
        out
    };
    let entries = grow::grow(&entry()).samples.into_iter().map(|sample| {
        let length = (sample.len() as u32 - 1).to_be_bytes();
        [&[1, sample[0]][..], &length, &sample[1..]].concat()
    });
    let kinds = of_enum(include_str!("../remote/told.rs"), "pub(crate) enum Told {");
    Target::new("told", decode, encode).with(entries.collect()).of_kinds(kinds)
}

fn entry() -> Target {
    let decode = |bytes: &[u8]| {
        let (kind, payload) = bytes.split_first()?;
        Entry::decode(*kind, payload).ok()
    };
    let kinds = of_enum(include_str!("../journal/entry.rs"), "pub(crate) enum Entry {");
    Target::new("entry", decode, |entry: Entry| [vec![entry.kind()], entry.encode()].concat()).of_kinds(kinds)
}

fn records() -> Target {
    let decode = |bytes: &[u8]| {
        let mut from = Reader::new(bytes);
        let records = RecordsBuilder::decode(&mut from).ok()?;
        from.end().ok().map(|()| records)
    };
    let encode = |records: RecordsBuilder| {
        let mut out = Vec::new();
        records.encode(&mut out);
        out
    };
    Target::new("records", decode, encode).with(vec![encode(some_records())])
}

/// A batch whose length and checksum fit whatever else is in it, as one who means harm writes it.
fn batch() -> Target {
    let decode = |bytes: &[u8]| {
        let batch = made_to_fit(bytes)?;
        let parsed = parse_batch(&batch, None).ok()?;
        index_records(&batch, &parsed.header, &mut Vec::new()).ok().map(|()| batch)
    };
    Target::new("batch", decode, |batch| batch).with(vec![
        sealed(some_records()),
        Marker::Abort.batch(Offset(9), (ProducerId(3), ProducerEpoch(1)), 5),
    ])
}

/// Some records, with all that a record may have.
pub(super) fn some_records() -> RecordsBuilder {
    let mut records = RecordsBuilder::new();
    records.push_with_headers(5, Some(b"key"), Some(b"value"), &[("name", Some(b"x")), ("none", None)]);
    records.push(6, None, None);
    records
}

/// The batch of these records, as it is written to a segment.
pub(super) fn sealed(records: RecordsBuilder) -> Vec<u8> {
    let stamp = Stamp {
        base_offset: Offset(7),
        transactional: true,
        producer_id: ProducerId(3),
        producer_epoch: ProducerEpoch(1),
        base_sequence: 0,
    };
    records.seal(stamp).0
}

/// Gives a batch the length and the checksum that it has.
pub(super) fn made_to_fit(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut batch = bytes.to_vec();
    let length = u32::try_from(batch.len().checked_sub(12)?).ok()?;
    batch.get_mut(8..12)?.copy_from_slice(&length.to_be_bytes());
    let crc = crc32c::crc32c(batch.get(21..)?);
    batch.get_mut(17..21)?.copy_from_slice(&crc.to_be_bytes());
    (batch.len() >= HEADER_BYTES).then_some(batch)
}

/// The names of an enum's variants, as its source has them: what is added there has to be reached here.
fn of_enum(source: &str, begins: &str) -> BTreeSet<String> {
    let behind = source.split_once(begins).expect("the enum stands in that file").1;
    let lines = behind.lines().take_while(|line| *line != "}");
    let variants = lines
        .filter_map(|line| line.strip_prefix("    ").filter(|rest| rest.starts_with(char::is_uppercase)));
    variants.map(name_at_the_front).collect()
}

/// The numbers of the errors that are decoded.
fn of_errors(source: &str) -> BTreeSet<String> {
    let code = source.split_once("#[cfg(test)]").map_or(source, |(code, _)| code);
    let arms = code.lines().filter_map(|line| line.strip_prefix("        "));
    arms.filter(|arm| arm.starts_with(|digit: char| digit.is_ascii_digit())).map(name_at_the_front).collect()
}

fn name_at_the_front(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric()).collect()
}
