//! A scan gives exactly the committed records between its offsets, whatever the log holds and however it is read.

mod support;

use std::sync::Arc;

use log_store::{
    Disk, Error, FaultyDisk, Offset, Partition, RecordRef, Result, Scan, Store, StoreConfig, TopicConfig,
};
use support::{Random, open, read_from, records, rounds, tiny};

type Values = Vec<(Offset, String)>;

/// A log with small and large batches over several segments, transactions that were committed and aborted, and an open one at its end.
fn filled(random: &mut Random) -> (Partition, log_store::Transaction) {
    filled_on(&FaultyDisk::new(), random)
}

fn filled_on(disk: &FaultyDisk, random: &mut Random) -> (Partition, log_store::Transaction) {
    let store = open(disk).unwrap();
    let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
    let producer = store.producer("p").unwrap();
    for round in 0..25 {
        let count = if random.below(4) == 0 { 40 + random.below(60) } else { 1 + random.below(4) };
        let values: Vec<_> = (0..count).map(|number| format!("{round} {number}")).collect();
        if random.below(2) == 0 {
            partition.append(records(values)).unwrap();
            continue;
        }
        let mut transaction = store.begin(&producer).unwrap();
        transaction.append(&partition, records(values)).unwrap();
        if random.below(2) == 0 { transaction.commit().map(drop) } else { transaction.abort() }.unwrap();
    }
    let mut open = store.begin(&producer).unwrap();
    open.append(&partition, records((0..100).map(|number| format!("open {number}")))).unwrap();
    assert!(partition.last_stable_offset() < partition.log_end_offset());
    (partition, open)
}

/// How a scan is asked for its records.
#[derive(Clone, Copy, Debug)]
enum By {
    Record,
    Piece,
    /// So many at once, if they are at hand.
    Run(usize),
}

impl By {
    fn any(random: &mut Random) -> By {
        match random.below(3) {
            0 => By::Record,
            1 => By::Piece,
            _ => By::Run(1 + random.below(12) as usize),
        }
    }
}

fn value(record: &RecordRef<'_>) -> (Offset, String) {
    (record.offset, String::from_utf8(record.value.unwrap().to_vec()).unwrap())
}

/// What a scan gives from now on.
fn rest(scan: &mut Scan, by: By) -> Result<Values> {
    let mut found = Values::new();
    match by {
        By::Record => {
            while let Some(record) = scan.next()? {
                found.push(value(&record));
            }
        }
        By::Piece => {
            while scan.fetch()? {
                let before = found.len();
                while let Some(record) = scan.next_at_hand() {
                    found.push(value(&record));
                }
                assert!(found.len() > before, "a record is at hand");
            }
        }
        By::Run(count) => {
            while scan.fetch()? {
                let run = scan.take_at_hand(count);
                assert!((1..=count).contains(&run.len()), "a record is at hand");
                let all: Values = run.clone().map(|record| value(&record)).collect();
                assert_eq!(all.len(), run.len());
                let direct = (0..run.len()).map(|number| value(&run.record(number).unwrap()));
                assert_eq!(direct.collect::<Values>(), all);
                assert!(run.record(all.len()).is_none());
                found.extend(all);
                assert!(scan.next_offset() > found.last().unwrap().0);
            }
            assert_eq!(scan.take_at_hand(count).len(), 0);
        }
    }
    Ok(found)
}

fn between(all: &Values, from: u64, until: u64) -> Values {
    all.iter().filter(|(offset, _)| (from..until).contains(&offset.0)).cloned().collect()
}

#[test]
fn every_range_gives_its_records_in_any_pieces() {
    for seed in 0..rounds("LOG_STORE_SCAN_SEEDS", 12) {
        let random = &mut Random(seed);
        let (partition, _open) = filled(random);
        let all = read_from(&partition, Offset(0)).unwrap();
        let end = partition.last_stable_offset().0;
        for _ in 0..60 {
            let (from, until) = (random.below(end + 1), random.below(end + 200));
            let bytes = 1 << random.below(15);
            let mut scan = partition.scan(Offset(from), Offset(until)).reading(bytes);
            let by = By::any(random);
            let context = format!("seed {seed}, {from} to {until} by {bytes} bytes, by {by:?}");
            assert_eq!(rest(&mut scan, by).unwrap(), between(&all, from, until), "{context}");
            // It stands at its end, or where nothing is committed yet.
            let expected = if until <= from { from } else { until.min(end) };
            assert_eq!(scan.next_offset(), Offset(expected), "{context}");
            assert_eq!(rest(&mut scan, by).unwrap(), [], "{context}");
        }
    }
}

#[test]
fn a_scan_goes_on_behind_its_end_without_a_gap_or_a_second_read() {
    for seed in 0..rounds("LOG_STORE_SCAN_SEEDS", 12) {
        let random = &mut Random(seed);
        let (partition, open) = filled(random);
        let all = read_from(&partition, Offset(0)).unwrap();
        let end = partition.last_stable_offset().0;
        let mut scan = partition.scan(Offset(0), Offset(0)).reading(1 << random.below(13));
        let mut until = 0;
        while until < end {
            let from = until;
            until = (until + 1 + random.below(9)).min(end);
            scan.until(Offset(until));
            assert_eq!(rest(&mut scan, By::any(random)).unwrap(), between(&all, from, until), "seed {seed}");
            assert_eq!(scan.next_offset(), Offset(until));
        }
        // What is committed later is found by the same scan.
        scan.until(Offset(u64::MAX));
        assert_eq!(rest(&mut scan, By::any(random)).unwrap(), []);
        open.commit().unwrap();
        assert_eq!(rest(&mut scan, By::any(random)).unwrap().len(), 100);
        assert_eq!(scan.next_offset(), partition.last_stable_offset());
    }
}

#[test]
fn short_ranges_within_one_piece_are_read_once() {
    let disk = FaultyDisk::new();
    let store = open(&disk).unwrap();
    let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
    // One batch, larger than what is read at once.
    partition.append(records((0..100).map(|number| format!("value {number}")))).unwrap();
    let mut scan = partition.scan(Offset(0), Offset(0)).reading(10);
    let mut reads = Vec::new();
    for until in 1..=100 {
        let before = disk.reads();
        scan.until(Offset(until));
        let by = if until % 2 == 0 { By::Piece } else { By::Run(3) };
        assert_eq!(rest(&mut scan, by).unwrap().len(), 1);
        reads.push(disk.reads() - before);
    }
    assert!(reads[0] > 0 && reads[1..].iter().all(|reads| *reads == 0), "{reads:?}");
}

#[test]
fn a_scan_that_waits_at_the_end_reads_only_what_is_new() {
    let disk = FaultyDisk::new();
    let one_segment = StoreConfig { segment_bytes: 1 << 20, ..tiny() };
    let store = Store::open_on(Arc::new(disk.clone()), one_segment).unwrap();
    let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
    let mut scan = partition.scan(Offset(0), Offset(u64::MAX));
    for number in 0..20 {
        partition.append(records([format!("value {number}")])).unwrap();
        let before = disk.reads();
        assert_eq!(rest(&mut scan, By::Run(100)).unwrap().len(), 1);
        assert_eq!(disk.reads() - before, 1);
        assert_eq!(rest(&mut scan, By::Run(100)).unwrap(), []);
        assert_eq!(disk.reads() - before, 1, "nothing is new");
    }
    // What another transaction has written behind the last stable offset came along, and is not for readers yet.
    partition.append(records(["before".to_owned()])).unwrap();
    let producer = store.producer("p").unwrap();
    let mut transaction = store.begin(&producer).unwrap();
    transaction.append(&partition, records((0..100).map(|number| format!("transacted {number}")))).unwrap();
    assert_eq!(rest(&mut scan, By::Record).unwrap().len(), 1);
    transaction.commit().unwrap();
    let before = disk.reads();
    assert!(scan.fetch().unwrap());
    assert_eq!(disk.reads() - before, 0);
    assert_eq!(rest(&mut scan, By::Record).unwrap().len(), 100);
}

#[test]
fn any_record_of_a_read_is_found_by_its_number() {
    for seed in 0..rounds("LOG_STORE_SCAN_SEEDS", 12) {
        let random = &mut Random(seed);
        let (partition, _open) = filled(random);
        let all = read_from(&partition, Offset(0)).unwrap();
        let end = partition.last_stable_offset().0;
        for _ in 0..30 {
            let from = random.below(end);
            let fetched = partition.read(Offset(from), 1 << random.below(15)).unwrap();
            let expected = between(&all, from, fetched.next_offset().0);
            let context = format!("seed {seed}, from {from}");
            assert_eq!(
                (fetched.len(), fetched.is_empty()),
                (expected.len(), expected.is_empty()),
                "{context}"
            );
            for _ in 0..20 {
                let number = random.below(expected.len() as u64 + 2) as usize;
                let found = fetched.record(number).map(|record| value(&record));
                assert_eq!(found, expected.get(number).cloned(), "{context}, number {number}");
                let jumped: Values = fetched.records().skip(number).map(|record| value(&record)).collect();
                assert_eq!(jumped, expected[number.min(expected.len())..], "{context}, skipped {number}");
            }
        }
    }
}

#[test]
fn a_scan_gives_what_lies_before_damage_tells_it_and_goes_on_when_it_is_mended() {
    for seed in 0..rounds("LOG_STORE_SCAN_SEEDS", 12) {
        let random = &mut Random(seed);
        let disk = FaultyDisk::new();
        let (partition, _open) = filled_on(&disk, random);
        let all = read_from(&partition, Offset(0)).unwrap();
        let mut damages = 0;
        for _ in 0..12 {
            let hit = Offset(random.below(partition.last_stable_offset().0));
            let file = partition.file_of(hit).unwrap();
            let file = file.strip_prefix(disk.root()).unwrap();
            let bit = random.below(8 * disk.content(file).unwrap().len() as u64);
            disk.flip_bit(file, bit);
            let mut scan = partition.scan(Offset(0), Offset(u64::MAX)).reading(1 << random.below(15));
            let mut found = Values::new();
            let told = loop {
                match scan.next() {
                    Ok(Some(record)) => found.push(value(&record)),
                    Ok(None) => break None,
                    Err(error) => break Some(error),
                }
            };
            let context = format!("seed {seed}, bit {bit} of {}", file.display());
            // Behind the last stable offset nobody looks.
            if let Some(error) = told {
                let Error::Corrupt { file: told, offset, position, .. } = error else {
                    panic!("{context}: {error}")
                };
                assert!(told.ends_with(file) && position <= bit / 8, "{context}: told {position}");
                assert_eq!(found, between(&all, 0, offset.0), "{context}");
                assert!(scan.next_offset() <= offset, "{context}");
                assert!(matches!(scan.next(), Err(Error::Corrupt { .. })), "{context}: told again");
                damages += 1;
            }
            disk.flip_bit(file, bit);
            found.extend(rest(&mut scan, By::any(random)).unwrap());
            assert_eq!(found, all, "{context}");
        }
        assert!(damages > 0, "seed {seed}");
    }
}

#[test]
fn an_error_leaves_a_scan_where_it_stood() {
    let disk = FaultyDisk::new();
    let store = open(&disk).unwrap();
    let partition = store.create_topic("t", TopicConfig::default()).unwrap().partition(0).unwrap();
    for number in 0..30 {
        partition.append(records((0..10).map(|part| format!("{number} {part}")))).unwrap();
    }
    let mut scan = partition.scan(Offset(0), Offset(300)).reading(1);
    let (mut found, mut failures) = (Values::new(), 0);
    let mut failing = (0..6).map(|number| 40 + 50 * number).peekable();
    while found.len() < 300 {
        if failing.next_if_eq(&found.len()).is_some() {
            disk.fail_read_at(disk.reads());
        }
        match scan.fetch() {
            Ok(_) => {}
            Err(error) => {
                assert!(matches!(error, log_store::Error::Io { .. }), "{error}");
                assert_eq!(scan.next_offset(), Offset(found.len() as u64));
                failures += 1;
            }
        }
        while let Some(record) = scan.next_at_hand() {
            found.push((record.offset, String::from_utf8(record.value.unwrap().to_vec()).unwrap()));
        }
    }
    assert_eq!((found, failures), (read_from(&partition, Offset(0)).unwrap(), 6));
}
