//! `undecodable(dead_letter(..))`: whatever the partitions, epochs, workers and restarts, records that cannot be decoded are in their
//! topic as they are, each once, and the others go on.

use std::sync::Arc;

use waterwheel::RunOptions;
use waterwheel::log::{FaultyDisk, MemDisk, RecordsBuilder};
use waterwheel::prelude::*;

use support::{
    ByHand, Losses, Random, any_options, append, assert_same_rows, every_way, open, read, run, seeds,
};

#[derive(Debug, Clone, PartialEq, Record)]
struct Click {
    page: u64,
    note: String,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Bytes {
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct PageMinute {
    page: u64,
    from: Timestamp,
    clicks: u64,
}

topics! {
    Clicks("clicks"): Click { key: page, time: at, format: json, partitions: 2 }
    Native("native-clicks"): Click { key: page, time: at }
    Seen("seen"): Click {}
    NoClicks("no-clicks"): Bytes { format: raw, partitions: 3 }
    LateClicks("late-clicks"): Click {}
    PageMinutes("page-minutes"): PageMinute { key: page }
}

#[pipeline]
fn seen() {
    source(Clicks).undecodable(dead_letter(NoClicks)).sink(Seen);
}

/// A record as it is in a log: key, value, headers.
type Raw = (Option<Vec<u8>>, Option<Vec<u8>>, Vec<(String, Option<Vec<u8>>)>);

fn bad(random: &mut Random) -> Raw {
    let mut bytes = |most: u64| (0..random.below(most)).map(|_| random.below(256) as u8).collect::<Vec<_>>();
    let (key, value) = (bytes(5), [b"{".to_vec(), bytes(30)].concat());
    let headers = vec![("trace".to_owned(), Some(bytes(4))), ("empty".to_owned(), None)];
    (
        (random.below(2) == 0).then_some(key),
        (random.below(4) > 0).then_some(value),
        headers.into_iter().take(random.below(3) as usize).collect(),
    )
}

fn append_raw(store: &Store, topic: &str, partition: u32, (key, value, headers): &Raw) {
    let headers: Vec<(&str, Option<&[u8]>)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
    let mut builder = RecordsBuilder::new();
    builder.push_with_headers(7, key.as_deref(), value.as_deref(), &headers);
    store.topic(topic).unwrap().partition(partition).unwrap().append(builder).unwrap();
}

/// The records of a topic, as they are.
fn raw(store: &Store, topic: &str) -> Vec<Raw> {
    let topic = store.topic(topic).unwrap();
    let mut records = Vec::new();
    for number in 0..topic.partitions() {
        let log = topic.partition(number).unwrap();
        let mut scan = log.scan(log.log_start_offset(), log.last_stable_offset());
        while let Some(record) = scan.next().unwrap() {
            let headers = record.headers().map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec)));
            let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
            records.push((owned(record.key), owned(record.value), headers.collect()));
        }
    }
    records
}

fn header(record: &Raw, name: &str) -> String {
    let found = record.2.iter().rev().find(|header| header.0 == name);
    String::from_utf8(found.expect("it has this header").1.clone().unwrap()).unwrap()
}

/// Rows, and among them records that are none.
fn fill(store: &Store, random: &mut Random, clicks: &mut Vec<Click>, bads: &mut Vec<(u32, Raw)>) {
    // Opened by whoever comes first.
    append(store, Clicks, &[]);
    for _ in 0..random.below(60) {
        if random.below(3) == 0 {
            let (partition, record) = (random.below(2) as u32, bad(random));
            append_raw(store, "clicks", partition, &record);
            bads.push((partition, record));
        } else {
            let at = Timestamp::from_millis(random.below(1_000) as i64);
            let click = Click { page: random.below(9), note: String::new(), at };
            append(store, Clicks, std::slice::from_ref(&click));
            clicks.push(click);
        }
    }
}

/// Each record that is none is in its topic once, as it was and with where it was, and every row has gone on.
#[track_caller]
fn check(store: &Store, clicks: Vec<Click>, bads: Vec<(u32, Raw)>, what: &str) {
    assert_same_rows(read(store, Seen), clicks, what);
    let found = raw(store, "no-clicks");
    for record in &found {
        assert_eq!(
            (header(record, "waterwheel.cause"), header(record, "waterwheel.topic")),
            ("undecodable".to_owned(), "clicks".to_owned())
        );
        assert!(!header(record, "waterwheel.error").is_empty());
        header(record, "waterwheel.offset").parse::<u64>().unwrap();
    }
    let as_it_was = |record: Raw| {
        let partition: u32 = header(&record, "waterwheel.partition").parse().unwrap();
        let (key, value, mut headers) = record;
        headers.truncate(headers.len() - 5);
        (partition, (key, value, headers))
    };
    assert_same_rows(found.into_iter().map(as_it_was), bads, what);
}

#[test]
fn what_cannot_be_decoded_is_there_once_as_it_is() {
    for seed in seeds(1) {
        for way in every_way(seed) {
            let mut random = Random(seed * 86_028_121);
            let store = open(&MemDisk::new());
            let (mut clicks, mut bads) = (Vec::new(), Vec::new());
            fill(&store, &mut random, &mut clicks, &mut bads);
            run(seen(), &store, way.options().until_end()).unwrap();
            fill(&store, &mut random, &mut clicks, &mut bads);
            let summary = run(seen(), &store, way.options().close()).unwrap();
            assert_eq!(summary.records_skipped, bads.len() as u64, "{way}");
            check(&store, clicks, bads, &way.to_string());
        }
    }
}

#[test]
fn a_loss_of_power_at_any_moment_writes_no_dead_letter_twice_and_loses_none() {
    let (mut losses, clock) = (Losses::default(), Arc::new(ByHand::at(0)));
    for seed in seeds(16) {
        let mut random = Random(seed * 141_650_939);
        let mut disk = FaultyDisk::new();
        let (mut clicks, mut bads) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            fill(&open(&disk), &mut random, &mut clicks, &mut bads);
            for _ in 0..1 + random.below(3) {
                disk = losses.run(&disk, &clock, &mut random, seen()).0;
            }
        }
        let store = open(&disk);
        let summary = run(seen(), &store, any_options(&mut random).close()).unwrap();
        losses.replayed += summary.epochs_replayed;
        assert_eq!(summary.records_skipped, bads.len() as u64, "seed {seed}");
        check(&store, clicks, bads, &format!("seed {seed}"));
    }
    losses.assert_of_use(12);
}

#[pipeline]
fn page_minutes() {
    let clicks = source(Native).lateness(0s).late_to(LateClicks).undecodable(dead_letter(NoClicks));
    let minutes = clicks.group_by(|c| c.page).window(tumbling(1m)).select(|w, c| PageMinute {
        page: w.key(),
        from: w.start(),
        clicks: count(),
    });
    minutes.sink(PageMinutes);
}

#[test]
fn a_late_record_of_which_a_field_that_nobody_reads_is_bad_is_a_dead_letter() {
    let click = |note: &str, second: i64| Click {
        page: 1,
        note: note.to_owned(),
        at: Timestamp::from_millis(second * 1000),
    };
    let mut t = page_minutes().test();
    t.push_all(Native, [click("first", 100), click("late", 1)]);
    let (_, value, _) = raw(t.store(), "native-clicks").pop().unwrap();
    let mut value = value.unwrap();
    let note = value.windows(4).position(|part| part == b"late").unwrap();
    value[note] = 0xff;
    append_raw(t.store(), "native-clicks", 0, &(Some(vec![1]), Some(value.clone()), Vec::new()));
    assert_eq!(t.rows(LateClicks), [click("late", 1)]);
    assert_eq!((t.late(), t.skipped()), (2, 1));
    assert_eq!(t.rows(NoClicks), [Bytes { bytes: value }]);
    t.restart();
    assert_eq!((t.rows(NoClicks).len(), t.skipped()), (1, 1));
}

#[test]
fn dead_letters_are_told_of_in_the_plan_and_counted_of_their_topic() {
    let explained = seen().explain().unwrap();
    assert!(explained.contains("dead_letter  no-clicks"), "{explained}");
    assert!(
        explained.contains("undecodable records: counted, and as they are to topic no-clicks"),
        "{explained}"
    );
    let store = open(&MemDisk::new());
    append(&store, Clicks, &[]);
    append_raw(&store, "clicks", 0, &(None, Some(b"no JSON".to_vec()), Vec::new()));
    let summary = run(seen(), &store, RunOptions::new().workers(2).close()).unwrap();
    let dead = summary.operators.iter().find(|of| of.operator.contains("no-clicks")).unwrap();
    assert_eq!((dead.rows_in, summary.rows_written), (1, 1));
}
