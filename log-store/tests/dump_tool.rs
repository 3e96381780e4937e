//! A log with all that Kafka's own dump tool is to read: every codec, plain records, transactions that ended either way, several
//! segments, and their indexes.
//!
//! `LOG_STORE_DUMP_DIR=DIR` leaves it in a directory, which must not be there yet: `cargo xtask accept dump-tool` has the tool read it.

mod support;

use std::ops::ControlFlow;
use std::path::Path;

use log_store::{
    BatchKind, Compression, Inspected, RecordsBuilder, Result, Store, StoreConfig, Topic, TopicConfig,
};
use support::Random;

/// Records with and without keys, values and headers, in about the order of time.
fn records(random: &mut Random, now: &mut i64, count: u64) -> RecordsBuilder {
    let mut records = RecordsBuilder::new();
    for _ in 0..count {
        *now += random.below(2_000) as i64 - 400;
        let text = format!("bid {} on auction {}", random.below(100_000), random.below(500));
        let key = format!("bidder {}", random.below(50));
        match random.below(8) {
            0 => records.push(*now, None, Some(text.as_bytes())),
            1 => records.push(*now, Some(key.as_bytes()), None),
            2 => {
                let headers: [(&str, Option<&[u8]>); 2] = [("trace", Some(b"a1")), ("none", None)];
                records.push_with_headers(*now, Some(key.as_bytes()), Some(text.as_bytes()), &headers);
            }
            _ => records.push(*now, Some(key.as_bytes()), Some(text.as_bytes())),
        }
    }
    records
}

fn fill(store: &Store, topic: &Topic, seed: u64) -> Result<()> {
    let producer = store.producer(topic.name())?;
    let (mut random, mut now) = (Random(seed), 1_767_268_800_000);
    for _ in 0..150 {
        let partition = topic.partition(random.below(2) as u32)?;
        let count = 1 + random.below(60);
        let records = records(&mut random, &mut now, count);
        match random.below(4) {
            0 | 1 => drop(partition.append(records)?),
            kind => {
                let mut transaction = store.begin(&producer)?;
                transaction.append(&partition, records)?;
                if kind == 3 {
                    // Large enough to be in the log before it is aborted.
                    for _ in 0..6 {
                        transaction.append(&partition, self::records(&mut random, &mut now, 80))?;
                    }
                    transaction.abort()?;
                } else {
                    transaction.commit()?;
                }
            }
        }
    }
    Ok(())
}

#[test]
fn a_log_of_all_that_the_dump_tool_reads_is_whole() -> Result<()> {
    let around = tempfile::tempdir().unwrap();
    let dir = std::env::var_os("LOG_STORE_DUMP_DIR").map_or(around.path().join("data"), Into::into);
    make(&dir)?;
    let store = Store::open_exclusive(&dir)?;
    for codec in Compression::ALL {
        let (mut kinds, mut compressed) = (Vec::new(), 0);
        for number in 0..2 {
            store.topic(codec.name())?.partition(number)?.inspect(|found| {
                match found {
                    Inspected::Batch(batch) => {
                        kinds.push(batch.kind);
                        compressed += u32::from(batch.compression == codec);
                    }
                    other => panic!("{other:?}"),
                }
                ControlFlow::Continue(())
            })?;
        }
        for kind in [BatchKind::Plain, BatchKind::Transactional, BatchKind::Commit, BatchKind::Abort] {
            assert!(kinds.contains(&kind), "{codec:?} has no {kind:?}");
        }
        assert!(compressed > 60, "{codec:?}: {compressed}");
    }
    for kind in ["log", "index", "timeindex"] {
        assert!(files(&dir, kind) > 20, "{} .{kind} files", files(&dir, kind));
    }
    Ok(())
}

fn make(dir: &Path) -> Result<()> {
    assert!(!dir.exists(), "{} is there already", dir.display());
    let config = StoreConfig {
        segment_bytes: 25_000,
        index_interval_bytes: 1_000,
        inline_bytes: 8_000,
        ..StoreConfig::default()
    };
    let store = Store::open_with(dir, config)?;
    for (seed, codec) in Compression::ALL.into_iter().enumerate() {
        let config = TopicConfig { compression: codec, ..TopicConfig::with_partitions(2) };
        let topic = store.create_topic(codec.name(), config)?;
        fill(&store, &topic, seed as u64)?;
    }
    store.close()
}

/// How many files of that kind there are.
fn files(dir: &Path, extension: &str) -> usize {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| match path.is_dir() {
            true => files(&path, extension),
            false => usize::from(path.extension().is_some_and(|found| found == extension)),
        })
        .sum()
}
