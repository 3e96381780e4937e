//! Every flipped bit and every truncation of every file is noticed or does no harm: no wrong byte is served.
//!
//! `LOG_STORE_FLIP_STEP=1` tries every bit where the store must be opened for it, instead of some.

mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use log_store::{Disk, Durability, Error, FaultyDisk, Offset, Partition, Result, TopicConfig};
use support::{open, read_from, records, rounds, values};

fn step() -> usize {
    rounds("LOG_STORE_FLIP_STEP", 13) as usize
}

type Values = Vec<(Offset, String)>;

/// A store with small and large batches, a transaction that was committed and one that was aborted.
fn filled() -> (FaultyDisk, Values) {
    let disk = FaultyDisk::new();
    let store = open(&disk).unwrap();
    let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
    let producer = store.producer("p").unwrap();
    for round in 0..3 {
        partition.append(records([format!("a {round}"), format!("b {round}")])).unwrap();
        let mut transaction = store.begin(&producer).unwrap();
        let many = (0..60).map(|number| format!("{round} {number}"));
        transaction.append(&partition, records(many)).unwrap();
        if round == 1 {
            transaction.abort().unwrap();
        } else {
            transaction.commit().unwrap();
        }
        for number in 0..4 {
            partition.append(records([format!("c {round} {number}")])).unwrap();
        }
    }
    let expected = read_from(&partition, Offset(0)).unwrap();
    // As it is now: when the store is dropped, it is closed.
    (disk.copy(), expected)
}

fn all(disk: &FaultyDisk) -> Result<Values> {
    let store = open(disk)?;
    read_from(&store.topic("t")?.partition(0)?, Offset(0))
}

fn ending(disk: &FaultyDisk, end: &str) -> Vec<PathBuf> {
    let mut files = disk.files();
    files.retain(|path| path.to_str().unwrap().ends_with(end));
    files
}

fn closed(disk: &FaultyDisk) -> FaultyDisk {
    let disk = disk.copy();
    open(&disk).unwrap().close().unwrap();
    disk
}

fn is_corrupt(error: &Error) -> bool {
    matches!(error, Error::Corrupt { .. })
}

#[test]
fn every_flipped_bit_of_a_segment_is_noticed() {
    let (disk, expected) = filled();
    let disk = closed(&disk);
    let store = open(&disk).unwrap();
    let partition = store.topic("t").unwrap().partition(0).unwrap();
    let mut flips = 0;
    for path in ending(&disk, ".log") {
        for bit in 0..disk.content(&path).unwrap().len() as u64 * 8 {
            disk.flip_bit(&path, bit);
            let error = read_from(&partition, Offset(0)).expect_err("a flipped bit is noticed");
            assert!(is_corrupt(&error), "{error}");
            // What is served from elsewhere is right.
            serves_only(&partition, &expected);
            disk.flip_bit(&path, bit);
            flips += 1;
        }
    }
    assert!(flips > 20_000, "{flips}");
    assert_eq!(read_from(&partition, Offset(0)).unwrap(), expected);
}

/// Reads that succeed, from a few places, bring what was written.
fn serves_only(partition: &Partition, expected: &Values) {
    for place in [0, expected.len() / 2, expected.len() - 1] {
        let from = expected[place].0;
        if let Ok(fetched) = partition.read(from, 300) {
            let found: Vec<_> = fetched
                .records()
                .map(|record| (record.offset, String::from_utf8(record.value.unwrap().to_vec()).unwrap()))
                .collect();
            assert_eq!(found, expected[place..place + found.len()]);
        }
    }
}

#[test]
fn every_truncation_of_a_segment_is_noticed() {
    let (disk, expected) = filled();
    let disk = closed(&disk);
    for path in ending(&disk, ".log") {
        let whole = disk.content(&path).unwrap();
        for length in (0..whole.len()).step_by(step()) {
            let cut = disk.copy();
            cut.set_content(&path, whole[..length].to_vec());
            let error = all(&cut).expect_err("a lost byte is noticed");
            assert!(is_corrupt(&error), "{error}");
        }
    }
    assert_eq!(all(&disk).unwrap(), expected);
}

#[test]
fn a_truncation_has_one_place_and_one_text_and_all_before_it_can_be_read() {
    let (disk, expected) = filled();
    let mut places = std::collections::BTreeSet::new();
    for disk in [closed(&disk), disk] {
        let path = &ending(&disk, ".log").pop().expect("there is a segment");
        let whole = disk.content(path).unwrap();
        for length in (0..whole.len()).step_by(step()) {
            let cut = disk.copy();
            cut.set_content(path, whole[..length].to_vec());
            let store = open(&cut).unwrap();
            // Else the journal had what was cut off.
            let Some(told) = store.recovery().damaged.first().cloned() else { continue };
            let partition = store.topic("t").unwrap().partition(0).unwrap();
            let mut scan = partition.scan(partition.log_start_offset(), partition.last_stable_offset());
            let (mut read, mut last) = (0, None);
            let error = loop {
                match scan.next() {
                    Ok(Some(record)) => (read, last) = (read + 1, Some(record.offset)),
                    Ok(None) => panic!("cut to {length}: nothing is told"),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.to_string(), told, "cut to {length}");
            let Error::Corrupt { offset, position, .. } = &error else { panic!("{error}") };
            assert!(last.is_none_or(|last| last < *offset), "cut to {length}: {last:?}, {error}");
            assert!(*position <= length as u64, "cut to {length}: {error}");
            let before = expected.iter().filter(|(at, _)| at < offset).count();
            assert_eq!(read, before, "cut to {length}: {error}");
            let said = if read == 0 && offset.0 == 0 {
                "no record of it can be read"
            } else {
                "the records before it can be read"
            };
            assert!(told.contains(said), "cut to {length}: {told}");
            places.insert(*offset);
        }
    }
    assert!(places.len() > 1, "{places:?}");
}

#[test]
fn a_damaged_partition_stops_alone() {
    let disk = FaultyDisk::new();
    let store = open(&disk).unwrap();
    let topic = store.create_topic("t", TopicConfig::with_partitions(2)).unwrap();
    for number in 0..2 {
        topic.partition(number).unwrap().append(records(["value"])).unwrap();
    }
    store.close().unwrap();
    disk.flip_bit(Path::new("topics/0000000000000000/0/00000000000000000000.log"), 500);
    let store = open(&disk).unwrap();
    let topic = store.topic("t").unwrap();
    let (damaged, healthy) = (topic.partition(0).unwrap(), topic.partition(1).unwrap());
    assert!(matches!(values(&damaged), Err(Error::Corrupt { offset: Offset(0), position: 0, .. })));
    assert!(matches!(damaged.append(records(["more"])), Err(Error::Corrupt { .. })));
    healthy.append(records(["more"])).unwrap();
    assert_eq!(values(&healthy).unwrap(), ["value", "more"]);
}

#[test]
fn a_segment_that_is_gone_is_told_as_damage_to_who_reads_it() {
    let disk = FaultyDisk::new();
    let store = open(&disk).unwrap();
    let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
    partition.append(records(["value"])).unwrap();
    store.close().unwrap();
    disk.remove_file(Path::new("topics/0000000000000000/0/00000000000000000000.log")).unwrap();
    let store = open(&disk).unwrap();
    assert_eq!(store.recovery().damaged.len(), 1);
    let partition = store.topic("t").unwrap().partition(0).unwrap();
    let error = values(&partition).unwrap_err();
    assert_eq!(error.to_string(), store.recovery().damaged[0]);
    assert!(matches!(error, Error::Corrupt { offset: Offset(0), position: 0, .. }), "{error}");
    let beyond = partition.read(Offset(2), 1).unwrap_err();
    assert!(matches!(beyond, Error::OffsetOutOfRange { .. }), "{beyond}");
}

#[test]
fn an_index_is_a_cache() {
    let (disk, expected) = filled();
    let disk = closed(&disk);
    let indexes = ending(&disk, ".index");
    assert!(!indexes.is_empty());
    for path in indexes {
        let whole = disk.content(&path).unwrap();
        assert!(!whole.is_empty());
        for bit in (0..whole.len() as u64 * 8).step_by(step()) {
            let flipped = disk.copy();
            flipped.flip_bit(&path, bit);
            reads_from_everywhere(&flipped, &expected);
        }
        for length in 0..whole.len() {
            let cut = disk.copy();
            cut.set_content(&path, whole[..length].to_vec());
            reads_from_everywhere(&cut, &expected);
        }
    }
}

fn reads_from_everywhere(disk: &FaultyDisk, expected: &Values) {
    let store = open(disk).unwrap();
    let partition = store.topic("t").unwrap().partition(0).unwrap();
    for (place, (offset, value)) in expected.iter().enumerate().step_by(7) {
        let fetched = partition.read(*offset, 1).unwrap();
        let record = fetched.records().next().unwrap();
        assert_eq!((record.offset, record.value), (*offset, Some(value.as_bytes())), "place {place}");
    }
}

/// The journal's files: the two that take turns, and the one that vouches for them.
const JOURNAL: [&str; 3] = ["journal/0", "journal/1", "journal/synced"];

/// The states of a store in which its files may be damaged, each with what it holds.
fn states() -> [(&'static str, FaultyDisk, Values); 4] {
    let (killed, expected) = filled();
    let reopened = {
        let disk = killed.copy();
        let store = open(&disk).unwrap();
        let as_reopened = disk.copy();
        store.topic("t").unwrap().partition(0).unwrap().append(records(["after it"])).unwrap();
        let with_more = disk.copy();
        (as_reopened, with_more)
    };
    let more = all(&reopened.1.copy()).unwrap();
    assert_eq!(more.len(), expected.len() + 1);
    [
        ("after a clean stop", closed(&killed), expected.clone()),
        ("after a kill", killed, expected.clone()),
        ("reopened after a kill, and killed", reopened.0, expected),
        ("reopened after a kill, written to, and killed", reopened.1, more),
    ]
}

#[test]
fn flipped_bits_of_the_journal_are_mended() {
    for (state, disk, expected) in states() {
        let mut mended = 0;
        for path in JOURNAL.map(Path::new) {
            for bit in (0..used(&disk, path) * 8).step_by(2 * step() - 1) {
                let flipped = disk.copy();
                flipped.flip_bit(path, bit);
                let store =
                    open(&flipped).unwrap_or_else(|error| panic!("{state}, {path:?}, bit {bit}: {error}"));
                let found = read_from(&store.topic("t").unwrap().partition(0).unwrap(), Offset(0)).unwrap();
                assert_eq!(found, expected, "{state}, {path:?}, bit {bit}");
                assert!(store.possible_losses().is_empty());
                mended += store.recovery().journal_mended;
            }
        }
        println!("{state}: {mended} mended");
        assert!(mended > 10, "{state}: {mended}");
    }
}

/// Where the last entry of a journal file begins.
fn last_frame(content: &[u8]) -> usize {
    content.windows(4).rposition(|bytes| bytes == b"WWJ2").expect("it has a head")
}

#[test]
fn flipped_bits_of_the_last_entry_are_mended() {
    for (state, disk, expected) in states() {
        let newest = |path: &&str| {
            let content = disk.content(Path::new(path)).unwrap();
            u64::from_be_bytes(content[16..24].try_into().unwrap())
        };
        let path = Path::new(JOURNAL[..2].iter().max_by_key(|path| newest(path)).unwrap());
        let last = last_frame(&disk.content(path).unwrap()) as u64;
        // Every bit of a byte has its turn in some byte; all have with `LOG_STORE_FLIP_STEP=1`.
        for bit in (last * 8..used(&disk, path) * 8).step_by(rounds("LOG_STORE_FLIP_STEP", 5) as usize) {
            let flipped = disk.copy();
            flipped.flip_bit(path, bit);
            assert_eq!(all(&flipped).unwrap(), expected, "{state}, bit {bit}");
        }
    }
}

#[test]
fn wider_damage_to_the_journal_is_mended_or_refused() {
    for (state, disk, expected) in states() {
        let (mut whole, mut refused) = (0, 0);
        for path in JOURNAL.map(Path::new) {
            for from in (0..used(&disk, path) as usize).step_by(16 * step()) {
                for garbage in [0, 0xa5] {
                    let mut content = disk.content(path).unwrap();
                    let end = content.len().min(from + 64);
                    content[from..end].fill(garbage);
                    let damaged = disk.copy();
                    damaged.set_content(path, content);
                    match all(&damaged) {
                        Ok(found) => {
                            assert_eq!(found, expected, "{state}, {path:?}, byte {from}");
                            whole += 1;
                        }
                        Err(error) => {
                            assert!(matches!(error, Error::CorruptJournal { .. }), "{error}");
                            refused += 1;
                        }
                    }
                }
            }
        }
        println!("{state}: {whole} whole, {refused} refused");
        assert!(whole > 0, "{state}");
    }
}

/// A store, and one record more in it.
fn one_more() -> (FaultyDisk, FaultyDisk, Values) {
    let (before, expected) = filled();
    let after = before.copy();
    let store = open(&after).unwrap();
    let before = after.copy();
    store.topic("t").unwrap().partition(0).unwrap().append(records(["the last one"])).unwrap();
    (before, after.copy(), expected)
}

/// Only the first half of the last record's entry reached the disk, of which nobody was told.
fn half_written(before: &FaultyDisk, after: &FaultyDisk) {
    for path in JOURNAL.map(Path::new) {
        let (old, mut new) = (before.content(path).unwrap(), after.content(path).unwrap());
        if path.ends_with("synced") {
            after.set_content(path, old);
        } else if old != new {
            let last = last_frame(&new);
            let half = last + (used(after, path) as usize - last) / 2;
            new[half..].fill(0);
            after.set_content(path, new);
        }
    }
    // Nor is it in the segment.
    for path in ending(before, ".log") {
        after.set_content(&path, before.content(&path).unwrap());
    }
}

#[test]
fn what_was_being_written_when_the_process_ended_was_never_acknowledged() {
    let (before, after, expected) = one_more();
    half_written(&before, &after);
    let store = open(&after).unwrap();
    assert!(store.recovery().journal_torn);
    assert_eq!(store.recovery().possible_loss, None);
    assert!(store.possible_losses().is_empty());
    assert_eq!(values(&store.topic("t").unwrap().partition(0).unwrap()).unwrap().len(), expected.len());
}

#[test]
fn what_may_have_been_lost_is_told_until_somebody_has_seen_it() {
    let (before, after, expected) = one_more();
    // After a loss of power it cannot be known what was told just before.
    let after = after.crash(1);
    half_written(&before, &after);
    let store = open(&after).unwrap();
    let loss = store.recovery().possible_loss.clone().expect("it may have been acknowledged");
    assert!(loss.to_string().contains("may have been acknowledged"), "{loss}");
    assert_eq!(store.possible_losses(), std::slice::from_ref(&loss));
    store.topic("t").unwrap().partition(0).unwrap().append(records(["more"])).unwrap();
    // Closed, killed, closed and killed: it is told each time.
    let mut disk = after;
    store.close().unwrap();
    for round in 0..4 {
        let store = open(&disk).unwrap();
        assert_eq!(store.recovery().possible_loss, None, "round {round}: nothing was lost this time");
        assert_eq!(store.possible_losses(), std::slice::from_ref(&loss), "round {round}");
        assert_eq!(
            values(&store.topic("t").unwrap().partition(0).unwrap()).unwrap().len(),
            expected.len() + 1
        );
        if round % 2 == 0 {
            store.create_topic(&format!("round-{round}"), TopicConfig::default()).unwrap();
            disk = disk.copy();
        } else {
            store.close().unwrap();
        }
    }
    let store = open(&disk).unwrap();
    store.acknowledge_losses().unwrap();
    assert!(store.possible_losses().is_empty());
    for killed in [disk.copy(), closed(&disk.copy())] {
        assert!(open(&killed).unwrap().possible_losses().is_empty());
    }
}

/// A store, and one record more in a topic of that durability, behind the last sync if it can be.
fn one_more_of(durability: Durability) -> (FaultyDisk, FaultyDisk) {
    let (disk, _) = filled();
    let store = open(&disk).unwrap();
    let config = TopicConfig { durability, flush: Some(Duration::from_secs(3600)), ..TopicConfig::default() };
    let last = store.create_topic("last", config).unwrap().partition(0).unwrap();
    last.append(records(["the one before"])).unwrap();
    store.topic("t").unwrap().partition(0).unwrap().append(records(["synced"])).unwrap();
    let before = disk.copy();
    last.append(records(["the last one"])).unwrap();
    (before, disk.copy())
}

#[test]
fn what_is_written_and_need_not_be_durable_is_told_if_the_disk_loses_it_and_not_if_the_power_does() {
    for durability in [Durability::Interval, Durability::Os] {
        let (before, after) = one_more_of(durability);
        let half_gone = |disk: FaultyDisk| {
            half_written(&before, &disk);
            disk
        };
        let vouched = |disk: FaultyDisk| {
            let synced = Path::new("journal/synced");
            disk.set_content(synced, after.content(synced).unwrap());
            disk
        };
        let found = |disk: &FaultyDisk| {
            let store = open(disk).unwrap();
            let values = values(&store.topic("last").unwrap().partition(0).unwrap()).unwrap();
            (values.len(), store.recovery().possible_loss.is_some(), store.recovery().journal_torn)
        };
        assert_eq!(found(&after.copy()), (2, false, false));
        // The process ended in the middle of it.
        assert_eq!(found(&half_gone(after.copy())), (1, false, true));
        // It was written to the end, and somebody was told so.
        assert_eq!(found(&vouched(half_gone(after.copy()))), (1, true, true));
        // The same after a loss of power: nobody was told that it would be there.
        assert_eq!(found(&half_gone(after.crash(1))), (1, false, true));
        assert_eq!(found(&vouched(half_gone(after.crash(1)))), (1, false, true));
    }
    // Of a topic of `fsync` somebody may have been told so.
    let (before, after) = one_more_of(Durability::Fsync);
    let lost = after.crash(1);
    half_written(&before, &lost);
    assert!(open(&lost).unwrap().recovery().possible_loss.is_some());
}

#[test]
fn what_may_be_durable_behind_what_the_power_took_is_told() {
    let (before, after) = one_more_of(Durability::Os);
    // A record of `fsync` behind it, whole or in remains, which says that its own sync was not done when it was written.
    for remains in [1, 2] {
        let disk = after.copy();
        let path = journal_of(&before, &after);
        let mut content = disk.content(&path).unwrap();
        let last = last_frame(&content);
        let frame = content[last..used(&disk, &path) as usize].to_vec();
        let (bytes, place) = (frame.len().next_multiple_of(8), last + frame.len().next_multiple_of(8));
        content[place..place + frame.len()].copy_from_slice(&frame);
        content[place + 13] = 0;
        content[place + 24..place + 32].copy_from_slice(&(place as u64).to_be_bytes());
        let length = u32::from_be_bytes(content[place + 8..place + 12].try_into().unwrap()) as usize;
        let crc = crc32c::crc32c(&content[place + 8..place + 40 + length]);
        content[place + 4..place + 8].copy_from_slice(&crc.to_be_bytes());
        if remains == 2 {
            content[place + 60..place + bytes].fill(0xa5);
        }
        content[last + 60..last + bytes].fill(0xa5);
        let lost = disk.crash(1);
        lost.set_content(&path, content);
        for path in ending(&before, ".log") {
            lost.set_content(&path, before.content(&path).unwrap());
        }
        let store = open(&lost).unwrap();
        assert!(store.recovery().possible_loss.is_some(), "{remains}");
        assert_eq!(values(&store.topic("last").unwrap().partition(0).unwrap()).unwrap().len(), 1);
    }
}

/// The file of the journal in which two disks differ.
fn journal_of(before: &FaultyDisk, after: &FaultyDisk) -> PathBuf {
    let differs = |path: &&&str| before.content(Path::new(path)) != after.content(Path::new(path));
    PathBuf::from(JOURNAL[..2].iter().find(differs).unwrap())
}

#[test]
fn damage_to_what_is_not_synced_is_mended_or_told_as_long_as_the_machine_runs() {
    let disk = FaultyDisk::new();
    let store = open(&disk).unwrap();
    let config = TopicConfig { durability: Durability::Os, ..TopicConfig::default() };
    let partition = store.create_topic("t", config).unwrap().partition(0).unwrap();
    for number in 0..12 {
        partition.append(records([format!("value {number}")])).unwrap();
    }
    let (disk, expected) = (disk.copy(), values(&partition).unwrap());
    let (mut whole, mut told) = (0, 0);
    for path in JOURNAL.map(Path::new) {
        let used = used(&disk, path) as usize;
        let (bits, stretches) = ((0..used).step_by(step()), (0..used).step_by(8 * step()));
        let flips = bits.map(|byte| (byte, 1, 0x10));
        for (from, bytes, change) in flips.chain(stretches.map(|from| (from, 64, 0xa5))) {
            let damaged = disk.copy();
            let mut content = damaged.content(path).unwrap();
            content.iter_mut().skip(from).take(bytes).for_each(|byte| *byte ^= change);
            damaged.set_content(path, content);
            let store = match open(&damaged) {
                Ok(store) => store,
                Err(error) => {
                    assert!(matches!(error, Error::CorruptJournal { .. }), "{error}");
                    continue;
                }
            };
            let found = store.topic("t").and_then(|topic| values(&topic.partition(0)?)).unwrap();
            assert_eq!(found, expected[..found.len()], "{path:?}, byte {from}");
            let is_told = !store.possible_losses().is_empty();
            assert!(is_told || found == expected, "{path:?}, {bytes} bytes from {from}: lost and not told");
            assert!(bytes > 1 || found == expected, "{path:?}, byte {from}: one bit is mended");
            whole += usize::from(found == expected);
            told += usize::from(is_told);
        }
    }
    assert!(whole > 100 && told > 5, "{whole} whole, {told} told");
}

/// How many bytes of a file are before its trailing zeros.
fn used(disk: &FaultyDisk, path: &Path) -> u64 {
    let content = disk.content(path).unwrap();
    content.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1)
}

#[test]
fn a_shortened_or_missing_journal_is_noticed_or_harmless() {
    let (disk, expected) = filled();
    let gone = disk.copy();
    for journal in ["journal/0", "journal/1"] {
        gone.remove_file(Path::new(journal)).unwrap();
    }
    let error = open(&gone).err().unwrap().to_string();
    assert!(
        error.contains("journal/0 is damaged at byte 0: it is gone, and so is the other journal file; "),
        "{error}"
    );
    let crashed = disk.copy();
    for path in ending(&crashed, "journal/0").into_iter().chain(ending(&crashed, "journal/1")) {
        let whole = crashed.content(&path).unwrap();
        for length in (0..whole.len()).step_by(3) {
            let cut = crashed.copy();
            cut.set_content(&path, whole[..length].to_vec());
            match all(&cut) {
                Ok(found) => assert_eq!(found, expected, "{} cut to {length}", path.display()),
                Err(error) => assert!(matches!(error, Error::CorruptJournal { .. }), "{error}"),
            }
        }
    }
}
