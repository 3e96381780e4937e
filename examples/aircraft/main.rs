//! What aircraft do: the strings of flights that each flies, and where flights go, hour by hour. It reads the flights of the
//! example `departures`, and is what the long kill test runs.

#[path = "../departures/flight.rs"]
mod flight;
#[path = "../departures/load.rs"]
mod load;

use std::process::ExitCode;

use waterwheel::cli::{Arg, Command};
use waterwheel::prelude::*;

use flight::Flight;

/// Flights of an aircraft that leave New York one behind the other.
#[derive(Debug, Clone, PartialEq, Record)]
struct Duty {
    carrier: String,
    tailnum: String,
    from: Timestamp,
    until: Timestamp,
    flights: u64,
    miles: u64,
    /// Of the first flight.
    origin: String,
    /// Of the last one.
    dest: String,
}

/// What is scheduled to leave for a place in an hour.
#[derive(Debug, Clone, PartialEq, Record)]
struct DestinationHour {
    dest: String,
    hour: Timestamp,
    flights: u64,
    longest: Option<u16>,
}

/// A flight of a carrier to a place to which none of it went in the day before.
#[derive(Debug, Clone, PartialEq, Record)]
struct Opened {
    carrier: String,
    dest: String,
    origin: String,
    flight: u16,
}

/// An aircraft that leaves New York again in the afternoon, having left it in the morning.
#[derive(Debug, Clone, PartialEq, Record)]
struct Turnaround {
    carrier: String,
    tailnum: Option<String>,
    out: Timestamp,
    to: String,
    again: Timestamp,
    then_to: String,
}

topics! {
    /// Flights in the order of their day, with the scheduled departure as event time. There are not as many carriers as
    /// partitions, so that some of these stay silent.
    Flights("flights"): Flight {
        key: carrier,
        time: |f| f.time_hour + Duration::from_mins(i64::from(f.minute)),
        partitions: 12,
    }
    Duties("duties"): Duty { key: tailnum }
    DestinationHours("destination-hours"): DestinationHour { key: dest, partitions: 2 }
    Openings("openings"): Opened { key: carrier }
    Turnarounds("turnarounds"): Turnaround { key: carrier, partitions: 3 }
    /// What came too late for any of it, once for each.
    LateFlights("late-flights"): Flight { key: carrier }
}

/// Follows aircraft and destinations. Nobody waits for a partition that has nothing to say.
#[pipeline]
fn aircraft() {
    let flights = source(Flights).lateness(2h).idle(20ms).late_to(LateFlights);

    let known = flights.filter(|f| f.tailnum.is_some());
    let duties = known
        .group_by(|f| (f.carrier, f.tailnum.clone().unwrap_or_default()))
        .window(session(6h))
        .select(|w, f| Duty {
            carrier: w.key().0,
            tailnum: w.key().1,
            from: w.start(),
            until: w.end(),
            flights: count(),
            miles: sum(f.distance),
            origin: first(f.origin),
            dest: last(f.dest),
        });
    duties.sink(Duties);

    let by_destination = flights.group_by(|f| f.dest).window(tumbling(1h)).select(|w, f| DestinationHour {
        dest: w.key(),
        hour: w.start(),
        flights: count(),
        longest: max(f.air_time),
    });
    by_destination.sink(DestinationHours);

    let first_in_a_day = flights.distinct_by(|f| (f.carrier.clone(), f.dest.clone())).within(24h);
    let openings = first_in_a_day.map(|f| Opened {
        carrier: f.carrier.clone(),
        dest: f.dest.clone(),
        origin: f.origin.clone(),
        flight: f.flight,
    });
    openings.sink(Openings);

    let mornings = known.filter(|f| f.hour < 12);
    let afternoons = known.filter(|f| f.hour >= 12);
    let turnarounds = mornings
        .join(afternoons)
        .on(|m| (m.carrier.clone(), m.tailnum.clone()), |a| (a.carrier.clone(), a.tailnum.clone()))
        .between(1h..=12h)
        .select(|m, a| Turnaround {
            carrier: m.carrier,
            tailnum: m.tailnum,
            out: m.time_hour + Duration::from_mins(i64::from(m.minute)),
            to: m.dest,
            again: a.time_hour + Duration::from_mins(i64::from(a.minute)),
            then_to: a.dest,
        });
    turnarounds.sink(Turnarounds);
}

fn main() -> ExitCode {
    let file = Arg::new("FILE").required(true).help("Flights as CSV, gzipped or not, with a header line");
    let load = Command::new("load").about("Appends a file of flights, all of it or nothing").arg(file);
    aircraft().cli().about("Follows the aircraft that leave New York").command(load, load::file).main()
}
