//! The pipeline that has left the golden directories, its topics, and rows for it. None of it may change: a changed pipeline does not
//! go on from its state.

use waterwheel::key::partition_of;
use waterwheel::prelude::*;

/// The start of the first day, in ms.
pub(crate) const START_MS: i64 = 1_357_084_800_000;

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Ride {
    pub(crate) rider: u64,
    pub(crate) zone: Zone,
    pub(crate) fare: Cents,
    pub(crate) tip: Option<i64>,
    /// A multiple of 0.25, so that plain sums are exact.
    pub(crate) rating: f64,
    pub(crate) note: String,
    pub(crate) tags: Vec<String>,
    pub(crate) pay: Pay,
    pub(crate) at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
pub(crate) enum Zone {
    North,
    South,
    East,
    West,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Record)]
pub(crate) struct Cents(pub(crate) i64);

waterwheel::aggregates::number!(Cents(i64));

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) enum Pay {
    Cash,
    Card { digits: u16, holder: Option<String> },
    Voucher(String),
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Meter {
    pub(crate) meter: String,
    pub(crate) level: f64,
    pub(crate) broken: bool,
    pub(crate) at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Note {
    pub(crate) bytes: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct ZoneHour {
    pub(crate) zone: Zone,
    pub(crate) from: Timestamp,
    pub(crate) rides: u64,
    pub(crate) fares: Cents,
    pub(crate) tipped: u64,
    pub(crate) tip: Option<i64>,
    pub(crate) rating: f64,
    pub(crate) first: String,
    pub(crate) last: Pay,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct ZoneDay {
    pub(crate) zone: Zone,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) rides: u64,
    pub(crate) least: Cents,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Stay {
    pub(crate) rider: u64,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) rides: u64,
    pub(crate) tip: i64,
    /// The whole ride.
    pub(crate) last: Vec<Ride>,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct MeterHour {
    pub(crate) meter: String,
    pub(crate) from: Timestamp,
    pub(crate) told: u64,
    pub(crate) level: f64,
    pub(crate) broken: u64,
}

topics! {
    pub(crate) Rides("rides"): Ride { key: rider, time: at, partitions: 3 }
    pub(crate) Meters("meters"): Meter { key: meter, time: at, partitions: 2, format: json }
    pub(crate) Notes("notes"): Note { format: raw }
    pub(crate) ZoneHours("zone-hours"): ZoneHour { key: zone, partitions: 2 }
    pub(crate) ZoneDays("zone-days"): ZoneDay { key: zone, format: json }
    pub(crate) Stays("stays"): Stay { key: rider, partitions: 2 }
    pub(crate) MeterHours("meter-hours"): MeterHour { key: meter, format: json }
}

/// What a stay keeps of its last ride.
#[derive(Clone)]
struct Told {
    rider: u64,
    tip: Option<i64>,
    ride: Ride,
}

#[pipeline]
pub(crate) fn town(least: i64) {
    let rides = source(Rides).lateness(10m).late_drop();
    let paid = rides.filter(|r| r.fare.0 >= least);
    let per_hour = paid.group_by(|r| r.zone).window(tumbling(1h)).select(|w, r| ZoneHour {
        zone: w.key(),
        from: w.start(),
        rides: count(),
        fares: sum(r.fare),
        tipped: count_if(r.tip.is_some()),
        tip: max(r.tip),
        rating: mean(r.rating),
        first: first(r.note),
        last: last(r.pay),
    });
    per_hour.sink(ZoneHours);

    let per_day = rides.group_by(|r| r.zone).window(cumulate(1d, 6h)).select(|w, r| ZoneDay {
        zone: w.key(),
        from: w.start(),
        until: w.end(),
        rides: count(),
        least: min(r.fare),
    });
    per_day.sink(ZoneDays);

    let told = rides.map(|r| Told { rider: r.rider, tip: r.tip, ride: r.clone() });
    let stays = told.group_by(|t| t.rider).window(session(40m)).select(|w, t| Stay {
        rider: w.key(),
        from: w.start(),
        until: w.end(),
        rides: count(),
        tip: sum(t.tip.unwrap_or(0)),
        last: last(vec![t.ride.clone()]),
    });
    stays.sink(Stays);

    let meters = source(Meters).lateness(1m).idle(30s).late_drop();
    let meter_hours = meters.group_by(|m| m.meter).window(tumbling(1h)).select(|w, m| MeterHour {
        meter: w.key(),
        from: w.start(),
        told: count(),
        level: max(m.level),
        broken: count_if(m.broken),
    });
    meter_hours.sink(MeterHours);
}

/// The parameter that the directories were left with.
pub(crate) const LEAST: i64 = 700;

/// Ride number `n`: 90 s behind the one before it, up to 5 minutes later; no two at the same time, and none late.
pub(crate) fn ride(n: u64) -> Ride {
    let chance = mix(n);
    let jitter_ms = (chance % 300) as i64 * 1000;
    let at = START_MS + n as i64 * 90_000 + jitter_ms + (n % 1000) as i64;
    let zone = [Zone::North, Zone::South, Zone::East, Zone::West][(chance >> 10) as usize % 4];
    let pay = match (chance >> 20) % 3 {
        0 => Pay::Cash,
        1 => Pay::Card {
            digits: (chance >> 30) as u16,
            holder: n.is_multiple_of(2).then(|| format!("holder {n}")),
        },
        _ => Pay::Voucher(format!("voucher-{}", chance >> 50)),
    };
    Ride {
        rider: (chance >> 40) % 60,
        zone,
        fare: Cents(500 + (chance >> 12) as i64 % 2500),
        tip: (!n.is_multiple_of(3)).then_some((chance >> 5) as i64 % 400),
        rating: ((chance >> 8) % 20) as f64 * 0.25,
        note: format!("ride {n}, {zone:?} to süd"),
        tags: (0..n % 4).map(|tag| format!("tag-{tag}")).collect(),
        pay,
        at: Timestamp::from_millis(at),
    }
}

/// A reading of a meter of that partition: number `n` of it, 10 minutes behind the one before it.
pub(crate) fn reading(partition: u32, n: u64) -> Meter {
    let of_partition = (0..).map(|name| format!("meter-{name}"));
    let mut of_partition = of_partition.filter(|name| partition_of(name.as_bytes(), 2) == partition);
    let meter = of_partition.nth(n as usize % 3).expect("there are names without end");
    let chance = mix(n ^ 0x5555);
    let at = Timestamp::from_millis(START_MS + n as i64 * 600_000 + i64::from(partition));
    Meter { meter, level: (chance % 1000) as f64 / 8.0, broken: chance.is_multiple_of(5), at }
}

/// SplitMix64 of a number.
pub(crate) fn mix(n: u64) -> u64 {
    let mixed = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
