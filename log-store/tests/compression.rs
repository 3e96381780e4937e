//! Topics whose batches are compressed: what is written is read, by whichever way, and what is damaged is told.

mod support;

use std::ops::ControlFlow;
use std::path::Path;

use log_store::{
    Compression, Error, FaultyDisk, Inspected, MemDisk, Offset, Partition, RecordsBuilder, Result, Store,
    StoreConfig, TopicConfig,
};
use support::{Random, open, read_from, records, values};

fn config(compression: Compression) -> TopicConfig {
    TopicConfig { compression, ..TopicConfig::default() }
}

/// How many batches of each codec a partition has.
fn codecs(partition: &Partition) -> [usize; 5] {
    let mut counts = [0; 5];
    let inspected = partition.inspect(|found| {
        match found {
            Inspected::Batch(batch) => {
                let place = Compression::ALL.iter().position(|codec| *codec == batch.compression);
                counts[place.unwrap()] += 1;
            }
            other => panic!("{other:?}"),
        }
        ControlFlow::Continue(())
    });
    inspected.unwrap();
    counts
}

#[test]
fn what_is_written_with_each_codec_is_read_by_whichever_way() -> Result<()> {
    for codec in Compression::ALL {
        let disk = MemDisk::new();
        let store = open(&disk)?;
        let partition = store.create_topic("t", config(codec))?.partition(0)?;
        let producer = store.producer("p")?;
        let mut random = Random(7);
        let mut expected: Vec<String> = Vec::new();
        for round in 0..60 {
            let count = 1 + random.below(if round % 7 == 0 { 300 } else { 12 });
            let new: Vec<_> = (0..count).map(|number| format!("value {round} {number}")).collect();
            match random.below(3) {
                0 => drop(partition.append(records(&new))?),
                kind => {
                    let mut transaction = store.begin(&producer)?;
                    transaction.append(&partition, records(&new))?;
                    if kind == 1 {
                        transaction.abort()?;
                        continue;
                    }
                    transaction.commit()?;
                }
            }
            expected.extend(new);
        }
        let check = |store: &Store| -> Result<()> {
            let partition = store.topic("t")?.partition(0)?;
            assert_eq!(values(&partition)?, expected, "{codec:?}");
            let end = partition.last_stable_offset();
            let mut scan = partition.scan(Offset(0), end).reading(900);
            let mut found = Vec::new();
            while let Some(record) = scan.next()? {
                found.push(String::from_utf8(record.value.unwrap().to_vec()).unwrap());
            }
            assert_eq!(found, expected, "{codec:?}");
            for from in (0..end.0).step_by(97) {
                let later = read_from(&partition, Offset(from))?;
                let values: Vec<_> = later.into_iter().map(|(_, value)| value).collect();
                assert_eq!(values, expected[expected.len() - values.len()..], "{codec:?} from {from}");
            }
            let counts = codecs(&partition);
            let of_codec = counts[Compression::ALL.iter().position(|one| *one == codec).unwrap()];
            assert!(of_codec > 20, "{codec:?}: {counts:?}");
            Ok(())
        };
        check(&store)?;
        drop(partition);
        store.close()?;
        check(&open(&disk)?)?;
    }
    Ok(())
}

#[test]
fn a_topic_that_is_altered_has_batches_of_all_codecs() -> Result<()> {
    let store = open(&MemDisk::new())?;
    let topic = store.create_topic("t", TopicConfig::default())?;
    let mut expected = Vec::new();
    for codec in Compression::ALL {
        topic.alter(|config| config.compression = codec)?;
        let new: Vec<_> = (0..40).map(|number| format!("value {number} of {codec:?}")).collect();
        topic.partition(0)?.append(records(&new))?;
        expected.extend(new);
    }
    assert_eq!(values(&topic.partition(0)?)?, expected);
    assert_eq!(codecs(&topic.partition(0)?), [1; 5]);
    // One record of one letter gains nothing.
    topic.partition(0)?.append(records(["a"]))?;
    assert_eq!(codecs(&topic.partition(0)?), [2, 1, 1, 1, 1]);
    Ok(())
}

#[test]
fn what_a_client_appends_the_owner_compresses_and_the_client_reads() -> Result<()> {
    let dir = tempfile::tempdir().unwrap();
    let owner = Store::open(dir.path())?;
    owner.create_topic("t", config(Compression::Lz4))?;
    let client = Store::open(dir.path())?;
    let partition = client.topic("t")?.partition(0)?;
    let new: Vec<_> = (0..2_000).map(|number| format!("value {number}")).collect();
    partition.append(records(&new))?;
    assert_eq!(values(&partition)?, new);
    assert_eq!(codecs(&owner.topic("t")?.partition(0)?)[3], 1);
    Ok(())
}

/// Records that take a thousandth when they are compressed are given in pieces, not all at once.
#[test]
fn a_read_takes_about_the_memory_that_it_was_told() -> Result<()> {
    let store = Store::open_on(std::sync::Arc::new(MemDisk::new()), StoreConfig::default())?;
    let partition = store.create_topic("t", config(Compression::Zstd))?.partition(0)?;
    let zeros = vec![0; 1000];
    for _ in 0..20 {
        let mut records = RecordsBuilder::new();
        (0..1000).for_each(|_| records.push(0, None, Some(&zeros)));
        partition.append(records)?;
    }
    let (mut at, mut reads) = (Offset(0), 0);
    while at < partition.last_stable_offset() {
        let fetched = partition.read(at, 256 << 10)?;
        assert!((1..=1100).contains(&fetched.len()), "{}", fetched.len());
        (at, reads) = (fetched.next_offset(), reads + 1);
    }
    assert!(reads >= 20, "{reads}");
    Ok(())
}

#[test]
fn any_damaged_bit_of_a_compressed_batch_is_told() -> Result<()> {
    for codec in Compression::ALL {
        let disk = FaultyDisk::new();
        let store = open(&disk)?;
        let partition = store.create_topic("t", config(codec))?.partition(0)?;
        partition.append(records((0..30).map(|number| format!("value {number}"))))?;
        let file = partition.file_of(Offset(0)).unwrap();
        let file = file.strip_prefix(store.dir()).unwrap_or(&file).to_owned();
        drop(partition);
        store.close()?;
        let length = disk.content(&file).unwrap().len() as u64;
        for bit in (0..length * 8).step_by(13) {
            let damaged = disk.copy();
            damaged.flip_bit(Path::new(&file), bit);
            let store = open(&damaged)?;
            let error = store.topic("t")?.partition(0)?.read(Offset(0), 1 << 20).unwrap_err();
            assert!(matches!(error, Error::Corrupt { .. }), "{codec:?} bit {bit}: {error}");
        }
    }
    Ok(())
}
