//! Whatever bytes come from elsewhere: decoding them neither panics nor takes memory out of proportion. What comes over the socket,
//! in both directions, what stands in the journal, and batches.
//!
//! Messages as they are said, with random changes; and each file of `tests/corpus`, which holds what once was wrong, as it is and
//! changed. `LOG_STORE_FUZZ_CASES=1000000 cargo test -p log-store --lib fuzz -- --nocapture` does more of it, and
//! `LOG_STORE_FUZZ_SEED` other ones.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use peak_alloc::PeakAlloc;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::codec::Reader;
use crate::config::TopicConfig;
use crate::disk::MemDisk;
use crate::error::Error;
use crate::group::{Assignor, Beat, Committed, GroupOffsets, GroupTold, MemberTold, OffsetEntry, Standing};
use crate::ids::{Offset, PartitionId, ProducerEpoch, ProducerId, TopicId};
use crate::journal::{Entry, Pin, Property, Sequenced};
use crate::partition::{AbortedRange, OpenTransaction, Tail};
use crate::record::{RecordsBuilder, index_records, parse_batch};
use crate::remote::{
    Answer, Answered, Asked, Condition, Greeting, OfProducer, PropertyOf, Request, RequestId, Role, Share,
    Told, Welcome, WrittenRange, read_frame, read_version, tell_entry, tell_tail,
};

use super::Store;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Set where the test has a process for itself, so that nobody else takes memory.
const ALONE: &str = "LOG_STORE_FUZZ_ALONE";

/// So many bytes may be taken for each byte that came, and so many besides.
const BYTES_FOR_EACH: usize = 16;
const BYTES_BESIDES: usize = 1 << 20;

/// Longer messages are not made of repetitions.
const LENGTH_MAX: usize = 3 << 20;

/// How many bytes the items of a long list have, all and each.
const LONG: usize = 1 << 20;
const ITEM_MAX: usize = 120;

/// What decodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decoder {
    /// What a client sends first, as it comes over the socket.
    Connection,
    Request,
    Answered,
    Step,
    Welcome,
    /// An entry of the journal, behind its kind.
    Entry,
    Batch,
}

const DECODERS: [Decoder; 7] = [
    Decoder::Connection,
    Decoder::Request,
    Decoder::Answered,
    Decoder::Step,
    Decoder::Welcome,
    Decoder::Entry,
    Decoder::Batch,
];

impl Decoder {
    fn decode(self, bytes: &[u8]) {
        match self {
            Decoder::Connection => {
                let mut stream = bytes;
                let version = read_version(&mut stream);
                let mut buffer = Vec::new();
                let greeting = read_frame(&mut stream, &mut buffer).map(Greeting::decode);
                drop((version, greeting.is_ok()));
            }
            Decoder::Request => drop(Request::decode(bytes)),
            Decoder::Answered => drop(Answered::decode(bytes)),
            Decoder::Step => {
                let mut from = Reader::new(bytes);
                drop(from.u64().and_then(|_| Told::decode_all(&mut from)));
            }
            Decoder::Welcome => drop(Welcome::decode(bytes)),
            Decoder::Entry => drop(bytes.split_first().map(|(kind, payload)| Entry::decode(*kind, payload))),
            Decoder::Batch => {
                if let Ok(parsed) = parse_batch(bytes, None) {
                    let _ = index_records(&bytes[..parsed.bytes], &parsed.header, &mut Vec::new());
                }
            }
        }
    }
}

/// One change of a message.
#[derive(Clone, Debug)]
enum Edit {
    Set(Index, u8),
    /// A number of four bytes, as counts and lengths are.
    Count(Index, u32),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Cut(Index),
    /// Some bytes many times over.
    Repeat(Index, usize, usize),
}

impl Edit {
    fn any() -> impl Strategy<Value = Edit> {
        let at = any::<Index>;
        let count = prop_oneof![0..8_u32, Just(1 << 20), Just(u32::MAX), any::<u32>()];
        prop_oneof![
            4 => (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
            4 => (at(), count).prop_map(|(at, count)| Edit::Count(at, count)),
            2 => (at(), vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
            2 => (at(), 1..20_usize).prop_map(|(at, bytes)| Edit::Remove(at, bytes)),
            1 => at().prop_map(Edit::Cut),
            2 => (at(), 1..80_usize, 2..20_usize).prop_map(|(at, bytes, times)| Edit::Repeat(at, bytes, times)),
        ]
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |at: &Index| at.index(bytes.len() + 1);
        match self {
            Edit::Set(at, byte) => {
                let at = place(at);
                bytes.get_mut(at).into_iter().for_each(|place| *place = *byte);
            }
            Edit::Count(at, count) => {
                let at = place(at);
                bytes.splice(at..(at + 4).min(bytes.len()), count.to_be_bytes());
            }
            Edit::Insert(at, more) => {
                let at = place(at);
                bytes.splice(at..at, more.iter().copied());
            }
            Edit::Remove(at, count) => {
                let at = place(at);
                bytes.drain(at..(at + count).min(bytes.len()));
            }
            Edit::Cut(at) => bytes.truncate(place(at)),
            Edit::Repeat(at, count, times) => {
                let at = place(at);
                let end = (at + count).min(bytes.len());
                if (end - at) * times + bytes.len() < LENGTH_MAX {
                    let more = bytes[at..end].repeat(*times);
                    bytes.splice(at..at, more);
                }
            }
        }
    }
}

/// How much memory decoding takes, if it does not panic.
fn taken(decoder: Decoder, bytes: &[u8]) -> Result<usize, String> {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let done = catch_unwind(AssertUnwindSafe(|| decoder.decode(bytes)));
    let taken = MEMORY.peak_usage() - before;
    done.map(|()| taken).map_err(|_| format!("{decoder:?} panics"))
}

/// Fails if decoding panics, or takes too much memory.
fn check(decoder: Decoder, bytes: &[u8]) -> Result<(), String> {
    let taken = taken(decoder, bytes)?;
    let allowed = BYTES_FOR_EACH * bytes.len() + BYTES_BESIDES;
    if taken > allowed {
        let head = &bytes[..bytes.len().min(200)];
        return Err(format!("{decoder:?} takes {taken} bytes for {}: {head:?}", bytes.len()));
    }
    Ok(())
}

/// Messages as they are said.
fn messages() -> Vec<(Decoder, Vec<u8>)> {
    let requests = requests().into_iter().map(|request| (Decoder::Request, request.encode()));
    let answers = answers().into_iter().map(|answer| (Decoder::Answered, Answered::encode(3, 4, &answer)));
    let entries = entries().into_iter().map(|entry| {
        let bytes = [&[entry.kind()][..], &entry.encode()].concat();
        (Decoder::Entry, bytes)
    });
    let greeting = Greeting { role: Role::Ask, client: 7, session: 8 }.encode();
    let connection = [b"WWLS\0\0\0\x02\0\0\0\x11", &greeting[..]].concat();
    let (welcome, batches) = of_a_store();
    let all = requests.chain(answers).chain(entries);
    let more = [(Decoder::Connection, connection), (Decoder::Step, step()), (Decoder::Welcome, welcome)];
    all.chain(more).chain([(Decoder::Batch, batches)]).collect()
}

fn some_records() -> RecordsBuilder {
    let mut records = RecordsBuilder::new();
    records.push(5, Some(b"key"), Some(b"value"));
    records.push_with_headers(3, None, None, &[("name", Some(b"x")), ("none", None)]);
    records
}

fn requests() -> Vec<Request> {
    let id = RequestId { client: 5, lane: 2, sequence: 9 };
    let (topic, partition, name) = (TopicId(3), PartitionId(1), "orders".to_owned());
    let share = || Share { topic, partition, records: some_records() };
    let shares = || vec![share(), share()];
    let producer = || OfProducer { name: "p".to_owned(), id: ProducerId(4), epoch: ProducerEpoch(2) };
    let property = |condition| PropertyOf { topic, name: "end".to_owned(), value: vec![1, 2], condition };
    let properties =
        [Condition::Nothing, Condition::Is(None), Condition::Is(Some(vec![3]))].map(property).to_vec();
    let mut config = TopicConfig { internal: true, ..TopicConfig::with_partitions(3) };
    config.properties.insert("schema".to_owned(), vec![7; 20]);
    let batch = Sequenced {
        topic,
        name: name.clone(),
        id: ProducerId(6),
        epoch: ProducerEpoch(1),
        first: 10,
        end: 12,
    };
    vec![
        Request::Append { id, share: share() },
        Request::Commit {
            id,
            producer: producer(),
            spilled: Some(7),
            shares: shares(),
            properties,
            offsets: vec![group_offsets(); 2],
        },
        Request::Spill { producer: producer(), spilled: None, shares: shares() },
        Request::CreateTopic { name: name.clone(), config },
        Request::SetProperty { name: name.clone(), topic, value: vec![1; 30] },
        Request::SetPins { owner: name.clone(), pins: vec![Pin { topic, partition, offset: Offset(8) }; 3] },
        Request::Claim { name: name.clone(), again: true },
        Request::DeleteRecordsBefore { topic, partition, offset: Offset(7) },
        Request::Ask { id, since: 70 },
        Request::AlterTopic {
            topic,
            changes: vec![(name.clone(), None), (name.clone(), Some(name.clone()))],
        },
        Request::AppendAll { id, shares: shares() },
        Request::AppendBatch { batch, shares: shares() },
        Request::OpenWriter { topic, name: name.clone() },
        Request::Beat(beat()),
        Request::LeaveGroup { group: name.clone(), member: name },
        Request::CommitOffsets(group_offsets()),
    ]
}

/// What a member of a consumer group says.
fn beat() -> Beat {
    Beat {
        group: "billing".to_owned(),
        member: "m".to_owned(),
        instance: Some("one".to_owned()),
        generation: 7,
        topics: vec!["a".to_owned(), "b".to_owned()],
        assignor: Assignor::Sticky,
        session_timeout_ms: 10_000,
        owned: [((TopicId(3), PartitionId(0)), 3), ((TopicId(3), PartitionId(1)), 7)].into(),
    }
}

fn group_offsets() -> GroupOffsets {
    let committed = Committed { offset: Offset(8), metadata: "x".to_owned(), timestamp_ms: 5 };
    let (place, topic_name) = ((TopicId(3), PartitionId(0)), "orders".to_owned());
    let entry = OffsetEntry { place, topic_name, committed: Some(committed) };
    let entries = vec![entry.clone(), OffsetEntry { committed: None, ..entry }];
    GroupOffsets { group: "billing".to_owned(), by: Some(beat()), entries }
}

fn answers() -> Vec<crate::error::Result<Answer>> {
    let range =
        WrittenRange { topic: TopicId(1), partition: PartitionId(2), base: Offset(3), end: Offset(9) };
    let io = std::io::Error::from_raw_os_error(28);
    vec![
        Ok(Answer::Offset(Offset(7))),
        Ok(Answer::Ranges(vec![range; 2])),
        Ok(Answer::Asked(Asked::Done(vec![range]))),
        Ok(Answer::Processes(vec![(1, 2, vec!["a".to_owned(), "b".to_owned()]), (2, 1, Vec::new())])),
        Ok(Answer::Writer(ProducerId(3), ProducerEpoch(1), 9)),
        Ok(Answer::Standing(Standing {
            generation: 9,
            owned: beat().owned,
            revoked: vec![(TopicId(3), PartitionId(1)); 2],
            settled: true,
        })),
        Ok(Answer::Groups(vec![groups(); 2])),
        Err(Error::io("write", Path::new("/data/file"), io)),
        Err(Error::UnknownTopic { name: "orders".to_owned(), hint: String::new() }),
        Err(Error::Fenced { producer: "p".to_owned(), epoch: 1, current: 2 }),
    ]
}

fn groups() -> GroupTold {
    let member = MemberTold {
        member: "m".to_owned(),
        instance: None,
        process: 77,
        topics: vec!["a".to_owned(), "b".to_owned()],
        owned: vec![(TopicId(3), PartitionId(0)), (TopicId(3), PartitionId(1))],
    };
    GroupTold {
        group: "billing".to_owned(),
        generation: 1,
        assignor: Assignor::Sticky,
        settled: false,
        members: vec![member; 2],
    }
}

fn entries() -> Vec<Entry> {
    let (topic, partition, name) = (TopicId(3), PartitionId(1), "orders".to_owned());
    vec![
        Entry::CreateTopic { id: topic, name: name.clone(), config: TopicConfig::with_partitions(3) },
        Entry::DeleteTopic { id: topic },
        Entry::Property(Property { topic, name: name.clone(), value: vec![1, 2, 3] }),
        Entry::Producer { name: name.clone(), id: ProducerId(4), epoch: ProducerEpoch(5) },
        Entry::Pins { owner: name, pins: vec![Pin { topic, partition, offset: Offset(8) }; 2] },
        Entry::LogStart { topic, partition, offset: Offset(6) },
        Entry::LossesSeen { until_ms: 60 },
    ]
}

fn step() -> Vec<u8> {
    let (producer, epoch) = (ProducerId(5), ProducerEpoch(6));
    let mut tail = Tail { end: Offset(9), segment: Offset(2), position: 77, ..Tail::default() };
    tail.open = vec![OpenTransaction { producer, epoch, first: Offset(8) }; 2];
    tail.aborted = Arc::new(vec![AbortedRange { producer, first: Offset(1), last: Offset(3) }; 2]);
    let mut said = 9_u64.to_be_bytes().to_vec();
    tell_tail(&mut said, (TopicId(3), PartitionId(1)), &tail, false);
    entries().iter().for_each(|entry| tell_entry(&mut said, entry));
    tell_tail(&mut said, (TopicId(3), PartitionId(0)), &tail, true);
    said
}

/// What a client of a store is welcomed with, and batches of a segment.
fn of_a_store() -> (Vec<u8>, Vec<u8>) {
    let disk = Arc::new(MemDisk::new());
    let store = Store::open_on(disk.clone(), crate::StoreConfig::default()).unwrap();
    let topic = store.create_topic("orders", TopicConfig::with_partitions(2)).unwrap();
    topic.set_property("schema", b"of rows").unwrap();
    let producer = store.producer("p").unwrap();
    let partition = topic.partition(0).unwrap();
    for end in [true, false] {
        let mut transaction = store.begin(&producer).unwrap();
        transaction.append(&partition, some_records()).unwrap();
        if end { drop(transaction.commit().unwrap()) } else { transaction.abort().unwrap() }
    }
    store.set_pins("somebody", &[(topic.id(), PartitionId(0), Offset(1))]).unwrap();
    let image = store.inner.catalog().image();
    let welcome = Welcome { session: 3, pid: 7, step: 9, answered: 2, record_bytes: 1 << 20, image };
    let segment = PathBuf::from(format!("topics/{}/0/00000000000000000000.log", topic.id()));
    let batches = crate::disk::read_file(&*disk, &segment).unwrap().unwrap();
    (welcome.encode(), batches)
}

/// Each message with one of its lists made as long as [`LONG`], if that is what stands there: behind what may be its count stands what
/// may be an item of it.
fn long_lists(messages: &[(Decoder, Vec<u8>)], mut check: impl FnMut(Decoder, &[u8])) {
    for (decoder, bytes) in messages {
        for at in 0..bytes.len().saturating_sub(4) {
            let count = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
            // A step is a list without a count.
            let (items, is_counted) = (at + 4, (1..8).contains(&count));
            if !is_counted && *decoder != Decoder::Step {
                continue;
            }
            for item in (4..ITEM_MAX).take_while(|item| items + item <= bytes.len()) {
                let of = |times: usize| {
                    let count = if is_counted { times as u32 } else { count };
                    let long = bytes[items..items + item].repeat(times);
                    [&bytes[..at], &count.to_be_bytes()[..], &long, &bytes[items..]].concat()
                };
                // What is no item, or takes little, shows with few. One more than a power of two is where memory has just grown.
                let few = of(33);
                if taken(*decoder, &few).is_ok_and(|taken| taken > 12 * few.len()) {
                    check(*decoder, &of((LONG / item).next_power_of_two() / 2 + 1));
                }
            }
        }
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |number| number.parse().unwrap())
}

/// Says what was wrong, and leaves the bytes where they can be taken into the corpus.
fn fail(decoder: Decoder, bytes: &[u8], wrong: &str) -> ! {
    let file = std::env::temp_dir().join(format!("log-store-{decoder:?}-{}", bytes.len()));
    fs::write(&file, bytes).unwrap();
    panic!("{wrong}; what was decoded is in {}: take it into log-store/tests/corpus", file.display());
}

fn fuzz() {
    let messages = messages();
    for (decoder, bytes) in &messages {
        check(*decoder, bytes).unwrap_or_else(|wrong| fail(*decoder, bytes, &wrong));
    }
    let kept = corpus();
    for (decoder, bytes) in DECODERS.iter().flat_map(|decoder| kept.iter().map(move |kept| (decoder, kept))) {
        check(*decoder, bytes).unwrap_or_else(|wrong| fail(*decoder, bytes, &wrong));
    }
    let mut lists = 0;
    long_lists(&messages, |decoder, bytes| {
        lists += 1;
        check(decoder, bytes).unwrap_or_else(|wrong| fail(decoder, bytes, &wrong));
    });
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number("LOG_STORE_FUZZ_SEED", 1).to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let cases = number("LOG_STORE_FUZZ_CASES", 4_000);
    let edits = (any::<Index>(), any::<Index>(), vec(Edit::any(), 1..12));
    let mut largest = 0;
    for _ in 0..cases {
        let (message, decoder, edits) = edits.new_tree(&mut runner).unwrap().current();
        let all = messages.len() + kept.len();
        let (decoder, mut bytes) = match message.index(all) {
            known if known < messages.len() => messages[known].clone(),
            other => (DECODERS[decoder.index(DECODERS.len())], kept[other - messages.len()].clone()),
        };
        edits.iter().for_each(|edit| edit.apply(&mut bytes));
        largest = largest.max(bytes.len());
        check(decoder, &bytes).unwrap_or_else(|wrong| fail(decoder, &bytes, &wrong));
    }
    eprintln!("{lists} long lists; {cases} cases, the largest of {largest} bytes; {} kept", kept.len());
}

#[test]
fn whatever_is_decoded_neither_panics_nor_takes_memory_out_of_proportion() {
    if std::env::var_os(ALONE).is_some() {
        return fuzz();
    }
    let name = "store::fuzz::whatever_is_decoded_neither_panics_nor_takes_memory_out_of_proportion";
    let alone = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&alone.stderr);
    assert!(alone.status.success(), "{said}");
    assert!(said.contains(" cases, "), "it was run: {said}");
    eprint!("{said}");
}
