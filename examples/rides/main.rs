//! Rides of a city by minute and zone, and the busiest zones of each minute. The city is made up: see `city.rs`.

mod chart;
mod city;

use std::error::Error;
use std::process::ExitCode;

use waterwheel::cli::{HumanCount, Invocation};
use waterwheel::prelude::*;

/// A ride, as the phone in the car reports it.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Ride {
    zone: String,
    phone: u64,
    cents: u64,
    /// When it began, by the phone's clock.
    at: Timestamp,
}

/// The rides that began in a zone in a minute.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct ZoneMinute {
    zone: String,
    minute: Timestamp,
    rides: u64,
    cents: u64,
}

/// One of the busiest zones of a minute.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Busiest {
    minute: Timestamp,
    rank: u64,
    zone: String,
    rides: u64,
}

topics! {
    pub(crate) Rides("rides"): Ride { key: zone, time: at, partitions: 4 }
    pub(crate) ZoneMinutes("zone-minutes"): ZoneMinute { key: zone }
    pub(crate) BusiestZones("busiest-zones"): Busiest { key: minute }
    /// What was reported too late, or by a phone whose clock is wrong.
    pub(crate) LateRides("late-rides"): Ride { key: zone }
}

/// Counts rides. A zone from which nobody reports is waited for no longer than ten seconds.
#[pipeline]
pub(crate) fn rides() {
    let rides = source(Rides).lateness(2m).idle(10s).ahead(1h).late_to(LateRides);

    let per_minute = rides.group_by(|r| r.zone).window(tumbling(1m)).select(|w, r| ZoneMinute {
        zone: w.key(),
        minute: w.start(),
        rides: count(),
        cents: sum(r.cents),
    });
    let busiest = per_minute.per_window().top(3, |m| desc(m.rides)).select(|rank, m| Busiest {
        minute: m.minute,
        rank,
        zone: m.zone,
        rides: m.rides,
    });

    per_minute.sink(ZoneMinutes);
    busiest.sink(BusiestZones);
}

fn main() -> ExitCode {
    rides()
        .cli()
        .about("Counts the rides of a made-up city by minute and zone; without a command: those of an hour")
        .without_arguments(an_hour)
        .main()
}

/// Appends the city's rides if there are none yet, counts them, and shows them.
fn an_hour(call: &Invocation) -> Result<(), Box<dyn Error + Send + Sync>> {
    let store = call.store()?;
    let topic = TypedTopic::open(store, Rides)?;
    if topic.is_empty() {
        let generated = city::rides(SEED);
        topic.append(&generated)?;
        let rides = HumanCount(generated.len() as u64);
        eprintln!("appended {rides} generated rides (seed {SEED}) to topic `rides`");
    }
    if call.run(RunOptions::new().close())?.interrupted {
        return Ok(());
    }
    let minutes = TypedTopic::open(store, ZoneMinutes)?.rows().collect::<Result<Vec<_>, _>>()?;
    let busiest = TypedTopic::open(store, BusiestZones)?.rows().collect::<Result<Vec<_>, _>>()?;
    let late = TypedTopic::open(store, LateRides)?.rows().count() as u64;
    println!("\n{}\n{}", chart::chart(&minutes), chart::busiest(&busiest));
    println!("{} rides came too late or from the future: `read late-rides` shows them.", HumanCount(late));
    Ok(())
}

/// Where the city's random numbers begin.
const SEED: u64 = 2026;

#[cfg(test)]
mod tests {
    use super::*;

    fn ride(zone: &str, second: i64) -> Ride {
        Ride { zone: zone.to_owned(), phone: 1, cents: 500, at: city::begin() + Duration::from_secs(second) }
    }

    /// The clock of a test begins with the year 2000; this brings it to when the rides are over.
    fn until_the_rides() -> Duration {
        let beginning: Timestamp = "2000-01-01T00:00:00Z".parse().unwrap();
        city::begin() + Duration::from_mins(city::MINUTES) - beginning
    }

    #[test]
    fn a_minute_is_told_when_its_lateness_is_over() {
        let mut t = rides().test();
        t.advance_clock(until_the_rides());
        t.push_all(Rides, [ride("Harbour", 3), ride("Harbour", 59), ride("Harbour", 60)]);
        t.advance_clock(Duration::from_secs(20));
        assert_eq!(t.rows(ZoneMinutes), []);
        t.push(Rides, ride("Harbour", 181));
        let rows = t.rows(ZoneMinutes);
        assert_eq!((rows.len(), rows[0].rides, rows[0].cents), (1, 2, 1_000));
        assert_eq!(t.rows(BusiestZones).len(), 1);
    }

    #[test]
    fn a_phone_without_a_network_is_late_and_one_from_the_future_moves_nothing() {
        let mut t = rides().test();
        t.advance_clock(until_the_rides());
        t.push(Rides, ride("Harbour", 200));
        t.push(Rides, ride("Harbour", 10));
        t.push(Rides, Ride { at: "2070-01-01T00:00:00Z".parse().unwrap(), ..ride("Harbour", 0) });
        t.push(Rides, ride("Harbour", 150));
        t.close();
        assert_eq!(t.rows(LateRides).len(), 2);
        assert_eq!(t.rows(ZoneMinutes).len(), 2);
    }

    #[test]
    fn the_city_is_always_the_same_and_every_ride_is_counted_once() {
        let generated = city::rides(SEED);
        assert_eq!(generated, city::rides(SEED));
        let mut t = rides().test();
        t.advance_clock(until_the_rides());
        t.push_all(Rides, generated.clone());
        t.restart();
        t.close();
        let (minutes, late) = (t.rows(ZoneMinutes), t.rows(LateRides).len() as u64);
        assert_eq!(minutes.iter().map(|row| row.rides).sum::<u64>() + late, generated.len() as u64);
        assert!(late > 10, "some phones had no network: {late}");
        let busiest = t.rows(BusiestZones);
        for first in busiest.iter().filter(|row| row.rank == 1) {
            let of_minute = minutes.iter().filter(|row| row.minute == first.minute);
            assert_eq!(of_minute.map(|row| row.rides).max(), Some(first.rides));
        }
        assert_eq!(chart::chart(&minutes).lines().count(), city::ZONES.len() + 3);
        assert!(chart::busiest(&busiest).contains("1. Station"));
    }
}
