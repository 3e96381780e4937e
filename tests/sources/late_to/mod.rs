//! `late_to`: whatever the partitions, epochs, workers and restarts, the late topic has what plain loops over the logs find, once.

mod plan;
mod read_again;

use std::collections::BTreeMap;
use std::sync::Arc;

use waterwheel::__rt::Topic;
use waterwheel::key::partition_of;
use waterwheel::log::{FaultyDisk, MemDisk};
use waterwheel::prelude::*;

use support::{
    ByHand, Losses, Random, SOME_WAYS, any_options, append, assert_of_use, assert_same_rows,
    check_any_course, every_way, open, run, seeds,
};

/// Kept by page, grouped by user: the rows of a user are in all partitions. No operator reads the note.
#[derive(Debug, Clone, PartialEq, Record)]
struct Visit {
    page: u64,
    user: u64,
    cents: i64,
    note: String,
    at: Timestamp,
}

/// A part of a visit, of which there are none to three.
#[derive(Debug, Clone, PartialEq, Record)]
struct Share {
    user: u64,
    cents: i64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Sum {
    user: u64,
    from: Timestamp,
    n: u64,
}

topics! {
    Visits("visits"): Visit { key: page, time: at, partitions: 3 }
    OtherVisits("other-visits"): Visit { key: page, time: at, partitions: 2 }
    CountedVisits("counted-visits"): Visit { key: page, time: at }
    LateVisits("late-visits"): Visit { key: user, time: at, partitions: 2 }
    LateOthers("late-others"): Visit { format: json }
    Stays("stays"): Sum { key: user }
    Pairs("pairs"): Sum { key: user }
    Parts("parts"): Sum { key: user }
    Growing("growing"): Sum { key: user }
    Met("met"): Sum { key: user }
    Once("once"): Visit { key: user }
    OfStays("of-stays"): Sum { key: user }
}

const LATENESS_MS: i64 = 5_000;
const GAP_MS: i64 = 20_000;
const WINDOW_MS: i64 = 20_000;
const WHOLE_MS: i64 = 60_000;

fn shares(user: u64, cents: i64) -> Vec<Share> {
    (0..cents as u64 % 4).map(|share| Share { user: (user + share) % 6, cents }).collect()
}

/// Seven operators behind one source: some of their rows are made of one record, by one way or two, and some of many.
#[pipeline]
fn many_operators() {
    let visits = source(Visits).lateness(5s).late_to(LateVisits);
    let shares = visits.filter(|v| v.cents != 13).flat_map(|v| shares(v.user, v.cents));
    let stays = shares.group_by(|s| s.user).window(session(20s)).select(|w, s| Sum {
        user: w.key(),
        from: w.start(),
        n: count(),
    });
    let parts = shares.group_by(|s| s.user).window(tumbling(20s)).select(|w, s| Sum {
        user: w.key(),
        from: w.start(),
        n: count(),
    });
    let users = visits.map(|v| v.user);
    let twins = visits.map(|v| (v.user + 3) % 6);
    let both = users.union(twins);
    let pairs = both.group_by(|u| *u).window(session(20s)).select(|w, u| Sum {
        user: w.key(),
        from: w.start(),
        n: count(),
    });
    let growing = visits
        .filter(|v| v.cents >= 20)
        .group_by(|v| v.user)
        .window(cumulate(1m, 20s))
        .select(|w, v| Sum { user: w.key(), from: w.start(), n: count() });
    let of_stays = stays.group_by(|s| s.user).window(tumbling(1m)).select(|w, s| Sum {
        user: w.key(),
        from: w.start(),
        n: count(),
    });
    let met = visits.join(visits).on(|v| v.user, |v| v.user).between(-1s..=4s).select(|one, other| Sum {
        user: one.user,
        from: one.at,
        n: other.cents as u64,
    });
    met.sink(Met);
    let once = visits.distinct_by(|v| (v.user, v.cents)).within(10s);
    once.sink(Once);
    stays.sink(Stays);
    parts.sink(Parts);
    pairs.sink(Pairs);
    growing.sink(Growing);
    of_stays.sink(OfStays);
}

/// A record in the log of its partition.
#[derive(Debug, Clone)]
struct LogRow<'a> {
    partition: u32,
    /// Which record of its partition it is.
    offset: u64,
    at: i64,
    watermark_before: i64,
    visit: &'a Visit,
}

/// What a late topic has of a record: the record, and its headers by name.
type Late = (Visit, BTreeMap<String, String>);

fn partition(visit: &Visit, partitions: u32) -> u32 {
    partition_of(&visit.page.to_be_bytes(), partitions)
}

/// The records as the log has them, and what each knows of its partition.
fn logged(visits: &[Visit], partitions: u32) -> Vec<LogRow<'_>> {
    let mut seen: BTreeMap<u32, (u64, i64)> = BTreeMap::new();
    let row = |visit| {
        let (partition, at) = (partition(visit, partitions), visit.at.millis());
        let (next, greatest) = seen.entry(partition).or_insert((0, i64::MIN));
        let row = LogRow {
            partition,
            offset: *next,
            at,
            watermark_before: greatest.saturating_sub(LATENESS_MS),
            visit,
        };
        (*next, *greatest) = (*next + 1, at.max(*greatest));
        row
    };
    visits.iter().map(row).collect()
}

/// Of the rows that came to a session window, in the order of the log and each with its key, which are late.
fn late_for_session(rows: &[(&LogRow<'_>, u64)]) -> Vec<bool> {
    // By key and partition: the times of the rows of each fragment.
    let mut fragments: BTreeMap<(u64, u32), Vec<Vec<i64>>> = BTreeMap::new();
    let is_late = |(row, user): &(&LogRow<'_>, u64)| {
        let own = fragments.entry((*user, row.partition)).or_default();
        let joins = |times: &Vec<i64>| {
            let end = times.iter().max().unwrap() + GAP_MS;
            end - 1 > row.watermark_before && times.iter().any(|other| (other - row.at).abs() <= GAP_MS)
        };
        let (joined, apart): (Vec<_>, Vec<_>) = std::mem::take(own).into_iter().partition(joins);
        *own = apart;
        let late = joined.is_empty() && row.at + GAP_MS - 1 <= row.watermark_before;
        if !late {
            own.push([joined.concat(), vec![row.at]].concat());
        }
        late
    };
    rows.iter().map(is_late).collect()
}

/// Whether a row is late for windows that begin with these stretches.
fn late_for_windows(row: &LogRow<'_>, length: i64) -> bool {
    row.at - row.at.rem_euclid(length) + length - 1 <= row.watermark_before
}

/// Collects what is late, and how many rows were.
#[derive(Default)]
struct Expected {
    records: Vec<Late>,
    rows: u64,
    /// Records of which some rows were late, and others not.
    parted: usize,
}

impl Expected {
    /// An operator with the rows that came to it, each with whether it is late.
    fn operator(&mut self, topic: &str, operator: &str, rows: &[(&LogRow<'_>, bool)]) {
        let mut by_record: BTreeMap<(u32, u64), (&LogRow<'_>, Vec<bool>)> = BTreeMap::new();
        for (row, late) in rows {
            self.rows += u64::from(*late);
            by_record.entry((row.partition, row.offset)).or_insert((row, Vec::new())).1.push(*late);
        }
        for (row, late) in by_record.into_values() {
            if late.iter().all(|late| *late) {
                let headers = [
                    ("cause", "late".to_owned()),
                    ("operator", operator.to_owned()),
                    ("watermark", row.watermark_before.to_string()),
                    ("topic", topic.to_owned()),
                    ("partition", row.partition.to_string()),
                    ("offset", row.offset.to_string()),
                ];
                let headers = headers.map(|(name, value)| (format!("waterwheel.{name}"), value));
                self.records.push((row.visit.clone(), headers.into()));
            } else if late.contains(&true) {
                self.parted += 1;
            }
        }
    }
}

/// What `many_operators` must find.
fn expected(visits: &[Visit]) -> Expected {
    let log = logged(visits, 3);
    let mut expected = Expected::default();
    let of_shares: Vec<(&LogRow<'_>, u64)> = log
        .iter()
        .filter(|row| row.visit.cents != 13)
        .flat_map(|row| {
            shares(row.visit.user, row.visit.cents).into_iter().map(move |share| (row, share.user))
        })
        .collect();
    let mut session = |rows: &[(&LogRow<'_>, u64)], operator: &str| {
        let late = late_for_session(rows);
        let rows: Vec<_> = rows.iter().zip(late).map(|((row, _), late)| (*row, late)).collect();
        expected.operator("visits", operator, &rows);
    };
    session(&of_shares, "stays/window");
    let pairs: Vec<(&LogRow<'_>, u64)> =
        log.iter().flat_map(|row| [(row, row.visit.user), (row, (row.visit.user + 3) % 6)]).collect();
    session(&pairs, "pairs/window");
    let parts: Vec<_> = of_shares.iter().map(|(row, _)| (*row, late_for_windows(row, WINDOW_MS))).collect();
    expected.operator("visits", "parts/window", &parts);
    let growing = log.iter().filter(|row| row.visit.cents >= 20);
    let growing: Vec<_> = growing.map(|row| (row, late_for_windows(row, WHOLE_MS))).collect();
    expected.operator("visits", "growing/window", &growing);
    let once: Vec<_> = log.iter().map(|row| (row, row.at <= row.watermark_before)).collect();
    expected.operator("visits", "once/distinct_by", &once);
    // Each record comes by both sides, and is late on both or on none.
    let met = log.iter().flat_map(|row| [row, row]).map(|row| (row, row.at + 5_000 <= row.watermark_before));
    expected.operator("visits", "met/join", &met.collect::<Vec<_>>());
    expected
}

/// The offsets of a partition's records: between them stand the markers of transactions.
fn offsets(store: &Store, topic: &str, partition: u32) -> Vec<u64> {
    let log = store.topic(topic).unwrap().partition(partition).unwrap();
    let (mut scan, mut offsets) = (log.scan(log.log_start_offset(), log.last_stable_offset()), Vec::new());
    while let Some(record) = scan.next().unwrap() {
        offsets.push(record.offset.0);
    }
    offsets
}

/// The records of a late topic with their headers, which say the number of the record in its partition in place of the offset.
fn late_records<P: Topic<Row = Visit>>(store: &Store, topic: P) -> Vec<Late> {
    let typed = TypedTopic::open(store, topic).unwrap();
    let mut in_source: BTreeMap<(String, u32), Vec<u64>> = BTreeMap::new();
    let mut records = Vec::new();
    for partition in 0..typed.topic().partitions() {
        let log = typed.topic().partition(partition).unwrap();
        let mut scan = log.scan(log.log_start_offset(), log.last_stable_offset());
        while let Some(record) = scan.next().unwrap() {
            let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap().to_vec()).unwrap();
            let mut headers: BTreeMap<String, String> =
                record.headers().map(|(name, value)| (name.to_owned(), text(value))).collect();
            let of = (headers["waterwheel.topic"].clone(), headers["waterwheel.partition"].parse().unwrap());
            let offsets = in_source.entry(of.clone()).or_insert_with(|| offsets(store, &of.0, of.1));
            let offset: u64 = headers["waterwheel.offset"].parse().unwrap();
            let number = offsets.binary_search(&offset).unwrap();
            headers.insert("waterwheel.offset".to_owned(), number.to_string());
            records.push((typed.row_at(partition, record.offset.0).unwrap().unwrap(), headers));
        }
    }
    records
}

/// Visits whose event time moves on. Some partitions are behind the others, and rows far behind their own partition come by.
fn random_visits(random: &mut Random, count: u64, partitions: u32) -> Vec<Visit> {
    let mut visits = Vec::new();
    for step in 0..count {
        let jitter = if random.below(4) == 0 { random.below(90) } else { random.below(8) };
        let (page, user) = (random.below(40), random.below(6));
        let (cents, note) = (random.below(100) as i64, format!("note {step}"));
        let mut visit = Visit { page, user, cents, note, at: Timestamp::MIN };
        let behind = 15 * i64::from(partition(&visit, partitions));
        let at = (step as i64 * 2 - jitter as i64 - behind).max(0) * 1000;
        visit.at = Timestamp::from_millis(at);
        visits.push(visit);
    }
    visits
}

#[track_caller]
fn check(store: &Store, expected: &Expected, late: u64, what: &str) {
    assert_same_rows(late_records(store, LateVisits), expected.records.clone(), what);
    assert_eq!(late, expected.rows, "{what}: late rows");
}

#[test]
fn what_several_operators_drop_is_what_plain_loops_find_for_any_workers_and_epochs() {
    for seed in seeds(2) {
        let visits = random_visits(&mut Random(seed * 7919), 250, 3);
        let expected = expected(&visits);
        for of in
            ["stays/window", "pairs/window", "parts/window", "growing/window", "once/distinct_by", "met/join"]
        {
            let count =
                expected.records.iter().filter(|(_, headers)| headers["waterwheel.operator"] == of).count();
            assert_of_use(count > 5, format!("{count} late records of {of}"));
        }
        assert_of_use(expected.parted > 0, "no records are late in part");
        for way in every_way(seed) {
            let (store, summary) = way.run(many_operators(), |store| append(store, Visits, &visits));
            check(&store, &expected, summary.rows_late, &format!("seed {seed}, {way}"));
        }
    }
}

#[test]
fn any_interleaving_and_any_restarts_give_what_plain_loops_find() {
    check_any_course(
        (10, 15_485_863),
        || many_operators().test(),
        |random| random_visits(random, 200, 3),
        (3, |visit| partition(visit, 3)),
        |t, visits| t.push_all(Visits, visits),
        expected,
        check,
    );
}

#[test]
fn a_loss_of_power_at_any_moment_writes_nothing_twice_and_loses_nothing() {
    let (mut losses, clock) = (Losses::default(), Arc::new(ByHand::at(0)));
    for seed in seeds(12) {
        let mut random = Random(seed * 6_700_417);
        let visits = random_visits(&mut random, 200, 3);
        let expected = expected(&visits);
        let mut disk = FaultyDisk::new();
        append(&open(&disk), Visits, &visits[..120]);
        for _ in 0..5 {
            disk = losses.run(&disk, &clock, &mut random, many_operators()).0;
        }
        let store = open(&disk);
        append(&store, Visits, &visits[120..]);
        let summary = run(many_operators(), &store, any_options(&mut random).close()).unwrap();
        losses.replayed += summary.epochs_replayed;
        check(&store, &expected, summary.rows_late, &format!("seed {seed}"));
    }
    losses.assert_of_use(20);
}

fn visit(user: u64, note: &str, second: i64) -> Visit {
    Visit { page: 1, user, cents: 50, note: note.to_owned(), at: Timestamp::from_millis(second * 1000) }
}
