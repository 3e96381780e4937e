//! The flights of a file, and the reports that the program makes of them, each with the watermark of its partition before it.

use std::collections::BTreeMap;
use std::io::Read;

use jiff::Timestamp;
use serde_json::Value;

use super::super::aircraft::{json as json_of_line, partition, time};
use super::HOUR_MS;

const MINUTE_MS: i64 = 60_000;
const FLIGHT_PARTITIONS: u32 = 4;
const REPORT_PARTITIONS: u32 = 3;
const FLIGHT_LATENESS_MS: i64 = 2 * HOUR_MS;
const REPORT_LATENESS_MS: i64 = 3 * HOUR_MS;

/// All that is loaded.
pub(super) struct Input {
    pub(super) flights: Vec<Row<Flight>>,
    pub(super) reports: Vec<Row<Report>>,
    /// Reports from the future.
    pub(super) ahead: Vec<Report>,
    /// What was half a report.
    pub(super) bad: Vec<Vec<u8>>,
}

/// A row where it stands in the log.
pub(super) struct Row<T> {
    pub(super) row: T,
    pub(super) at: i64,
    pub(super) partition: u32,
    /// In the file, and so in its partition too.
    pub(super) number: i64,
    /// The watermark of its partition before it.
    pub(super) watermark_before: i64,
}

impl<T> Row<T> {
    /// What stands for it in the order of rows.
    pub(super) fn place(&self) -> (i64, u32, i64) {
        (self.at, self.partition, self.number)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Flight {
    pub(super) carrier: String,
    pub(super) flight: u16,
    pub(super) origin: String,
    pub(super) dest: String,
    pub(super) tailnum: Option<String>,
    pub(super) delay: Option<i64>,
    pub(super) distance: i64,
    /// The whole row.
    pub(super) json: String,
}

impl Flight {
    pub(super) fn is_delayed(&self) -> bool {
        self.delay.is_some_and(|delay| delay > 30)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Report {
    pub(super) carrier: String,
    pub(super) flight: u16,
    pub(super) dest: String,
    pub(super) station: Option<String>,
    at: i64,
}

impl Report {
    /// As the topic has it. The order of fields is that of the type, which `json!` does not keep.
    pub(super) fn json(&self) -> String {
        let Report { carrier, flight, dest, at, .. } = self;
        format!(r#"{{"carrier":"{carrier}","flight":{flight},"dest":"{dest}","at":"{}"}}"#, time(*at))
    }
}

/// Watermarks of partitions.
#[derive(Default)]
struct Watermarks(BTreeMap<u32, i64>);

impl Watermarks {
    fn row<T>(&mut self, row: T, at: i64, partition: u32, number: i64, lateness: i64) -> Row<T> {
        let greatest = self.0.entry(partition).or_insert(i64::MIN);
        let watermark_before = greatest.saturating_sub(lateness);
        *greatest = at.max(*greatest);
        Row { row, at, partition, number, watermark_before }
    }
}

impl Input {
    pub(super) fn of(text: impl Read) -> Result<Input, String> {
        let mut lines = csv::Reader::from_reader(text);
        let header = lines.headers().map_err(|error| error.to_string())?.clone();
        let mut input =
            Input { flights: Vec::new(), reports: Vec::new(), ahead: Vec::new(), bad: Vec::new() };
        let (mut of_flights, mut of_reports) = (Watermarks::default(), Watermarks::default());
        for (number, line) in (0..).zip(lines.records()) {
            let line = line.map_err(|error| error.to_string())?;
            let (flight, at) = flight(&header, &line)?;
            if number % 3 == 0 {
                input.add_report(number, &flight, at, &mut of_reports)?;
            }
            let partition = partition(flight.carrier.as_bytes(), FLIGHT_PARTITIONS);
            input.flights.push(of_flights.row(flight, at, partition, number, FLIGHT_LATENESS_MS));
        }
        Ok(input)
    }

    fn add_report(
        &mut self,
        number: i64,
        flight: &Flight,
        at: i64,
        marks: &mut Watermarks,
    ) -> Result<(), String> {
        let future: Timestamp = "2100-01-01T00:00:00Z".parse().map_err(|error| format!("{error}"))?;
        let is_ahead = number % 291 == 0;
        let shifted = at + (number * 7919 % 180 - 90) * MINUTE_MS;
        let report = Report {
            carrier: flight.carrier.clone(),
            flight: flight.flight,
            dest: flight.dest.clone(),
            station: (number % 2 == 0).then(|| flight.origin.clone()),
            at: if is_ahead { future.as_millisecond() } else { shifted },
        };
        if number % 201 == 0 {
            let json = report.json().into_bytes();
            self.bad.push(json[..json.len() / 2].to_vec());
        } else if is_ahead {
            self.ahead.push(report);
        } else {
            let partition = partition(report.dest.as_bytes(), REPORT_PARTITIONS);
            self.reports.push(marks.row(report, shifted, partition, number, REPORT_LATENESS_MS));
        }
        Ok(())
    }
}

fn flight(header: &csv::StringRecord, line: &csv::StringRecord) -> Result<(Flight, i64), String> {
    let column = |name: &str| {
        let at = header.iter().position(|column| column == name);
        at.and_then(|at| line.get(at)).ok_or_else(|| format!("there is no column `{name}`"))
    };
    let text = |name: &str| column(name).map(str::to_owned);
    let number = |name: &str| column(name)?.parse::<i64>().map_err(|_| format!("`{name}` is no number"));
    let hour: Timestamp = column("time_hour")?.parse().map_err(|error| format!("`time_hour`: {error}"))?;
    let at = hour.as_millisecond() + number("minute")? * MINUTE_MS;
    let flight = Flight {
        carrier: text("carrier")?,
        flight: column("flight")?.parse().map_err(|_| "`flight` is no number")?,
        origin: text("origin")?,
        dest: text("dest")?,
        tailnum: Some(text("tailnum")?).filter(|tailnum| tailnum != "NA"),
        delay: if column("dep_delay")? == "NA" { None } else { Some(number("dep_delay")?) },
        distance: number("distance")?,
        json: json_of_line(header, line),
    };
    Ok((flight, at))
}

/// A value as `read` prints it, or `null`.
pub(super) fn or_null(value: Option<impl Into<Value>>) -> String {
    Value::from(value).to_string()
}
