//! `.by_clock()`: windows of the readings of the clock, against plain loops, by a clock that the tests move.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use waterwheel::log::Clock;
use waterwheel::prelude::*;

use support::sample::{Payments, payment};
use support::{ByHand, Random, append, assert_of_use, assert_same_rows, open_by, read, run, seeds};

/// It has no event time.
#[derive(Debug, Clone, PartialEq, Record)]
struct Click {
    user: u64,
    page: u64,
    cents: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Record)]
struct Load {
    until: i64,
    user: u64,
    from: i64,
    n: u64,
    cents: i64,
}

topics! {
    Clicks("clicks"): Click { key: page, partitions: 3 }
    Sides("sides"): Load { key: user, partitions: 2 }
    Overlaps("overlaps"): Load { key: user }
    SoFars("so-fars"): Load { key: user }
    Visits("visits"): Load { key: user }
}

const SIZE: i64 = 10_000;
const SLIDE: i64 = 2_000;
const GAP: i64 = 3_000;

#[pipeline]
fn loads() {
    let by_user = source(Clicks).group_by(|c| c.user);
    let sides = by_user.window(tumbling(10s).by_clock()).select(|w, c| Load {
        user: w.key(),
        from: w.start().millis(),
        until: w.end().millis(),
        n: count(),
        cents: sum(c.cents),
    });
    let overlaps = by_user.window(sliding(10s, 2s).by_clock()).select(|w, c| Load {
        user: w.key(),
        from: w.start().millis(),
        until: w.end().millis(),
        n: count(),
        cents: sum(c.cents),
    });
    let so_far = by_user.window(cumulate(10s, 2s).by_clock()).select(|w, c| Load {
        user: w.key(),
        from: w.start().millis(),
        until: w.end().millis(),
        n: count(),
        cents: sum(c.cents),
    });
    let visits = by_user.window(session(3s).by_clock()).select(|w, c| Load {
        user: w.key(),
        from: w.start().millis(),
        until: w.end().millis(),
        n: count(),
        cents: sum(c.cents),
    });
    sides.sink(Sides);
    overlaps.sink(Overlaps);
    so_far.sink(SoFars);
    visits.sink(Visits);
}

/// A click, and the reading that it was taken at.
type Taken = (i64, Click);

/// The rows of windows with these bounds that end by then.
fn rows_of(taken: &[Taken], bounds: impl Fn(i64) -> Vec<(i64, i64)>, by: i64) -> Vec<Load> {
    let windows: BTreeSet<(i64, i64, u64)> = taken
        .iter()
        .flat_map(|(at, click)| bounds(*at).into_iter().map(|(from, until)| (until, from, click.user)))
        .filter(|(until, ..)| *until <= by)
        .collect();
    let row = |(until, from, user): (i64, i64, u64)| {
        let holds = |(at, click): &&Taken| (from..until).contains(at) && click.user == user;
        let of_window: Vec<&Taken> = taken.iter().filter(holds).collect();
        let cents = of_window.iter().map(|(_, click)| click.cents).sum();
        Load { user, from, until, n: of_window.len() as u64, cents }
    };
    windows.into_iter().map(row).collect()
}

struct Expected {
    sides: Vec<Load>,
    overlaps: Vec<Load>,
    so_far: Vec<Load>,
    visits: Vec<Load>,
}

/// What has been told when the clock has come to `by`.
fn expected(taken: &[Taken], by: i64) -> Expected {
    let start = |at: i64| at.div_euclid(SIZE) * SIZE;
    let sides = rows_of(taken, |at| vec![(start(at), start(at) + SIZE)], by);
    let slides = |at: i64| {
        let last = at.div_euclid(SLIDE) * SLIDE;
        (0..SIZE / SLIDE).map(|back| (last - back * SLIDE, last - back * SLIDE + SIZE)).collect()
    };
    let overlaps = rows_of(taken, slides, by);
    let steps = |at: i64| {
        let ends = (1..=SIZE / SLIDE).map(|step| start(at) + step * SLIDE);
        ends.filter(|end| *end > at).map(|end| (start(at), end)).collect()
    };
    let so_far = rows_of(taken, steps, by);
    let mut visits: Vec<Load> = Vec::new();
    let mut times: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
    taken.iter().for_each(|(at, click)| times.entry(click.user).or_default().push(*at));
    for (user, mut times) in times {
        times.sort_unstable();
        let mut from = times[0];
        for (number, at) in times.iter().enumerate() {
            // A click at the very end of a visit begins the next one.
            if times.get(number + 1).is_none_or(|next| *next >= at + GAP) {
                let own: Vec<Taken> = taken.iter().filter(|(_, click)| click.user == user).cloned().collect();
                visits.extend(rows_of(
                    &own,
                    |of| if (from..=*at).contains(&of) { vec![(from, at + GAP)] } else { vec![] },
                    by,
                ));
                from = times.get(number + 1).copied().unwrap_or_default();
            }
        }
    }
    Expected { sides, overlaps, so_far, visits }
}

fn random_clicks(random: &mut Random) -> Vec<Click> {
    let click = |random: &mut Random| Click {
        user: random.below(5),
        page: random.below(20),
        cents: random.below(100) as i64,
    };
    (0..random.below(6)).map(|_| click(random)).collect()
}

#[track_caller]
fn check(store: &Store, expected: &Expected, what: &str) {
    assert_same_rows(read(store, Sides), expected.sides.clone(), format!("{what}: tumbling"));
    assert_same_rows(read(store, Overlaps), expected.overlaps.clone(), format!("{what}: sliding"));
    assert_same_rows(read(store, SoFars), expected.so_far.clone(), format!("{what}: cumulate"));
    assert_same_rows(read(store, Visits), expected.visits.clone(), format!("{what}: session"));
    for rows in [read(store, Overlaps), read(store, SoFars), read(store, Visits)] {
        assert!(rows.is_sorted_by_key(|row| row.until), "{what}: windows leave in the order of their ends");
    }
}

#[test]
fn windows_close_by_the_clock_alone_whatever_restarts_there_are() {
    let mut told_by_clock = 0;
    for seed in seeds(12) {
        let mut random = Random(seed * 15_485_863);
        let mut t = loads().test().epoch_rows(random.one_of(&[1, 3, 10_000]));
        let (mut now, mut taken) = (t.store().clock().now_ms(), Vec::new());
        for _ in 0..50 {
            match random.below(4) {
                0 | 1 => {
                    let clicks = random_clicks(&mut random);
                    taken.extend(clicks.iter().map(|click| (now, click.clone())));
                    t.push_all(Clicks, clicks);
                }
                2 => {
                    // As a rule within a slide, and often to the very end of a window.
                    let by = match random.below(5) {
                        0 => random.below(25_000) as i64,
                        1 => SLIDE - now.rem_euclid(SLIDE),
                        _ => random.below(2_000) as i64,
                    };
                    t.rows(Sides);
                    now += by;
                    t.advance_clock(Duration::from_millis(by));
                    let expected = expected(&taken, now);
                    told_by_clock += expected.overlaps.len();
                    check(t.store(), &expected, &format!("seed {seed}, at {now}"));
                }
                _ => t.restart(),
            }
        }
        t.close();
        t.restart();
        check(t.store(), &expected(&taken, i64::MAX), &format!("seed {seed}, closed"));
        assert_eq!(t.late(), 0, "seed {seed}");
    }
    assert_of_use(told_by_clock > 500, told_by_clock);
}

#[test]
fn any_number_of_workers_and_rows_an_epoch_gives_the_windows_of_the_readings() {
    for seed in seeds(12) {
        let mut random = Random(seed * 7919);
        let clock = Arc::new(ByHand::at(1_000_000));
        let store = open_by(clock.clone());
        let mut taken = Vec::new();
        let options = |random: &mut Random| {
            let workers = 1 + random.below(4) as usize;
            RunOptions::new().workers(workers).epoch_rows(random.one_of(&[1, 5, 10_000]))
        };
        // Each run goes on with what the last one has left, with another number of workers.
        for _ in 0..8 {
            clock.move_on(random.below(4_000) as i64);
            let now = clock.now_ms();
            let clicks = random_clicks(&mut random);
            append(&store, Clicks, &clicks);
            taken.extend(clicks.into_iter().map(|click| (now, click)));
            run(loads(), &store, options(&mut random).until_end()).unwrap();
        }
        run(loads(), &store, options(&mut random).close()).unwrap();
        check(&store, &expected(&taken, i64::MAX), &format!("seed {seed}"));
    }
}

topics! {
    Minutes("minutes"): Load { key: user }
}

/// A window by the clock, and one of event time over its rows.
#[pipeline]
fn minutes_of_loads() {
    let payments = source(Payments).lateness(0s).late_drop();
    let loads = payments.group_by(|p| p.card).window(tumbling(10s).by_clock()).select(|w, p| Load {
        user: w.key(),
        from: w.start().millis(),
        until: w.end().millis(),
        n: count(),
        cents: sum(p.amount),
    });
    let minutes = loads.group_by(|l| l.user).window(tumbling(1m)).select(|w, l| Load {
        user: w.key(),
        from: w.start().millis(),
        until: w.end().millis(),
        n: count(),
        cents: sum(l.cents),
    });
    minutes.sink(Minutes);
}

#[test]
fn their_rows_stand_just_behind_the_watermark_of_the_rows_in_them() {
    let mut t = minutes_of_loads().test();
    // Each partition has come to 70 s: cards 0 to 7 are spread over all three.
    let up_to = |at| (0..8).map(move |card| payment(card, 1, at));
    t.push_all(Payments, up_to(70));
    t.advance_clock(Duration::from_secs(10));
    t.restart();
    t.push_all(Payments, up_to(200));
    let first: Vec<Load> =
        (0..8).map(|user| Load { user, from: 60_000, until: 120_000, n: 1, cents: 1 }).collect();
    assert_same_rows(t.rows(Minutes), first, "70.001 s is in the minute up to 120 s");
}
