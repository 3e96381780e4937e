//! The weather at New York's airports: moving averages, sums of every hour, and what rain does to departures. It runs, prints a
//! table, and draws a plot.

mod plot;
mod readings;
mod report;

#[path = "../departures/flight.rs"]
mod flight;

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use waterwheel::cli::{Arg, ArgMatches, Command, HumanCount, value_parser};
use waterwheel::prelude::*;

use flight::Flight;
use readings::{Reading, Thermometer};

/// A reading beside what the hours before it were.
#[derive(Debug, Clone, PartialEq, Record)]
struct Smoothed {
    origin: String,
    at: Timestamp,
    /// In degrees Fahrenheit.
    temp: Option<f64>,
    /// Of the three hours up to the reading.
    mean: Option<f64>,
}

/// What all airports together had in an hour.
#[derive(Debug, Clone, PartialEq, Record)]
struct RainHour {
    hour: Timestamp,
    airports: u64,
    /// In inches.
    rain: f64,
    /// The airport that had the most of it.
    wettest: String,
}

/// A measurement of the generated thermometer, beside the five minutes before it.
#[derive(Debug, Clone, PartialEq, Record)]
struct Steady {
    at: Timestamp,
    celsius: f64,
    mean: f64,
    deviation: Option<f64>,
}

/// A flight, and the weather of its hour at its airport.
#[derive(Debug, Clone, PartialEq, Record)]
struct Departure {
    origin: String,
    at: Timestamp,
    /// In minutes; negative is early. Absent if the flight was cancelled.
    delay: Option<i16>,
    rain: f64,
    wind: Option<f64>,
}

/// How departures of a day went, by whether it rained in their hour.
#[derive(Debug, Clone, PartialEq, Record)]
struct DelayDay {
    day: Timestamp,
    flights: u64,
    cancelled: u64,
    in_rain: u64,
    /// Of the flights that departed, in minutes.
    dry: Option<f64>,
    wet: Option<f64>,
    /// The delay that nine of ten did not exceed.
    ninth: Option<f64>,
}

topics! {
    /// One reading for each airport and hour.
    Readings("readings"): Reading { key: origin, time: time_hour, partitions: 3 }
    /// Flights in the order of their day, with the scheduled departure as event time.
    Flights("flights"): Flight {
        key: origin,
        time: |f| f.time_hour + Duration::from_mins(i64::from(f.minute)),
        partitions: 3,
    }
    /// A generated feed.
    Thermometers("thermometer"): Thermometer { time: at }
    SmoothedReadings("smoothed-readings"): Smoothed { key: origin }
    RainHours("rain-hours"): RainHour { time: hour }
    SteadyReadings("steady"): Steady { time: at }
    DelayDays("delay-days"): DelayDay { time: day }
}

/// Moving averages of three hours and of five minutes, sums of every hour, and departures with the weather of their hour.
#[pipeline]
fn weather() {
    let readings = source(Readings).lateness(1h).late_drop();
    let smoothed = readings.group_by(|r| r.origin).over(last(3h)).select(|r, w| Smoothed {
        origin: r.origin,
        at: r.time_hour,
        temp: r.temp,
        mean: mean(w.temp),
    });
    smoothed.sink(SmoothedReadings);

    let rain = readings.group_by(|_| ()).window(tumbling(1h)).select(|w, r| RainHour {
        hour: w.start(),
        airports: distinct(r.origin),
        rain: sum(r.precip),
        wettest: max_by(r.origin, r.precip),
    });
    rain.sink(RainHours);

    let flights = source(Flights).lateness(24h).late_drop();
    let departures =
        flights.join(readings).on(|f| f.origin, |r| r.origin).between(-59m..=0s).select(|f, r| Departure {
            origin: f.origin,
            at: f.time_hour + Duration::from_mins(i64::from(f.minute)),
            delay: f.dep_delay,
            rain: r.precip,
            wind: r.wind_speed,
        });
    let days = departures.group_by(|_| ()).window(tumbling(1d)).select(|w, d| DelayDay {
        day: w.start(),
        flights: count(),
        cancelled: count_if(d.delay.is_none()),
        in_rain: count_if(d.rain > 0.0),
        dry: mean_if(d.delay, d.rain == 0.0),
        wet: mean_if(d.delay, d.rain > 0.0),
        ninth: quantile(d.delay, 0.9),
    });
    days.sink(DelayDays);

    let feed = source(Thermometers).lateness(30s).late_drop();
    let steady = feed.group_by(|_| ()).over(last(5m)).select(|t, w| Steady {
        at: t.at,
        celsius: t.celsius,
        mean: mean(w.celsius),
        deviation: stddev(w.celsius),
    });
    steady.sink(SteadyReadings);
}

fn main() -> ExitCode {
    match run(&command().get_matches()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Command {
    Command::new("weather").about("Smooths readings of New York's weather, and draws them").arg(
        Arg::new("plot")
            .long("plot")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .default_value("weather.svg")
            .help("Where the plot goes"),
    )
}

fn run(matches: &ArgMatches) -> Result<(), Box<dyn Error>> {
    let plot = matches.get_one::<PathBuf>("plot").expect("it has a default");
    let dir = tempfile::tempdir()?;
    let store = Store::open(dir.path())?;
    load(&store)?;
    let summary = weather().start(&store, RunOptions::new().close())?.wait()?;
    eprintln!("{} rows read, {} late", HumanCount(summary.rows_read), summary.rows_late);
    let results = report::Results::read(&store)?;
    print!("{}", results.table());
    fs::write(plot, results.plot()).map_err(|error| format!("cannot write {}: {error}", plot.display()))?;
    println!("\nThe plot is in {}.", plot.display());
    Ok(store.close()?)
}

/// Appends January 2013, and two hours of the generated feed.
fn load(store: &Store) -> Result<(), Box<dyn Error>> {
    TypedTopic::open(store, Readings)?.append(&readings::january()?)?;
    TypedTopic::open(store, Flights)?.append(&readings::flights_of_january()?)?;
    TypedTopic::open(store, Thermometers)?.append(&readings::feed(7))?;
    Ok(())
}

#[cfg(test)]
mod tests;
