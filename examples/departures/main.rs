//! Departures from New York's airports, hour by hour: real flights, an exactly-once pipeline, one process.

mod flight;
mod load;
mod report;

use std::process::ExitCode;

use waterwheel::cli::{Arg, Command};
use waterwheel::prelude::*;

use flight::Flight;

/// What left an airport in an hour.
#[derive(Debug, Clone, PartialEq, Record)]
struct AirportHour {
    origin: String,
    hour: Timestamp,
    scheduled: u64,
    departed: u64,
    cancelled: u64,
    /// In minutes, of the flights that departed; negative is early.
    mean_delay: Option<f64>,
}

topics! {
    /// Flights in the order of their day, with the scheduled departure as event time.
    Flights("flights"): Flight {
        key: carrier,
        time: |f| f.time_hour + Duration::from_mins(i64::from(f.minute)),
        partitions: 4,
    }
    /// The pipeline's results.
    DeparturesPerHour("departures-per-hour"): AirportHour { key: origin, time: hour }
}

/// Counts each airport's departures by the hour they were scheduled for.
#[pipeline]
fn departures() {
    let flights = source(Flights).lateness(24h).late_drop();

    let per_hour = flights.group_by(|f| f.origin).window(tumbling(1h)).select(|w, f| AirportHour {
        origin: w.key(),
        hour: w.start(),
        scheduled: count(),
        departed: count_if(f.dep_time.is_some()),
        cancelled: count_if(f.dep_time.is_none()),
        mean_delay: mean(f.dep_delay),
    });

    per_hour.sink(DeparturesPerHour);
}

fn main() -> ExitCode {
    let file = Arg::new("FILE").required(true).help("Flights as CSV, gzipped or not, with a header line");
    let load = Command::new("load").about("Appends a file of flights, all of it or nothing").arg(file);
    departures()
        .cli()
        .about("Counts the departures of New York's airports by the hour; without a command: those of January 2013")
        .command(load, load::file)
        .without_arguments(report::january)
        .main()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flight(origin: &str, scheduled: &str, dep_delay: Option<i16>) -> Flight {
        let time: Timestamp = scheduled.parse().unwrap();
        let minute = u8::try_from(time.millis() / 60_000 % 60).unwrap();
        Flight {
            carrier: "UA".to_owned(),
            origin: origin.to_owned(),
            dep_time: dep_delay.map(|_| 517),
            dep_delay,
            minute,
            time_hour: time - Duration::from_mins(i64::from(minute)),
            ..Flight::default()
        }
    }

    #[test]
    fn an_hour_counts_departed_and_cancelled_flights() {
        let mut t = departures().test();
        t.push(Flights, flight("EWR", "2013-01-01T10:15:00Z", Some(2)));
        t.push(Flights, flight("EWR", "2013-01-01T10:59:00Z", Some(-5)));
        t.push(Flights, flight("EWR", "2013-01-01T10:40:00Z", None));
        t.restart();
        t.push(Flights, flight("LGA", "2013-01-01T11:00:00Z", None));
        assert_eq!(t.rows(DeparturesPerHour), []);

        t.close();
        let hour = |origin: &str, hour: &str| (origin.to_owned(), hour.parse().unwrap());
        let row = |(origin, hour), scheduled, departed, cancelled, mean_delay| AirportHour {
            origin,
            hour,
            scheduled,
            departed,
            cancelled,
            mean_delay,
        };
        let ewr = row(hour("EWR", "2013-01-01T10:00:00Z"), 3, 2, 1, Some(-1.5));
        let lga = row(hour("LGA", "2013-01-01T11:00:00Z"), 1, 0, 1, None);
        assert_eq!(t.rows(DeparturesPerHour), [ewr, lga]);
    }
}
