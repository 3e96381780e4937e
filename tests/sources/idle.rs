//! `idle`: silent partitions are not waited for, and what comes out is what a plain model says, whatever restarts there are.

use std::collections::BTreeMap;

use waterwheel::key::partition_of;
use waterwheel::prelude::*;

use support::{Random, assert_of_use, seeds};

#[derive(Debug, Clone, PartialEq, Record)]
struct Ride {
    zone: u64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct ZoneMinute {
    zone: u64,
    from: Timestamp,
    rides: u64,
}

topics! {
    Rides("rides"): Ride { key: zone, time: at, partitions: 3 }
    Others("others"): Ride { key: zone, time: at }
    ZoneMinutes("zone-minutes"): ZoneMinute { key: zone }
    Five("five"): ZoneMinute { key: zone }
}

#[pipeline]
fn zone_minutes() {
    let rides = source(Rides).lateness(2s).late_drop().idle(30s);
    let per_minute = rides.group_by(|r| r.zone).window(tumbling(10s)).select(|w, r| ZoneMinute {
        zone: w.key(),
        from: w.start(),
        rides: count(),
    });
    per_minute.sink(ZoneMinutes);
}

const PARTITIONS: usize = 3;
const IDLE_MS: i64 = 30_000;
const LATENESS_MS: i64 = 2_000;
const WINDOW_MS: i64 = 10_000;

fn ride(zone: u64, at: i64) -> Ride {
    Ride { zone, at: Timestamp::from_millis(at) }
}

fn partition(zone: u64) -> usize {
    partition_of(&zone.to_be_bytes(), PARTITIONS as u32) as usize
}

/// A partition as the rules of time have it.
#[derive(Debug, Clone, Copy)]
struct Partition {
    greatest: i64,
    floor: i64,
    at_end_since: Option<i64>,
    idle: bool,
}

impl Partition {
    fn watermark(self) -> i64 {
        self.greatest.saturating_sub(LATENESS_MS).max(self.floor)
    }
}

struct Model {
    clock: i64,
    partitions: [Partition; PARTITIONS],
    combined: i64,
    open: BTreeMap<(i64, u64), u64>,
    rows: Vec<ZoneMinute>,
    late: u64,
}

impl Model {
    fn new() -> Self {
        let fresh = Partition { greatest: i64::MIN, floor: i64::MIN, at_end_since: None, idle: false };
        let (open, rows) = (BTreeMap::new(), Vec::new());
        Model { clock: 0, partitions: [fresh; PARTITIONS], combined: i64::MIN, open, rows, late: 0 }
    }

    fn row(&mut self, ride: &Ride) {
        let partition = &mut self.partitions[partition(ride.zone)];
        if std::mem::take(&mut partition.idle) {
            partition.floor = partition.floor.max(self.combined);
        }
        partition.at_end_since = None;
        let at = ride.at.millis();
        let from = at - at.rem_euclid(WINDOW_MS);
        if from + WINDOW_MS - 1 > partition.watermark() {
            *self.open.entry((from, ride.zone)).or_default() += 1;
        } else {
            self.late += 1;
        }
        partition.greatest = partition.greatest.max(at);
    }

    /// Everything that was pushed is read, and the clock is looked at.
    fn settle(&mut self) {
        self.emit();
        for partition in &mut self.partitions {
            let since = *partition.at_end_since.get_or_insert(self.clock);
            partition.idle |= self.clock - since >= IDLE_MS;
        }
        self.emit();
    }

    fn emit(&mut self) {
        let active =
            self.partitions.iter().filter(|partition| !partition.idle).map(|each| each.watermark()).min();
        let all_idle = self.partitions.iter().map(|each| each.watermark()).max();
        self.combined = self.combined.max(active.or(all_idle).unwrap());
        while let Some(first) =
            self.open.first_entry().filter(|first| first.key().0 + WINDOW_MS - 1 <= self.combined)
        {
            let ((from, zone), rides) = first.remove_entry();
            self.rows.push(ZoneMinute { zone, from: Timestamp::from_millis(from), rides });
        }
    }
}

/// Zones of which each partition has some.
fn zones() -> Vec<u64> {
    let zones: Vec<u64> = (0..12).collect();
    assert!((0..PARTITIONS).all(|each| zones.iter().any(|zone| partition(*zone) == each)));
    zones
}

#[test]
fn what_comes_out_is_what_a_plain_model_says() {
    let zones = zones();
    let (mut flipped, mut late) = (0, 0);
    for seed in seeds(24) {
        let mut random = Random(seed * 0x9E37_79B9);
        let mut t = zone_minutes().test().epoch_rows(random.one_of(&[1, 3, 1000]));
        let mut model = Model::new();
        let mut event_time = 0;
        for _ in 0..40 {
            match random.below(10) {
                0..=5 => {
                    // Where a partition comes back, it matters what the operator has seen before: so one at a time.
                    let zone = random.one_of(&zones);
                    event_time += random.below(4_000) as i64;
                    let rows: Vec<Ride> = (0..=random.below(3))
                        .map(|_| ride(zone, event_time - random.below(8_000) as i64))
                        .collect();
                    rows.iter().for_each(|row| model.row(row));
                    model.settle();
                    t.push_all(Rides, rows);
                    t.rows(ZoneMinutes);
                }
                6 | 7 => {
                    let by = random.one_of(&[1_000, 15_000, 29_999, 30_000, 70_000]);
                    model.settle();
                    model.clock += by;
                    model.settle();
                    t.advance_clock(Duration::from_millis(by));
                }
                8 => {
                    t.restart();
                    // Time counts only while the pipeline runs.
                    model.partitions.iter_mut().for_each(|partition| partition.at_end_since = None);
                    model.settle();
                    t.rows(ZoneMinutes);
                }
                _ => assert_eq!(t.rows(ZoneMinutes), model.rows, "seed {seed}"),
            }
            flipped += model.partitions.iter().filter(|partition| partition.idle).count();
        }
        assert_eq!((t.rows(ZoneMinutes), t.late()), (model.rows.clone(), model.late), "seed {seed}");
        late += model.late;
        let left = model.open.len();
        t.close();
        assert_eq!(t.rows(ZoneMinutes).len(), model.rows.len() + left, "seed {seed}: no window emits twice");
    }
    assert_of_use(flipped > 200 && late > 20, format!("{flipped} idle partitions, {late} late rows"));
}

/// A window behind a window: `others` go on while `rides` are idle.
#[pipeline]
fn five() {
    let rides = source(Rides).lateness(0s).late_drop().idle(30s);
    let others = source(Others).lateness(0s).late_drop().idle(30s);
    let ten = rides
        .group_by(|r| r.zone)
        .window(tumbling(10s))
        .select(|w, r| Ride { zone: w.key(), at: first(r.at) });
    let fifty = ten.union(others).group_by(|r| r.zone).window(tumbling(50s)).select(|w, r| ZoneMinute {
        zone: w.key(),
        from: w.start(),
        rides: count(),
    });
    fifty.sink(Five);
}

#[test]
fn what_comes_behind_a_closed_window_does_not_open_it_again() {
    let fifty = |from: i64, rides| ZoneMinute { zone: 7, from: Timestamp::from_millis(from), rides };
    let mut t = five().test();
    t.push_all(Rides, (0..12).map(|zone| ride(zone, 5_000)));
    t.push(Others, ride(7, 1_000));
    assert_eq!(t.rows(Five), []);
    t.advance_clock(Duration::from_secs(30));
    // The rides are idle, and their windows of ten seconds stay open; the others go on without them.
    t.push(Others, ride(7, 60_000));
    assert_eq!(t.rows(Five), [fifty(0, 1)]);
    t.restart();
    // The rides are back, where the others have come: this one is late, and the windows of ten seconds close now. What they
    // make, a row for each of twelve zones, is too late for the window of fifty.
    t.push(Rides, ride(7, 30_000));
    assert_eq!((t.rows(Five), t.late()), (vec![fifty(0, 1)], 1 + 12));
    t.push_all(Rides, (0..12).map(|zone| ride(zone, 150_000)));
    t.push(Others, ride(7, 150_000));
    assert_eq!(t.rows(Five), [fifty(0, 1), fifty(50_000, 1)]);
    t.close();
    assert_eq!(t.rows(Five).iter().filter(|row| row.from.millis() == 0).count(), 1);
}
