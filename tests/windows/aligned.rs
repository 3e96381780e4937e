//! Windows with an offset, and by the calendar of a time zone: whatever the partitions, epochs, workers and restarts, the rows are those
//! of a plain loop, which takes days from jiff's calendar.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use waterwheel::key::partition_of;
use waterwheel::prelude::*;

use support::sample::{Payment, Payments, payment};
use support::{Random, append, assert_of_use, assert_same_rows, by_partition, drive, every_way, read, seeds};

#[derive(Debug, Clone, PartialEq, Record)]
struct Sum {
    card: u64,
    from: Timestamp,
    until: Timestamp,
    n: u64,
    total: i64,
}

topics! {
    Sides("sides"): Sum { key: card, partitions: 2 }
    Overlaps("overlaps"): Sum { key: card, partitions: 2 }
    Growing("growing"): Sum { key: card, partitions: 2 }
}

const LATENESS_MS: i64 = 10_000;
const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600 * SECOND;

#[pipeline]
fn shifted() {
    let by_card = source(Payments).lateness(10s).late_drop().group_by(|p| p.card);
    let sides = by_card.window(tumbling(1m).offset(15s)).select(|w, p| Sum {
        card: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        total: sum(p.amount),
    });
    let overlaps = by_card.window(sliding(1m, 20s).offset(7s)).select(|w, p| Sum {
        card: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        total: sum(p.amount),
    });
    let growing = by_card.window(cumulate(2m, 30s).offset(50s)).select(|w, p| Sum {
        card: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        total: sum(p.amount),
    });
    sides.sink(Sides);
    overlaps.sink(Overlaps);
    growing.sink(Growing);
}

#[pipeline]
fn calendar(zone: String) {
    let by_card = source(Payments).lateness(10s).late_drop().group_by(|p| p.card);
    let sides = by_card.window(tumbling(1d).in_zone(&zone)).select(|w, p| Sum {
        card: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        total: sum(p.amount),
    });
    let overlaps = by_card.window(sliding(3d, 1d).in_zone(&zone).offset(6h)).select(|w, p| Sum {
        card: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        total: sum(p.amount),
    });
    let growing = by_card.window(cumulate(1d, 6h).in_zone(&zone)).select(|w, p| Sum {
        card: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        total: sum(p.amount),
    });
    sides.sink(Sides);
    overlaps.sink(Overlaps);
    growing.sink(Growing);
}

/// The windows that a time lies in, by start and end.
type Bounds<'a> = &'a dyn Fn(i64) -> Vec<(i64, i64)>;
type KeptBounds = Box<dyn Fn(i64) -> Vec<(i64, i64)>>;

/// What each kind must give.
struct Expected {
    kinds: Vec<Vec<Sum>>,
    late: u64,
}

fn partition(row: &Payment) -> u32 {
    partition_of(&row.card.to_be_bytes(), 3)
}

/// Says of every row by itself which windows it is in: those that it lies in, and whose last instant its own partition's watermark before
/// it had not reached. Then adds up each window.
fn expected(rows: &[Payment], kinds: &[Bounds<'_>]) -> Expected {
    let (mut found, mut late) = (Vec::new(), 0);
    for bounds in kinds {
        let mut greatest: BTreeMap<u32, i64> = BTreeMap::new();
        let mut windows: BTreeMap<(i64, u64, i64), (u64, i64)> = BTreeMap::new();
        for row in rows {
            let at = row.at.millis();
            let seen = greatest.entry(partition(row)).or_insert(i64::MIN);
            let watermark = seen.saturating_sub(LATENESS_MS);
            *seen = (*seen).max(at);
            let (taken, passed): (Vec<_>, Vec<_>) =
                bounds(at).into_iter().partition(|(_, end)| end - 1 > watermark);
            assert!(taken.len() + passed.len() > 0);
            late += u64::from(taken.is_empty());
            for (start, end) in taken {
                let (n, total) = windows.entry((end, row.card, start)).or_default();
                (*n, *total) = (*n + 1, *total + row.amount);
            }
        }
        let mut by_partition = vec![Vec::new(); 2];
        for ((end, card, start), (n, total)) in windows {
            let (from, until) = (Timestamp::from_millis(start), Timestamp::from_millis(end));
            let to = partition_of(&card.to_be_bytes(), 2) as usize;
            by_partition[to].push(Sum { card, from, until, n, total });
        }
        found.push(by_partition.concat());
    }
    Expected { kinds: found, late }
}

#[track_caller]
fn check(store: &Store, expected: &Expected, late: u64, what: &str) {
    let found = [read(store, Sides), read(store, Overlaps), read(store, Growing)];
    for ((found, expected), kind) in
        found.into_iter().zip(&expected.kinds).zip(["tumbling", "sliding", "cumulate"])
    {
        assert_same_rows(found.clone(), expected.clone(), format!("{what}: {kind}"));
        assert_eq!(&found, expected, "{what}: the order of the rows of {kind}");
    }
    assert_eq!(late, expected.late, "{what}: late rows");
}

/// Windows of this size that begin every `every`, at `offset`.
fn windows_of(size: i64, every: i64, offset: i64, at: i64) -> Vec<(i64, i64)> {
    let mut starts = (at - size - every..=at).filter(|start| (start - offset).rem_euclid(every) == 0);
    // The samples are of whole seconds, and so are the windows.
    let starts: Vec<i64> = starts.by_ref().collect();
    starts
        .into_iter()
        .filter(|start| *start <= at && at < start + size)
        .map(|start| (start, start + size))
        .collect()
}

fn of_shifted() -> [KeptBounds; 3] {
    let in_seconds = |size, step, offset| {
        Box::new(move |at: i64| {
            // The samples are of whole seconds, and so are the windows.
            let windows = windows_of(size, step, offset, at.div_euclid(SECOND));
            windows.into_iter().map(|(start, end)| (start * SECOND, end * SECOND)).collect::<Vec<_>>()
        })
    };
    let whole = in_seconds(120, 120, 50);
    let growing = Box::new(move |at: i64| {
        let (start, end) = whole(at)[0];
        let ends =
            (1..=4).map(|step| start + step * 30 * SECOND).filter(|until| *until > at && *until <= end);
        ends.map(|until| (start, until)).collect()
    });
    [in_seconds(60, 60, 15), in_seconds(60, 20, 7), growing]
}

#[test]
fn shifted_windows_are_those_of_a_plain_loop() {
    let bounds = of_shifted();
    let bounds: Vec<Bounds<'_>> = bounds.iter().map(|bounds| &**bounds as Bounds<'_>).collect();
    for seed in seeds(2) {
        let rows = random_rows(&mut Random(seed * 7919), 200, 0, 2 * SECOND);
        let expected = expected(&rows, &bounds);
        for way in every_way(seed) {
            let (store, summary) = way.run(shifted(), |store| append(store, Payments, &rows));
            check(&store, &expected, summary.rows_late, &format!("seed {seed}, {way}"));
        }
    }
    for seed in seeds(6) {
        let mut random = Random(seed * 15_485_863);
        let rows = random_rows(&mut random, 200, 0, 2 * SECOND);
        let expected = expected(&rows, &bounds);
        let logs = by_partition(&rows, 3, partition);
        let mut t = drive(shifted().test(), &mut random, logs, |t, rows| t.push_all(Payments, rows));
        let late = t.late();
        check(t.store(), &expected, late, &format!("seed {seed}"));
    }
}

/// Payments that come about so far apart, with some far behind.
fn random_rows(random: &mut Random, count: i64, from: i64, apart: i64) -> Vec<Payment> {
    let row = |number: i64| {
        let behind = if random.below(6) == 0 { random.below(60) } else { random.below(6) };
        let at = (from + (number - behind as i64) * apart).div_euclid(SECOND);
        payment(random.below(5), random.below(100) as i64, at)
    };
    (0..count).map(row).collect()
}

/// When days begin in a zone, as its calendar says: at midnight, or at another hour.
struct Days {
    zone: TimeZone,
    hour: i8,
}

impl Days {
    fn begins(&self, day: Date) -> i64 {
        self.zone.to_timestamp(day.at(self.hour, 0, 0, 0)).unwrap().as_millisecond()
    }

    /// The days around a time, each with its end.
    fn around(&self, at: i64) -> Vec<(i64, i64)> {
        let day = self.zone.to_datetime(jiff::Timestamp::from_millisecond(at).unwrap()).date();
        let begins: BTreeSet<i64> =
            (-5..=5).map(|days| self.begins(day + jiff::Span::new().days(days))).collect();
        let begins: Vec<i64> = begins.into_iter().collect();
        begins.windows(2).map(|pair| (pair[0], pair[1])).collect()
    }
}

fn of_calendar(zone: &str) -> [KeptBounds; 3] {
    let days = |hour| Days { zone: TimeZoneDatabase::bundled().get(zone).unwrap(), hour };
    let (midnight, morning, growing) = (days(0), days(6), days(0));
    let day_of = |days: &Days, at: i64| {
        let around = days.around(at);
        let number = around.iter().position(|(start, end)| (*start..*end).contains(&at)).unwrap();
        (around, number)
    };
    [
        Box::new(move |at| {
            let (around, day) = day_of(&midnight, at);
            vec![around[day]]
        }),
        Box::new(move |at| {
            let (around, day) = day_of(&morning, at);
            (day..day + 3).map(|last| (around[last - 2].0, around[last].1)).collect()
        }),
        Box::new(move |at| {
            let (around, day) = day_of(&growing, at);
            let (start, end) = around[day];
            let steps = (1..=5).map(|step| (start + step * 6 * HOUR).min(end));
            let ends: BTreeSet<i64> = steps.filter(|until| *until > at).collect();
            ends.into_iter().map(|until| (start, until)).collect()
        }),
    ]
}

/// Zones, with a day on which clocks are changed there.
const CHANGES: [(&str, &str); 6] = [
    ("Europe/Berlin", "2025-03-30T00:00:00Z"),
    ("Europe/Berlin", "2025-10-26T00:00:00Z"),
    ("America/New_York", "2025-11-02T00:00:00Z"),
    ("Australia/Lord_Howe", "2025-04-06T00:00:00Z"),
    ("America/Sao_Paulo", "2018-11-04T00:00:00Z"),
    ("Asia/Kathmandu", "2025-06-01T00:00:00Z"),
];

#[test]
fn days_of_a_zone_are_those_of_its_calendar() {
    let (mut rows_of_short_days, mut rows_of_long_days) = (0, 0);
    for seed in seeds(6) {
        let mut random = Random(seed * 15_485_863);
        let (zone, change) = CHANGES[seed as usize % CHANGES.len()];
        let from = change.parse::<Timestamp>().unwrap().millis() - 4 * 24 * HOUR;
        let rows = random_rows(&mut random, 150, from, 2 * HOUR);
        let bounds = of_calendar(zone);
        let bounds: Vec<Bounds<'_>> = bounds.iter().map(|bounds| &**bounds as Bounds<'_>).collect();
        let expected = expected(&rows, &bounds);
        for day in &expected.kinds[0] {
            let length = (day.until - day.from).millis();
            rows_of_short_days += u64::from(length < 24 * HOUR);
            rows_of_long_days += u64::from(length > 24 * HOUR);
        }
        let what = format!("seed {seed}, {zone}");
        let logs = by_partition(&rows, 3, partition);
        let pipeline = calendar(zone.to_owned());
        let mut t = drive(pipeline.test(), &mut random, logs, |t, rows| t.push_all(Payments, rows));
        let late = t.late();
        check(t.store(), &expected, late, &what);
        for way in every_way(seed).into_iter().skip(seed as usize % 3).step_by(3) {
            let (store, summary) = way.run(calendar(zone.to_owned()), |store| append(store, Payments, &rows));
            check(&store, &expected, summary.rows_late, &format!("{what}, {way}"));
        }
    }
    assert_of_use(
        rows_of_short_days > 5 && rows_of_long_days > 5,
        format!("{rows_of_short_days} of short days, {rows_of_long_days} of long ones"),
    );
}

#[pipeline]
fn any(zone: String, size: Duration, offset: Duration) {
    let by_card = source(Payments).lateness(10s).late_drop().group_by(|p| p.card);
    let sides = by_card.window(tumbling(size).offset(offset).in_zone(zone)).select(|w, p| Sum {
        card: w.key(),
        from: w.start(),
        until: w.end(),
        n: count(),
        total: sum(p.amount),
    });
    sides.sink(Sides);
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_read_and_the_zone_is_part_of_the_pipeline() {
    let (days, hours) = (Duration::from_days, Duration::from_hours);
    let explain = |zone: &str, size, offset| any(zone.to_owned(), size, offset).explain();
    let refused = |zone: &str, size, offset| explain(zone, size, offset).unwrap_err().to_string();
    assert_eq!(
        refused("Berlin", days(1), hours(0)),
        "pipeline `any`: window `sides` is in the time zone `Berlin`, and there is none of that name: take a name of the IANA \
         database, such as `Europe/Berlin`"
    );
    assert!(refused("Mars/Tokyo", days(1), hours(0)).contains("such as `Asia/Tokyo`"));
    assert!(refused("UTC", hours(6), hours(0)).contains("a window is 6h, which is no number of whole days"));
    assert!(
        refused("UTC", days(1), days(1))
            .contains("is shifted by 1d, and an offset is at least 0s and less than a window, which is 1d")
    );
    assert!(refused("UTC", days(1), -hours(1)).contains("is shifted by -1h"));
    let text = explain("europe/berlin", days(7), days(4)).unwrap();
    assert!(text.contains("window: tumbling(7d).offset(4d).in_zone(\"Europe/Berlin\")"), "{text}");
}

/// What the message about a greatest length of sessions says to write.
#[pipeline]
fn cut_at_the_hour() {
    let payments = source(Payments).lateness(10s).late_drop();
    let sprees =
        payments.group_by(|p| (p.card, p.at.millis() / 3_600_000)).window(session(5m)).select(|w, p| Sum {
            card: w.key().0,
            from: w.start(),
            until: w.end(),
            n: count(),
            total: sum(p.amount),
        });
    sprees.sink(Sides);
}

#[test]
fn sessions_of_a_key_and_an_hour_are_cut_at_the_full_hour() {
    let mut t = cut_at_the_hour().test();
    t.push_all(Payments, (0..40).map(|number| payment(1, 1, 3_000 + number * 60)));
    t.close();
    let found: Vec<(i64, u64)> =
        t.rows(Sides).iter().map(|row| (row.from.millis() / SECOND, row.n)).collect();
    assert_eq!(found, [(3_000, 10), (3_600, 30)]);
}
