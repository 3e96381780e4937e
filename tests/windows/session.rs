//! `session`: whatever the partitions, epochs, workers and restarts, the rows are those of plain loops over the logs.

use std::collections::{BTreeMap, BTreeSet};

use waterwheel::key::partition_of;
use waterwheel::prelude::*;

use support::{
    Random, SOME_WAYS, append, assert_of_use, assert_same_rows, by_partition, drive, every_way, read, seeds,
    way,
};

/// Kept by page, grouped by user: the rows of a user are in all partitions.
#[derive(Debug, Clone, PartialEq, Record)]
struct Visit {
    page: u64,
    user: u64,
    cents: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Stay {
    user: u64,
    from: Timestamp,
    until: Timestamp,
    n: u64,
    cents: i64,
    last: i64,
}

topics! {
    VisitsOne("visits-one"): Visit { key: page, time: at }
    VisitsTwo("visits-two"): Visit { key: page, time: at, partitions: 2 }
    VisitsThree("visits-three"): Visit { key: page, time: at, partitions: 3 }
    VisitsFour("visits-four"): Visit { key: page, time: at, partitions: 4 }
    Stays("stays"): Stay { key: user, partitions: 2 }
    ShortStays("short-stays"): Stay { key: user }
}

const LATENESS_MS: i64 = 5_000;
const GAP_MS: i64 = 20_000;

macro_rules! stays {
    ($name:ident, $topic:ident) => {
        #[pipeline]
        fn $name() {
            let visits = source($topic).lateness(5s).late_drop();
            let stays = visits.group_by(|v| v.user).window(session(20s)).select(|w, v| Stay {
                user: w.key(),
                from: w.start(),
                until: w.end(),
                n: count(),
                cents: sum(v.cents),
                last: last(v.cents),
            });
            stays.sink(Stays);
        }
    };
}

stays!(stays_of_one, VisitsOne);
stays!(stays_of_two, VisitsTwo);
stays!(stays_of_three, VisitsThree);
stays!(stays_of_four, VisitsFour);

/// The rows of a partition come by two ways, and may come out of order.
#[pipeline]
fn by_two_ways() {
    let visits = source(VisitsThree).lateness(5s).late_drop();
    let cheap = visits.filter(|v| v.cents < 50).map(|v| v.clone());
    let dear = visits.filter(|v| v.cents >= 50);
    let all = cheap.union(dear);
    let stays = all.group_by(|v| v.user).window(session(20s)).select(|w, v| Stay {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        cents: sum(v.cents),
        last: last(v.cents),
    });
    stays.sink(Stays);
}

/// A row in the log of its partition.
#[derive(Debug, Clone, Copy)]
struct LogRow<'a> {
    partition: u32,
    offset: usize,
    at: i64,
    watermark_before: i64,
    visit: &'a Visit,
}

/// The rows, by output partition in the order of (end, key), and how many of the input are late.
struct Expected {
    rows: Vec<Stay>,
    late: u64,
}

fn partition(visit: &Visit, partitions: u32) -> u32 {
    partition_of(&visit.page.to_be_bytes(), partitions)
}

fn end(rows: &[LogRow<'_>]) -> i64 {
    rows.iter().map(|row| row.at + GAP_MS).max().unwrap()
}

fn near(left: &LogRow<'_>, right: &LogRow<'_>) -> bool {
    (left.at - right.at).abs() <= GAP_MS
}

/// What rows of one user and partition belong together, in the order of the log; late ones are dropped and counted.
fn fragments<'a>(log: &[LogRow<'a>], late: &mut u64) -> Vec<Vec<LogRow<'a>>> {
    let mut own: Vec<Vec<LogRow<'a>>> = Vec::new();
    for row in log {
        let joins = |rows: &Vec<LogRow<'_>>| {
            end(rows) - 1 > row.watermark_before && rows.iter().any(|other| near(other, row))
        };
        let (joined, apart): (Vec<_>, Vec<_>) = own.into_iter().partition(joins);
        own = apart;
        if joined.is_empty() && row.at + GAP_MS - 1 <= row.watermark_before {
            *late += 1;
        } else {
            own.push([joined.concat(), vec![*row]].concat());
        }
    }
    own
}

/// Whether fragments of two partitions belong together: some row of the one that ends last lies by the other, which its own
/// partition's watermark before it has not passed.
fn together(left: &[LogRow<'_>], right: &[LogRow<'_>]) -> bool {
    let (first, later) = if end(left) <= end(right) { (left, right) } else { (right, left) };
    later
        .iter()
        .any(|row| row.watermark_before < end(first) - 1 && first.iter().any(|other| near(other, row)))
}

fn expected(visits: &[Visit], partitions: u32) -> Expected {
    expected_of(&logged(visits, partitions, 0), |rows| rows[rows.len() - 1].visit.cents)
}

/// The rows as their logs have them; the first partition has this number.
fn logged(visits: &[Visit], partitions: u32, first: u32) -> Vec<LogRow<'_>> {
    let mut greatest: BTreeMap<u32, i64> = BTreeMap::new();
    let row = |(offset, visit): (usize, _)| {
        let (partition, at) = (first + partition(visit, partitions), visit.at.millis());
        let seen = greatest.entry(partition).or_insert(i64::MIN);
        let watermark_before = seen.saturating_sub(LATENESS_MS);
        *seen = (*seen).max(at);
        LogRow { partition, offset, at, watermark_before, visit }
    };
    visits.iter().enumerate().map(row).collect()
}

/// What sessions there are of rows in logs; `last` is given those of a session in canonical order.
fn expected_of(rows: &[LogRow<'_>], last: impl Fn(&[LogRow<'_>]) -> i64) -> Expected {
    let mut logs: BTreeMap<(u64, u32), Vec<LogRow<'_>>> = BTreeMap::new();
    for row in rows {
        logs.entry((row.visit.user, row.partition)).or_default().push(*row);
    }
    let mut late = 0;
    let mut by_user: BTreeMap<u64, Vec<Vec<LogRow<'_>>>> = BTreeMap::new();
    for ((user, _), log) in &logs {
        by_user.entry(*user).or_default().extend(fragments(log, &mut late));
    }
    let mut stays = vec![Vec::new(); 2];
    for (user, fragments) in by_user {
        let mut left: BTreeSet<usize> = (0..fragments.len()).collect();
        while let Some(first) = left.pop_first() {
            let mut of_session = vec![first];
            // Whatever hangs on what is found, until there is no more.
            let mut next = 0;
            while next < of_session.len() {
                let here = &fragments[of_session[next]];
                let other_partition = |at: &usize| fragments[*at][0].partition != here[0].partition;
                let found: Vec<usize> = left
                    .iter()
                    .copied()
                    .filter(|at| other_partition(at) && together(here, &fragments[*at]))
                    .collect();
                left.retain(|at| !found.contains(at));
                of_session.extend(found);
                next += 1;
            }
            let mut rows: Vec<LogRow<'_>> = of_session.iter().flat_map(|at| fragments[*at].clone()).collect();
            rows.sort_by_key(|row| (row.at, row.partition, row.offset));
            stays[partition_of(&user.to_be_bytes(), 2) as usize].push(Stay {
                user,
                from: rows[0].visit.at,
                until: Timestamp::from_millis(end(&rows)),
                n: rows.len() as u64,
                cents: rows.iter().map(|row| row.visit.cents).sum(),
                last: last(&rows),
            });
        }
    }
    stays.iter_mut().for_each(|stays: &mut Vec<Stay>| stays.sort_by_key(|stay| (stay.until, stay.user)));
    Expected { rows: stays.concat(), late }
}

/// Visits whose event time moves on. Some partitions are behind the others, and rows far behind their own partition come by.
fn random_visits(random: &mut Random, count: u64, partitions: u32) -> Vec<Visit> {
    let mut visits = Vec::new();
    for step in 0..count {
        let jitter = if random.below(8) == 0 { random.below(60) } else { random.below(8) };
        let (page, user) = (random.below(40), random.below(6));
        let mut visit = Visit { page, user, cents: random.below(100) as i64, at: Timestamp::MIN };
        let behind = 15 * i64::from(partition(&visit, partitions));
        let at = (step as i64 * 2 - jitter as i64 - behind).max(0) * 1000;
        visit.at = Timestamp::from_millis(at);
        visits.push(visit);
    }
    visits
}

#[track_caller]
fn check(store: &Store, expected: &Expected, late: u64, what: &str) {
    let found = read(store, Stays);
    assert_same_rows(found.clone(), expected.rows.clone(), what);
    assert_eq!(found, expected.rows, "{what}: the order of the rows");
    assert_eq!(late, expected.late, "{what}: late rows");
}

fn check_every_way<P: waterwheel::__rt::Topic<Row = Visit> + Copy>(
    pipeline: impl Fn() -> waterwheel::Pipeline,
    topic: P,
    partitions: u32,
) {
    for seed in seeds(2) {
        let visits = random_visits(&mut Random(seed * 7919), 200, partitions);
        let expected = expected(&visits, partitions);
        let sessions = expected.rows.iter().filter(|stay| stay.n > 1).count();
        assert_of_use(
            sessions > 15 && expected.late > 0,
            format!("{sessions} sessions, {} late", expected.late),
        );
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
fn sessions_of_one_partition_are_those_of_plain_loops() {
    check_every_way(|| stays_of_one().into(), VisitsOne, 1);
}

#[test]
fn sessions_of_two_partitions_are_those_of_plain_loops() {
    check_every_way(|| stays_of_two().into(), VisitsTwo, 2);
}

#[test]
fn sessions_of_three_partitions_are_those_of_plain_loops() {
    check_every_way(|| stays_of_three().into(), VisitsThree, 3);
}

#[test]
fn sessions_of_four_partitions_are_those_of_plain_loops() {
    check_every_way(|| stays_of_four().into(), VisitsFour, 4);
}

#[test]
fn sessions_of_rows_that_come_by_two_ways_are_those_of_the_log() {
    check_every_way(|| by_two_ways().into(), VisitsThree, 3);
}

#[test]
fn any_interleaving_and_any_restarts_give_what_plain_loops_give() {
    for seed in seeds(12) {
        let mut random = Random(seed * 15_485_863);
        let visits = random_visits(&mut random, 200, 3);
        let expected = expected(&visits, 3);
        let logs = by_partition(&visits, 3, |visit| partition(visit, 3));
        let mut t =
            drive(stays_of_three().test(), &mut random, logs, |t, visits| t.push_all(VisitsThree, visits));
        let late = t.late();
        check(t.store(), &expected, late, &format!("seed {seed}"));
    }
}

/// Partitions of the same number are none of each other's.
#[pipeline]
fn of_two_sources() {
    let two = source(VisitsTwo).lateness(5s).late_drop();
    let three = source(VisitsThree).lateness(5s).late_drop();
    let stays = two.union(three).group_by(|v| v.user).window(session(20s)).select(|w, v| Stay {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        cents: sum(v.cents),
        last: max(v.cents),
    });
    stays.sink(Stays);
}

#[test]
fn sessions_of_two_sources_are_those_of_their_logs_together() {
    for seed in seeds(3) {
        let (of_two, of_three) = (
            random_visits(&mut Random(seed * 7919), 120, 2),
            random_visits(&mut Random(seed * 104_729), 120, 3),
        );
        let rows = [logged(&of_two, 2, 0), logged(&of_three, 3, 100)].concat();
        let greatest = |rows: &[LogRow<'_>]| rows.iter().map(|row| row.visit.cents).max().unwrap();
        let expected = expected_of(&rows, greatest);
        assert_of_use(expected.late > 0 && expected.rows.len() > 10, "no sessions, or nothing late");
        for way in SOME_WAYS {
            let (store, summary) = way.run(of_two_sources(), |store| {
                append(store, VisitsTwo, &of_two);
                append(store, VisitsThree, &of_three);
            });
            check(&store, &expected, summary.rows_late, &format!("seed {seed}, {way}"));
        }
    }
}

/// A stream with what `distinct_by` passes on of it: two rows of each place, the one in its log and the other not.
#[pipeline]
fn of_visits_and_firsts() {
    let visits = source(VisitsThree).lateness(5s).late_drop();
    let firsts = visits.distinct_by(|v| (v.user, v.page, v.cents)).within(1ms);
    let passed_on = firsts.filter_map(|v| Some(v.clone()));
    let stays = visits.union(passed_on).group_by(|v| v.user).window(session(20s)).select(|w, v| Stay {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        cents: sum(v.cents),
        last: last(v.cents),
    });
    stays.sink(Stays);
}

#[test]
fn sessions_of_a_stream_and_of_what_is_passed_on_of_it_are_those_of_plain_loops() {
    for seed in seeds(20) {
        let mut random = Random(seed * 982_451_653);
        let mut visits = random_visits(&mut random, 60, 3);
        // Far out of order, so that sessions are closed for some rows of a partition and open for others.
        for visit in &mut visits {
            let behind = if random.below(3) == 0 { random.below(30) as i64 } else { 0 };
            visit.user %= 2;
            visit.at = Timestamp::from_millis((visit.at.millis() - behind * 1000).max(0));
        }
        let mut rows = logged(&visits, 3, 0);
        let in_time: Vec<LogRow<'_>> =
            rows.iter().filter(|row| row.at > row.watermark_before).copied().collect();
        let late = (rows.len() - in_time.len()) as u64;
        let mut seen = BTreeSet::new();
        let is_first =
            |row: &&LogRow<'_>| seen.insert((row.visit.user, row.visit.page, row.visit.cents, row.at));
        // Each is the only row of a partition of its own.
        for (partition, row) in (100..).zip(in_time.iter().filter(is_first)) {
            rows.push(LogRow { partition, watermark_before: row.at - 1, ..*row });
        }
        let place = |row: &&LogRow<'_>| (row.at, partition(row.visit, 3), row.offset);
        let mut expected = expected_of(&rows, |rows| rows.iter().max_by_key(place).unwrap().visit.cents);
        expected.late += late;
        for way in SOME_WAYS.into_iter().chain([way(1, 7)]) {
            let (store, summary) =
                way.run(of_visits_and_firsts(), |store| append(store, VisitsThree, &visits));
            check(&store, &expected, summary.rows_late, &format!("seed {seed}, {way}"));
        }
    }
}

/// Sessions of sessions: rows that an operator made are never late.
#[pipeline]
fn long_stays() {
    let visits = source(VisitsTwo).lateness(5s).late_drop();
    let stays = visits.group_by(|v| v.user).window(session(20s)).select(|w, v| Stay {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        cents: sum(v.cents),
        last: last(v.cents),
    });
    let long = stays.group_by(|s| s.user).window(session(40s)).select(|w, s| Stay {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        cents: sum(s.cents),
        last: last(s.last),
    });
    long.sink(Stays);
}

#[test]
fn sessions_of_sessions_are_those_of_plain_loops() {
    let visits = random_visits(&mut Random(7919), 200, 2);
    let short = expected(&visits, 2);
    // A stay is a row at its end - 1 ms.
    let mut going_on: BTreeMap<u64, Stay> = BTreeMap::new();
    let mut long = vec![Vec::new(); 2];
    let mut tell = |stay: Stay| long[partition_of(&stay.user.to_be_bytes(), 2) as usize].push(stay);
    let mut rows = short.rows.clone();
    rows.sort_by_key(|stay| stay.until);
    for stay in rows {
        let at = stay.until - Duration::from_millis(1);
        let until = at + Duration::from_secs(40);
        match going_on.remove(&stay.user) {
            // One exactly the gap behind comes when the one before may have emitted.
            Some(before) if at < before.until => {
                let (n, cents) = (before.n + 1, before.cents + stay.cents);
                going_on.insert(stay.user, Stay { n, cents, until, last: stay.last, ..before });
            }
            before => {
                before.into_iter().for_each(&mut tell);
                going_on.insert(stay.user, Stay { from: at, until, n: 1, ..stay });
            }
        }
    }
    going_on.into_values().for_each(&mut tell);
    long.iter_mut().for_each(|stays| stays.sort_by_key(|stay| (stay.until, stay.user)));
    let expected = Expected { rows: long.concat(), late: short.late };
    for way in SOME_WAYS {
        let (store, summary) = way.run(long_stays(), |store| append(store, VisitsTwo, &visits));
        check(&store, &expected, summary.rows_late, &way.to_string());
    }
}

/// Of two kinds of rows that leave an operator when the watermark reaches them.
#[pipeline]
fn stays_of_made_rows() {
    let visits = source(VisitsTwo).lateness(2ms).late_drop();
    let minutes = visits.group_by(|v| v.user).window(tumbling(20ms)).select(|w, v| Stay {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        cents: sum(v.cents),
        last: last(v.cents),
    });
    let stays = minutes.group_by(|s| s.user).window(session(20ms)).select(|w, s| Stay {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        cents: sum(s.cents),
        last: last(s.last),
    });
    stays.sink(Stays);
    let once = visits.distinct_by(|v| v.cents).within(1ms);
    let short = once.group_by(|v| v.user).window(session(3ms)).select(|w, v| Stay {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        cents: sum(v.cents),
        last: last(v.cents),
    });
    short.sink(ShortStays);
}

/// The watermark may come to the very end of a session before the row that begins there, or pass both at once.
#[test]
fn a_made_row_exactly_the_gap_behind_another_is_apart_from_it_however_epochs_are_cut() {
    // Of one partition, and shuffled a little, so that epochs of one row stop at each watermark, and time is not the order of the log.
    let at = |ms: i64| Visit { user: ms as u64 % 3, page: 1, cents: ms, at: Timestamp::from_millis(ms) };
    let visits: Vec<Visit> = (0..400).map(|ms| at(ms ^ 1)).collect();
    let starts = |of: Vec<Stay>| {
        let mut starts: Vec<_> = of.iter().map(|stay| (stay.user, stay.from.millis(), stay.n)).collect();
        starts.sort();
        starts
    };
    let minutes = (0..3).flat_map(|user| (0..20).map(move |minute| (user, minute * 20 + 19, 1)));
    let short =
        (0..3).flat_map(|user| (0..400).filter(move |ms| ms % 3 == user).map(move |ms| (user as u64, ms, 1)));
    let (minutes, short): (Vec<_>, Vec<_>) = (minutes.collect(), short.collect());
    for way in [way(1, 1), way(2, 1), way(1, 7), way(3, 50), way(2, 10_000)] {
        let (store, summary) = way.run(stays_of_made_rows(), |store| append(store, VisitsTwo, &visits));
        assert_eq!(starts(read(&store, Stays)), minutes, "{way}");
        assert_eq!(starts(read(&store, ShortStays)), short, "{way}");
        assert_eq!(summary.rows_late, 0, "{way}");
    }
}

#[pipeline]
fn any_gap(gap: Duration) {
    let visits = source(VisitsOne).lateness(5s).late_drop();
    let stays = visits.group_by(|v| v.user).window(session(gap)).select(|w, v| Stay {
        user: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        cents: sum(v.cents),
        last: last(v.cents),
    });
    stays.sink(Stays);
}

#[test]
fn a_gap_of_nothing_is_refused_and_explain_says_what_is_kept() {
    assert_eq!(
        any_gap(Duration::from_millis(0)).explain().unwrap_err().to_string(),
        "pipeline `any_gap`: window `stays` must have a gap of at least 1 ms, and it is 0s"
    );
    let text = any_gap(Duration::from_mins(5)).explain().unwrap();
    for part in [
        "window: session(5m)",
        "for each key and open session, until the session has emitted",
        "adds rows up per key and partition, in the order of its log",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
