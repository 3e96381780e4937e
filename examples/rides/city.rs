//! A city that is made up: the same rides whenever they are generated. Phones report a ride when they find a network, so some
//! come late; one zone falls silent after a while; one phone's clock is decades ahead.

use waterwheel::{Duration, Timestamp};

use super::Ride;

/// The zones, and about how many rides begin in each in a busy minute.
pub(crate) const ZONES: [(&str, u64); 8] = [
    ("Harbour", 24),
    ("Old Town", 40),
    ("Station", 55),
    ("University", 30),
    ("Stadium", 12),
    ("Airport", 35),
    ("Hillside", 8),
    ("Island", 5),
];

/// The zone from which nobody reports any more after a third of the time: its ferry is out of service.
pub(crate) const SILENT: &str = "Island";

/// The zone in which a match ends after half of the time.
const STADIUM: &str = "Stadium";

/// How long rides are generated for, in minutes.
pub(crate) const MINUTES: i64 = 60;

/// How late a phone without a network reports, in minutes. The pipeline waits for two.
const OFFLINE_MINUTES: u64 = 4;

/// One ride of so many is reported late.
const LATE_ONE_OF: u64 = 40;

/// When the first ride begins.
pub(crate) fn begin() -> Timestamp {
    Timestamp::from_millis(1_780_297_200_000)
}

/// All rides, in the order in which they are reported.
pub(crate) fn rides(seed: u64) -> Vec<Ride> {
    let mut random = Random(seed);
    let mut reported = Vec::new();
    for minute in 0..MINUTES {
        for (zone, usual) in ZONES {
            if zone == SILENT && minute > MINUTES / 3 {
                continue;
            }
            for _ in 0..busy(zone, usual, minute, &mut random) {
                let begun = Duration::from_millis(minute * 60_000 + random.below(60_000) as i64);
                let ride = Ride {
                    zone: zone.to_owned(),
                    phone: random.below(2_000),
                    cents: 350 + random.below(2_500),
                    at: begin() + begun,
                };
                let late = random.below(LATE_ONE_OF) == 0;
                let offline = if late { random.below(OFFLINE_MINUTES * 60_000) } else { random.below(5_000) };
                reported.push((begun + Duration::from_millis(offline as i64), ride));
            }
        }
    }
    let half = Duration::from_mins(MINUTES / 2);
    let from_the_future = Ride {
        zone: "Station".to_owned(),
        phone: 2_000,
        cents: 990,
        at: "2070-01-01T00:00:00Z".parse().expect("a time"),
    };
    reported.push((half, from_the_future));
    reported.sort_by_key(|(at, _)| *at);
    reported.into_iter().map(|(_, ride)| ride).collect()
}

/// How many rides begin in a zone in a minute: with the hour they become more and fewer again, and a match ends.
fn busy(zone: &str, usual: u64, minute: i64, random: &mut Random) -> u64 {
    let wave = 60 + (minute - MINUTES / 2).unsigned_abs();
    let crowd = if zone == STADIUM && (MINUTES / 2..MINUTES / 2 + 10).contains(&minute) { 8 } else { 1 };
    let most = usual * crowd * 90 / wave;
    most / 2 + random.below(most / 2 + 1)
}

/// Numbers that look random (xorshift), the same for one seed.
struct Random(u64);

impl Random {
    /// A number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
