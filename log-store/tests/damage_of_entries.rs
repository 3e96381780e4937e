//! Whatever was the last to be written before the process ended: no flipped bit of its entry in the journal takes it away.
//!
//! `LOG_STORE_FLIP_STEP=1` tries every bit.

mod support;

use std::fmt::Write as _;
use std::path::Path;

use log_store::{
    Compression, ConsumerConfig, Durability, FaultyDisk, NewRecord, Offset, OffsetSpec, PartitionId,
    SenderConfig, Store, TopicConfig,
};
use support::{open, records, rounds, values};

/// What may be written last: its name, and what does it to a store with topics `t`, `loose` and `small`.
type Last = (&'static str, fn(&Store) -> log_store::Result<()>);

const LASTS: [Last; 18] = [
    ("an append", |store| store.topic("t")?.partition(0)?.append(records(["last"])).map(drop)),
    ("an append to several partitions", |store| {
        store.topic("t")?.append_together([(0, records(["last"])), (1, records(["and", "last"]))]).map(drop)
    }),
    ("an append that is compressed", |store| {
        store.topic("small")?.partition(0)?.append(records(["last"; 20])).map(drop)
    }),
    ("an append that need not be on disk", |store| {
        store.topic("loose")?.partition(0)?.append(records(["last"])).map(drop)
    }),
    ("an append beside the journal", |store| {
        store.topic("t")?.partition(0)?.append(records(["last"; 90])).map(drop)
    }),
    ("a writer's batch", |store| {
        let writer = store.topic("t")?.writer("w")?;
        let next = writer.next_sequence();
        writer.append(next..next + 3, [(1, records(["last"]))]).map(drop)
    }),
    ("what was sent", |store| {
        let sender = store.topic("t")?.sender(SenderConfig::default())?;
        sender.send(&NewRecord::new(b"last").key(b"key").timestamp_ms(7))?.wait().map(drop)
    }),
    ("a transaction with a property", |store| {
        let topic = store.topic("t")?;
        let mut transaction = store.begin(&store.producer("p")?)?;
        transaction.append(&topic.partition(0)?, records(["last"]))?;
        transaction.set_property(&topic, "last", b"transaction");
        transaction.commit().map(drop)
    }),
    ("a transaction with offsets of a group", |store| {
        let topic = store.topic("t")?;
        let mut consumer = store.assign(Some("g"), [topic.partition(0)?], ConsumerConfig::default())?;
        consumer.seek(&topic.partition(0)?, OffsetSpec::Offset(Offset(3)))?;
        let mut transaction = store.begin(&store.producer("p")?)?;
        transaction.append(&topic.partition(1)?, records(["last"]))?;
        transaction.commit_offsets(consumer.offsets());
        transaction.commit().map(drop)
    }),
    ("offsets of a group", |store| {
        let topic = store.topic("t")?;
        let mut consumer = store.assign(Some("g"), [topic.partition(1)?], ConsumerConfig::default())?;
        consumer.seek(&topic.partition(1)?, OffsetSpec::Offset(Offset(2)))?;
        consumer.commit()
    }),
    ("a topic", |store| store.create_topic("last", TopicConfig::with_partitions(3)).map(drop)),
    ("the end of a topic", |store| store.delete_topic("small")),
    ("a property", |store| store.topic("t")?.set_property("last", b"property")),
    ("a setting", |store| store.topic("t")?.alter(|config| config.segment_bytes = Some(5000))),
    ("more partitions", |store| store.topic("t")?.add_partitions(5)),
    ("pins", |store| store.set_pins("me", &[(store.topic("t")?.id(), PartitionId(1), Offset(1))])),
    ("the deletion of records", |store| {
        store.topic("t")?.partition(0)?.delete_records_before(Offset(2)).map(drop)
    }),
    ("the opening of a writer", |store| store.topic("t")?.writer("w").map(drop)),
];

/// A store at work, with something of everything.
fn filled(disk: &FaultyDisk) -> log_store::Result<Store> {
    let store = open(disk)?;
    let topic = store.create_topic("t", TopicConfig::with_partitions(2))?;
    let loose = TopicConfig { durability: Durability::Os, ..TopicConfig::default() };
    store.create_topic("loose", loose)?.partition(0)?.append(records(["a"]))?;
    let small = TopicConfig { compression: Compression::Lz4, ..TopicConfig::default() };
    store.create_topic("small", small)?.partition(0)?.append(records(["b"; 20]))?;
    for number in 0..4 {
        topic.append_together((0..2).map(|at| (at, records([format!("{number} of {at}")]))))?;
    }
    topic.writer("w")?.append(0..2, [(0, records(["of a writer"]))])?;
    let mut consumer = store.assign(Some("g"), [topic.partition(0)?], ConsumerConfig::default())?;
    consumer.seek(&topic.partition(0)?, OffsetSpec::Offset(Offset(1)))?;
    consumer.commit()?;
    Ok(store)
}

/// All that can be seen of a store.
fn seen(store: &Store) -> log_store::Result<String> {
    let mut seen = String::new();
    for topic in store.topics() {
        let pins = store.pins_on(topic.id());
        writeln!(seen, "{} {:?} {pins:?}", topic.name(), topic.config()).expect("texts grow");
        for number in 0..topic.partitions() {
            let partition = topic.partition(number)?;
            let ends = partition.log_start_offset()..partition.last_stable_offset();
            let found = match topic.name() {
                "__consumer_offsets" => Vec::new(),
                _ => values(&partition)?,
            };
            writeln!(seen, "  {number}: {ends:?} {found:?}").expect("texts grow");
        }
    }
    let group = store.describe_group("g")?.partitions;
    let committed = group.iter().map(|one| (&one.topic, one.partition, one.committed.as_ref()));
    writeln!(seen, "{:?}", committed.collect::<Vec<_>>()).expect("texts grow");
    let writer = store.topic("t")?.writer("w")?;
    writeln!(seen, "{:?} {}", writer.epoch(), writer.next_sequence()).expect("texts grow");
    Ok(seen)
}

/// The last frame of the journal, as a range of bits of its file.
fn last_frame(disk: &FaultyDisk) -> (&'static Path, std::ops::Range<u64>) {
    let files = ["journal/0", "journal/1"].map(Path::new);
    let newest = |path: &&Path| {
        let content = disk.content(path).unwrap();
        u64::from_be_bytes(content[16..24].try_into().unwrap())
    };
    let path = files.into_iter().max_by_key(newest).unwrap();
    let content = disk.content(path).unwrap();
    let from = content.windows(4).rposition(|bytes| bytes == b"WWJ2").expect("it has a head");
    let until = content.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    (path, from as u64 * 8..until as u64 * 8)
}

#[test]
fn whatever_was_written_last_no_flipped_bit_takes_it_away() -> log_store::Result<()> {
    let step = rounds("LOG_STORE_FLIP_STEP", 11) as usize;
    for (what, write) in LASTS {
        let disk = FaultyDisk::new();
        let store = filled(&disk)?;
        let before = seen(&open(&disk.copy())?)?;
        write(&store)?;
        let killed = disk.copy();
        let expected = seen(&open(&killed.copy())?)?;
        assert_ne!(before, expected, "{what}");
        let (path, bits) = last_frame(&killed);
        for bit in bits.step_by(step) {
            let flipped = killed.copy();
            flipped.flip_bit(path, bit);
            let store = open(&flipped).unwrap_or_else(|error| panic!("{what}, bit {bit}: {error}"));
            assert_eq!(seen(&store)?, expected, "{what}, bit {bit}");
            assert!(store.possible_losses().is_empty(), "{what}, bit {bit}");
        }
    }
    Ok(())
}
