//! What the example reads: weather and flights of January 2013, and a thermometer that is made up.

use std::error::Error;
use std::str::FromStr;

use csv::{ByteRecord, Reader, StringRecord};
use flate2::read::GzDecoder;
use waterwheel::prelude::*;

use super::flight::{COLUMNS, Flight};

/// The weather at an airport, once an hour.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Reading {
    pub(crate) origin: String,
    /// In degrees Fahrenheit.
    pub(crate) temp: Option<f64>,
    /// In miles an hour.
    pub(crate) wind_speed: Option<f64>,
    /// In inches.
    pub(crate) precip: f64,
    pub(crate) time_hour: Timestamp,
}

/// A measurement of the generated thermometer.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Thermometer {
    pub(crate) celsius: f64,
    pub(crate) at: Timestamp,
}

/// January 2013; the README names source and licence.
const WEATHER: &[u8] = include_bytes!("weather-2013-01.csv.gz");
const FLIGHTS: &[u8] = include_bytes!("../departures/flights-2013-01.csv.gz");

/// The readings of January, as they came in: hour by hour. In the file they stand airport by airport.
pub(crate) fn january() -> Result<Vec<Reading>, Box<dyn Error>> {
    let mut lines = Reader::from_reader(GzDecoder::new(WEATHER));
    let columns = lines.headers()?.clone();
    let mut readings: Vec<Reading> =
        lines.records().map(|line| reading(&columns, &line?)).collect::<Result<_, Box<dyn Error>>>()?;
    readings.sort_by_key(|reading| reading.time_hour);
    Ok(readings)
}

fn reading(columns: &StringRecord, line: &StringRecord) -> Result<Reading, Box<dyn Error>> {
    let field = |name: &str| -> Result<&str, Box<dyn Error>> {
        let at =
            columns.iter().position(|column| column == name).ok_or(format!("there is no column {name}"))?;
        Ok(line.get(at).unwrap_or_default())
    };
    let number = |name: &str| -> Result<Option<f64>, Box<dyn Error>> {
        match field(name)? {
            "NA" => Ok(None),
            text => f64::from_str(text).map(Some).map_err(|_| format!("column {name} has {text:?}").into()),
        }
    };
    Ok(Reading {
        origin: field("origin")?.to_owned(),
        temp: number("temp")?,
        wind_speed: number("wind_speed")?,
        precip: number("precip")?.ok_or("column precip has no value")?,
        time_hour: field("time_hour")?.parse()?,
    })
}

/// The flights of January, as the example `departures` has them.
pub(crate) fn flights_of_january() -> Result<Vec<Flight>, Box<dyn Error>> {
    let mut lines = Reader::from_reader(GzDecoder::new(FLIGHTS));
    if !lines.headers()?.iter().eq(COLUMNS) {
        return Err("the columns of the flights are not those of the example `departures`".into());
    }
    let mut flights = Vec::new();
    for line in lines.into_byte_records() {
        let line: ByteRecord = line?;
        let mut flight = Flight::default();
        flight.set(&line).map_err(|bad| bad.to_string())?;
        flights.push(flight);
    }
    Ok(flights)
}

/// Two hours of a thermometer that is read every ten seconds, trembles, and is breathed upon now and then. A seed gives one feed.
pub(crate) fn feed(seed: u64) -> Vec<Thermometer> {
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 11) as f64 / (1_u64 << 53) as f64
    };
    let begin: Timestamp = "2013-01-01T12:00:00Z".parse().expect("it is a time");
    let mut breath = 0.0_f64;
    (0..720)
        .map(|step| {
            let calm = 20.0 + 1.5 * (f64::from(step) / 115.0).sin();
            breath = if next() < 0.01 { 2.5 } else { breath * 0.7 };
            let celsius = calm + (next() + next() - 1.0) * 0.8 + breath;
            Thermometer { celsius, at: begin + Duration::from_secs(10 * i64::from(step)) }
        })
        .collect()
}
