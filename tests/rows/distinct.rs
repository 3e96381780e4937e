//! `distinct_by`: whatever the partitions, epochs, workers and restarts, the rows are those of plain loops over the logs.

use std::collections::BTreeMap;

use waterwheel::key::partition_of;
use waterwheel::log::MemDisk;
use waterwheel::prelude::*;

use support::{
    Random, SOME_WAYS, append, assert_of_use, assert_same_rows, check_any_course, every_way, open, read, run,
    seeds,
};

/// Kept by page, told apart by user: rows of a user are in all partitions.
#[derive(Debug, Clone, PartialEq, Record)]
struct Visit {
    page: u64,
    user: String,
    number: u64,
    at: Timestamp,
}

topics! {
    VisitsOne("visits-one"): Visit { key: page, time: at }
    VisitsTwo("visits-two"): Visit { key: page, time: at, partitions: 2 }
    VisitsThree("visits-three"): Visit { key: page, time: at, partitions: 3 }
    VisitsFour("visits-four"): Visit { key: page, time: at, partitions: 4 }
    Firsts("firsts"): Visit { key: user, time: at, partitions: 2 }
    LateVisits("late-visits"): Visit { key: page, time: at }
}

const LATENESS_MS: i64 = 5_000;
const WITHIN_MS: i64 = 20_000;

macro_rules! firsts {
    ($name:ident, $topic:ident) => {
        #[pipeline]
        fn $name() {
            let visits = source($topic).lateness(5s).late_drop();
            let firsts = visits.distinct_by(|v| v.user).within(20s);
            firsts.sink(Firsts);
        }
    };
}

firsts!(firsts_of_one, VisitsOne);
firsts!(firsts_of_two, VisitsTwo);
firsts!(firsts_of_three, VisitsThree);
firsts!(firsts_of_four, VisitsFour);

/// Each row comes by two ways, so that there are two of each place; and with several rows of one record.
#[pipeline]
fn by_two_ways() {
    let visits = source(VisitsThree).lateness(5s).late_drop();
    let several = visits.flat_map(|v| {
        let visits: Vec<_> = (0..2).map(|_| v.clone()).collect();
        visits
    });
    let other = visits.map(|v| Visit { number: 1_000_000 - v.number, ..v.clone() });
    let firsts = several.union(other).distinct_by(|v| v.user).within(20s);
    firsts.sink(Firsts);
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Ends {
    from: Timestamp,
    rows: u64,
    first: u64,
    last: u64,
}

topics! { Summed("summed"): Ends {} }

/// The rows of a record come apart at the exchange, and are made several again behind it.
#[pipeline]
fn several_of_several() {
    let visits = source(VisitsThree).lateness(5s).late_drop();
    let several = visits.flat_map(|v| {
        let visits: Vec<_> =
            ["a", "b", "c"].map(|end| Visit { user: format!("{} {end}", v.user), ..v.clone() }).into();
        visits
    });
    let firsts = several.distinct_by(|v| v.user).within(20s);
    let numbered = firsts.flat_map(|v| {
        let letter = u64::from(v.user.as_bytes()[v.user.len() - 1]);
        let visits: Vec<_> =
            (0..2).map(|part| Visit { number: v.number * 1000 - letter * 2 - part, ..v.clone() }).collect();
        visits
    });
    let ends = numbered.group_by(|_| ()).window(tumbling(10s)).select(|w, v| Ends {
        from: w.start(),
        rows: count(),
        first: first(v.number),
        last: last(v.number),
    });
    ends.sink(Summed);
}

/// A row as plain loops see it: where it stands, and what it is.
#[derive(Debug, Clone)]
struct Placed {
    at: i64,
    partition: u32,
    offset: usize,
    visit: Visit,
}

struct Expected {
    /// By output partition, in canonical order.
    rows: Vec<Visit>,
    late: u64,
}

fn partition(visit: &Visit, partitions: u32) -> u32 {
    partition_of(&visit.page.to_be_bytes(), partitions)
}

fn expected(visits: &[Visit], partitions: u32) -> Expected {
    let (mut greatest, mut late) = (BTreeMap::new(), 0);
    let mut rows: Vec<Placed> = Vec::new();
    for (offset, visit) in visits.iter().enumerate() {
        let (partition, at) = (partition(visit, partitions), visit.at.millis());
        let seen = greatest.entry(partition).or_insert(i64::MIN);
        if *seen > i64::MIN && at <= *seen - LATENESS_MS {
            late += 1;
        } else {
            rows.push(Placed { at, partition, offset, visit: visit.clone() });
        }
        *seen = (*seen).max(at);
    }
    rows.sort_by_key(|row| (row.at, row.partition, row.offset));
    let mut kept: Vec<Placed> = Vec::new();
    for row in rows {
        let last = kept.iter().rev().find(|other| other.visit.user == row.visit.user);
        if last.is_none_or(|last| row.at - last.at >= WITHIN_MS) {
            kept.push(row);
        }
    }
    let of_output = |output: u32| {
        let of_output = move |row: &&Placed| partition_of(row.visit.user.as_bytes(), 2) == output;
        kept.iter().filter(of_output).map(|row| row.visit.clone())
    };
    Expected { rows: of_output(0).chain(of_output(1)).collect(), late }
}

/// Visits whose event time moves on, with several at an instant. Some partitions are behind the others, and rows far behind their own
/// partition come by.
fn random_visits(random: &mut Random, count: u64, partitions: u32) -> Vec<Visit> {
    let mut visits = Vec::new();
    for number in 0..count {
        let jitter = if random.below(8) == 0 { random.below(40) } else { random.below(6) };
        let (page, user) = (random.below(40), format!("user {}", random.below(7)));
        let mut visit = Visit { page, user, number, at: Timestamp::MIN };
        let behind = 15 * i64::from(partition(&visit, partitions));
        let at = (number as i64 - jitter as i64 - behind).max(0) * 1000;
        visit.at = Timestamp::from_millis(at);
        visits.push(visit);
    }
    visits
}

#[track_caller]
fn check(store: &Store, expected: &Expected, late: u64, what: &str) {
    let found = read(store, Firsts);
    assert_same_rows(found.clone(), expected.rows.clone(), what);
    assert_eq!(found, expected.rows, "{what}: the order of the rows");
    assert_eq!(late, expected.late, "{what}: late rows");
}

/// What is late for it goes to the source's topic for that.
#[pipeline]
fn with_late_rows_told() {
    let visits = source(VisitsTwo).lateness(5s).late_to(LateVisits);
    let firsts = visits.distinct_by(|v| v.user).within(20s);
    firsts.sink(Firsts);
}

#[test]
fn late_rows_go_to_the_topic_for_them_and_duplicates_do_not() {
    let visits = random_visits(&mut Random(7919), 200, 2);
    let expected = expected(&visits, 2);
    for way in SOME_WAYS {
        let (store, summary) = way.run(with_late_rows_told(), |store| append(store, VisitsTwo, &visits));
        check(&store, &expected, summary.rows_late, &way.to_string());
        assert_eq!(read(&store, LateVisits).len() as u64, expected.late, "{way}");
    }
}

fn check_every_way<P: waterwheel::__rt::Topic<Row = Visit> + Copy>(
    pipeline: impl Fn() -> waterwheel::Pipeline,
    topic: P,
    partitions: u32,
) {
    for seed in seeds(2) {
        let visits = random_visits(&mut Random(seed * 7919), 200, partitions);
        let expected = expected(&visits, partitions);
        let (made, late) = (expected.rows.len(), expected.late);
        assert_of_use((20..150).contains(&made) && late > 0, format!("{made} rows, {late} late"));
        for way in every_way(seed) {
            let (store, summary) = way.run(pipeline(), |store| append(store, topic, &visits));
            check(
                &store,
                &expected,
                summary.rows_late,
                &format!("seed {seed}, {partitions} partitions, {way}"),
            );
        }
    }
}

#[test]
fn firsts_of_one_partition_are_those_of_plain_loops() {
    check_every_way(|| firsts_of_one().into(), VisitsOne, 1);
}

#[test]
fn firsts_of_two_partitions_are_those_of_plain_loops() {
    check_every_way(|| firsts_of_two().into(), VisitsTwo, 2);
}

#[test]
fn firsts_of_three_partitions_are_those_of_plain_loops() {
    check_every_way(|| firsts_of_three().into(), VisitsThree, 3);
}

#[test]
fn firsts_of_four_partitions_are_those_of_plain_loops() {
    check_every_way(|| firsts_of_four().into(), VisitsFour, 4);
}

/// Of rows of one place the first is the one whose encoding comes first, however they came.
#[test]
fn firsts_of_rows_that_come_by_two_ways_do_not_depend_on_which_comes_first() {
    let visits = random_visits(&mut Random(7919), 200, 3);
    let found = SOME_WAYS.map(|way| {
        let (store, _) = way.run(by_two_ways(), |store| append(store, VisitsThree, &visits));
        read(&store, Firsts)
    });
    let plain = expected(&visits, 3);
    let times = |rows: &[Visit]| rows.iter().map(|row| (row.user.clone(), row.at)).collect::<Vec<_>>();
    assert_eq!(times(&found[0]), times(&plain.rows));
    assert!(found.iter().all(|rows| *rows == found[0]));
    let of_map = found[0].iter().filter(|row| row.number > 500_000).count();
    assert!((1..found[0].len()).contains(&of_map), "each way has some: {of_map} of {}", found[0].len());
}

#[test]
fn any_interleaving_and_any_restarts_give_what_plain_loops_give() {
    check_any_course(
        (12, 15_485_863),
        || firsts_of_three().test(),
        |random| random_visits(random, 200, 3),
        (3, |visit| partition(visit, 3)),
        |t, visits| t.push_all(VisitsThree, visits),
        |visits| expected(visits, 3),
        check,
    );
}

#[test]
fn rows_of_one_record_that_come_apart_keep_places_of_their_own() {
    let visits: Vec<Visit> = random_visits(&mut Random(7919), 200, 3);
    let visits: Vec<Visit> = visits.into_iter().map(|v| Visit { number: v.number + 10, ..v }).collect();
    let found = SOME_WAYS.map(|way| {
        let (store, _) = way.run(several_of_several(), |store| append(store, VisitsThree, &visits));
        read(&store, Summed)
    });
    assert_eq!(
        found[0].iter().map(|ends| ends.rows).sum::<u64>(),
        6 * expected(&visits, 3).rows.len() as u64
    );
    for rows in &found[1..] {
        assert_eq!(*rows, found[0]);
    }
}

#[pipeline]
fn any_span(span: Duration) {
    let visits = source(VisitsOne).lateness(5s).late_drop();
    let firsts = visits.distinct_by(|v| v.user).within(span);
    firsts.sink(Firsts);
}

/// What is kept in state is kept whole, whatever is read of it behind.
#[pipeline]
fn numbers() {
    let visits = source(VisitsOne).lateness(5s).late_drop();
    let firsts = visits.distinct_by(|v| v.user).within(20s);
    firsts.map(|v| Ends { from: v.at, rows: v.number, first: 0, last: 0 }).sink(Summed);
}

#[test]
fn a_span_of_nothing_is_refused_and_explain_says_what_is_kept() {
    assert_eq!(
        any_span(Duration::from_millis(0)).explain().unwrap_err().to_string(),
        "pipeline `any_span`: distinct_by `firsts` must look back at least 1 ms, and looks back 0s"
    );
    let text = any_span(Duration::from_mins(5)).explain().unwrap();
    for part in [
        "#3 distinct_by  firsts  from #2",
        "before the exchange: drops and counts late rows",
        "takes the rows of each key in order, as the watermark of every partition passes them",
        "within: 5m",
        "key: |v| v.user",
        "key type: String",
        "keeps: the rows that the watermark has not passed, and for each key the time of its last row, until no row can be its duplicate",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = numbers().explain().unwrap();
    assert!(text.contains("reads all fields: distinct_by `firsts` takes the whole row"), "{text}");
}

/// Rows that leave in the order of time, and not in that of the log, in front of what goes by logs.
#[pipeline]
fn sessions_of_firsts() {
    let visits = source(VisitsThree).lateness(5s).late_drop();
    let firsts = visits.distinct_by(|v| (v.user, v.page)).within(20s);
    let stays = firsts.group_by(|v| v.user).window(session(9s)).select(|w, v| Ends {
        from: w.start(),
        rows: count(),
        first: sum(v.number),
        last: sum(v.page),
    });
    stays.sink(Summed);
}

#[test]
fn sessions_of_what_leaves_in_order_lose_nothing() {
    for seed in seeds(3) {
        let visits = random_visits(&mut Random(seed * 7919), 300, 3);
        let mut firsts: Vec<Visit> = Vec::new();
        let as_users =
            |visit: &Visit| Visit { user: format!("{} {}", visit.user, visit.page), ..visit.clone() };
        let told_apart: Vec<Visit> = visits.iter().map(as_users).collect();
        firsts.extend(expected(&told_apart, 3).rows);
        firsts.sort_by_key(|visit| visit.at);
        let mut stays: Vec<Ends> = Vec::new();
        let mut open: BTreeMap<String, (i64, Ends)> = BTreeMap::new();
        for visit in firsts {
            let (user, at) = (visit.user.rsplit_once(' ').unwrap().0.to_owned(), visit.at.millis());
            let new = Ends { from: visit.at, rows: 0, first: 0, last: 0 };
            let stay = open.entry(user).or_insert((at, new.clone()));
            // One exactly the gap behind comes when the one before may have emitted.
            if at - stay.0 >= 9_000 {
                stays.push(std::mem::replace(&mut stay.1, new));
            }
            let Ends { rows, first, last, .. } = stay.1;
            let (first, last) = (first + visit.number, last + visit.page);
            *stay = (at, Ends { rows: rows + 1, first, last, from: stay.1.from });
        }
        stays.extend(open.into_values().map(|(_, stay)| stay));
        for way in SOME_WAYS {
            let (store, _) = way.run(sessions_of_firsts(), |store| append(store, VisitsThree, &visits));
            assert_same_rows(read(&store, Summed), stays.clone(), format!("seed {seed}, {way}"));
        }
    }
}

/// Of rows that a window has made, in front of another one; and a window behind it: what leaves is never late.
#[pipeline]
fn between_windows() {
    let visits = source(VisitsThree).lateness(5s).late_drop();
    let seconds = visits.group_by(|v| v.user).window(tumbling(7s)).select(|w, v| Visit {
        user: w.key(),
        page: count(),
        number: max(v.number),
        at: w.end(),
    });
    let firsts = seconds.distinct_by(|v| v.user).within(20s);
    let summed = firsts.group_by(|_| ()).window(tumbling(30s)).select(|w, v| Ends {
        from: w.start(),
        rows: count(),
        first: sum(v.page),
        last: sum(v.number),
    });
    summed.sink(Summed);
}

#[test]
fn rows_that_windows_made_are_taken_in_order_and_what_leaves_is_late_for_no_window() {
    let visits = random_visits(&mut Random(7919), 200, 3);
    let mut sorted = visits.clone();
    sorted.sort_by_key(|visit| visit.at);
    // In the order of time no row is late, so that plain loops are simple.
    let mut windows: BTreeMap<(i64, String), (u64, u64)> = BTreeMap::new();
    for visit in &sorted {
        let start = visit.at.millis() - visit.at.millis().rem_euclid(7_000);
        let window = windows.entry((start + 6_999, visit.user.clone())).or_default();
        *window = (window.0 + 1, window.1.max(visit.number));
    }
    let (mut last, mut sums): (BTreeMap<String, i64>, BTreeMap<i64, Ends>) = Default::default();
    for ((at, user), (page, number)) in windows {
        if last.get(&user).is_some_and(|last| at - last < WITHIN_MS) {
            continue;
        }
        last.insert(user, at);
        let from = Timestamp::from_millis(at - at.rem_euclid(30_000));
        let ends = sums.entry(from.millis()).or_insert(Ends { from, rows: 0, first: 0, last: 0 });
        *ends = Ends { rows: ends.rows + 1, first: ends.first + page, last: ends.last + number, from };
    }
    let expected: Vec<Ends> = sums.into_values().collect();
    for way in SOME_WAYS {
        let (store, summary) = way.run(between_windows(), |store| append(store, VisitsThree, &sorted));
        assert_eq!(read(&store, Summed), expected, "{way}");
        assert_eq!(summary.rows_late, 0);
    }
}

/// The rows that wait are kept as they are: made of the same source by another program's `map`.
macro_rules! of_made_rows {
    ($($field:ident)?) => {
        use waterwheel::prelude::*;

        use super::{Visit, VisitsOne};

        #[derive(Debug, Clone, PartialEq, Record)]
        pub(super) struct Made {
            pub(super) user: String,
            $(pub(super) $field: Option<u64>,)?
            pub(super) at: Timestamp,
        }

        topics! { pub(super) MadeOnce("made-once"): Users {} }

        #[derive(Debug, Clone, PartialEq, Record)]
        pub(super) struct Users {
            pub(super) user: String,
        }

        #[pipeline]
        pub(super) fn made_once() {
            let visits = source(VisitsOne).lateness(5s).late_drop();
            let made = visits.map(made);
            let once = made.distinct_by(|m| m.user).within(20s);
            once.map(|m| Users { user: m.user.clone() }).sink(MadeOnce);
        }

        fn made(visit: &Visit) -> Made {
            Made { user: visit.user.clone(), $($field: None,)? at: visit.at }
        }
    };
}

mod yesterday {
    of_made_rows!();
}

mod today {
    of_made_rows!(note);
}

#[test]
fn rows_that_wait_are_not_read_as_rows_of_another_type() {
    let visits = random_visits(&mut Random(7919), 50, 1);
    let store = open(&MemDisk::new());
    append(&store, VisitsOne, &visits);
    let summary = run(yesterday::made_once(), &store, RunOptions::new().until_end()).unwrap();
    assert!(summary.entries_open > 0);
    let refused = run(today::made_once(), &store, RunOptions::new().close()).unwrap_err().to_string();
    assert!(
        refused.contains("`once`: kept row type `Made` has changed since the state was left: field `note` (id 2) of `Made` is new"),
        "{refused}"
    );
    assert!(run(yesterday::made_once(), &store, RunOptions::new().close()).is_ok());
}
