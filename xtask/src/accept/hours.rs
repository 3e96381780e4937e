//! What the results of `departures` must be: every hour of an airport, once, with the means to the last bit.

use std::collections::BTreeMap;

use serde_json::Value;

use super::model::Model;
use super::rows::Results;
use crate::error::{Error, Result};

/// The results of a file, and how many flights it has.
pub(super) struct Hours {
    flights: u64,
    rows: BTreeMap<Hour, HourRow>,
}

/// The key of a result row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Hour {
    origin: String,
    hour: String,
}

/// A result row.
#[derive(Debug, Clone, PartialEq)]
struct HourRow {
    hour: Hour,
    scheduled: u64,
    departed: u64,
    cancelled: u64,
    mean_delay: Option<f64>,
}

/// Which columns are counted, by their place in the file.
struct Columns {
    origin: usize,
    time_hour: usize,
    minute: usize,
    dep_time: usize,
    dep_delay: usize,
}

#[derive(Default)]
struct Sums {
    scheduled: u64,
    departed: u64,
    cancelled: u64,
    delay: i64,
    delays: u64,
}

impl Hours {
    /// Counts the flights of a file.
    pub(super) fn of(text: impl std::io::Read) -> Result<Hours, String> {
        let mut lines = csv::Reader::from_reader(text);
        let columns = Columns::of(lines.headers().map_err(|error| error.to_string())?)?;
        let (mut flights, mut sums) = (0, BTreeMap::<Hour, Sums>::new());
        for line in lines.records() {
            let line = line.map_err(|error| error.to_string())?;
            columns.add(&line, &mut sums).map_err(|reason| format!("flight {}: {reason}", flights + 1))?;
            flights += 1;
        }
        let rows = sums.into_iter().map(|(hour, sums)| (hour.clone(), sums.row(hour))).collect();
        Ok(Hours { flights, rows })
    }
}

impl Model for Hours {
    fn flights(&self) -> u64 {
        self.flights
    }

    /// Equal to what the loop gives, with each hour of an airport once.
    fn check(&self, results: &Results) -> Result<()> {
        let mut seen: BTreeMap<Hour, HourRow> = BTreeMap::new();
        for line in results.lines() {
            let row = HourRow::parse(line).ok_or_else(|| Error::Refuted(format!("no result row: {line}")))?;
            if let Some(row) = seen.insert(row.hour.clone(), row) {
                let Hour { origin, hour } = row.hour;
                return Err(Error::Refuted(format!("two result rows for {origin} at {hour}")));
            }
        }
        for (hour, expected) in &self.rows {
            let found = seen.remove(hour);
            if found.as_ref() != Some(expected) {
                return Err(Error::Refuted(format!(
                    "a plain loop gives {expected:?}, and the pipeline {found:?}"
                )));
            }
        }
        match seen.into_values().next() {
            Some(row) => Err(Error::Refuted(format!("a plain loop gives no such row: {row:?}"))),
            None => Ok(()),
        }
    }

    /// Per origin, scheduled and cancelled.
    fn figures(&self) -> String {
        let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for (hour, row) in &self.rows {
            let (scheduled, cancelled) = sums.entry(&hour.origin).or_default();
            *scheduled += row.scheduled;
            *cancelled += row.cancelled;
        }
        let sum = |(origin, (scheduled, cancelled)): (&str, (u64, u64))| {
            format!("{origin} {scheduled} scheduled, {cancelled} cancelled")
        };
        sums.into_iter().map(sum).collect::<Vec<_>>().join("; ")
    }
}

impl HourRow {
    fn parse(line: &str) -> Option<HourRow> {
        let row: Value = serde_json::from_str(line.split_once(' ')?.1).ok()?;
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        let mean_delay = match &row["mean_delay"] {
            Value::Null => None,
            mean => Some(mean.as_f64()?),
        };
        Some(HourRow {
            hour: Hour { origin: text("origin")?, hour: text("hour")? },
            scheduled: row["scheduled"].as_u64()?,
            departed: row["departed"].as_u64()?,
            cancelled: row["cancelled"].as_u64()?,
            mean_delay,
        })
    }
}

impl Columns {
    fn of(header: &csv::StringRecord) -> Result<Self, String> {
        let at = |name: &str| {
            let at = header.iter().position(|column| column == name);
            at.ok_or_else(|| format!("there is no column `{name}`"))
        };
        Ok(Columns {
            origin: at("origin")?,
            time_hour: at("time_hour")?,
            minute: at("minute")?,
            dep_time: at("dep_time")?,
            dep_delay: at("dep_delay")?,
        })
    }

    fn add(&self, line: &csv::StringRecord, sums: &mut BTreeMap<Hour, Sums>) -> Result<(), String> {
        let minute: u8 = line[self.minute].parse().map_err(|_| format!("minute {}", &line[self.minute]))?;
        if minute >= 60 || !line[self.time_hour].ends_with(":00:00Z") {
            // Then the text of `time_hour` would not be the beginning of the flight's window.
            return Err(format!("{} + {minute} minutes is not inside the hour", &line[self.time_hour]));
        }
        let hour = Hour { origin: line[self.origin].to_owned(), hour: line[self.time_hour].to_owned() };
        let sums = sums.entry(hour).or_default();
        sums.scheduled += 1;
        match &line[self.dep_time] {
            "NA" => sums.cancelled += 1,
            _ => sums.departed += 1,
        }
        if &line[self.dep_delay] != "NA" {
            let delay = &line[self.dep_delay];
            sums.delay += delay.parse::<i64>().map_err(|_| format!("dep_delay {delay}"))?;
            sums.delays += 1;
        }
        Ok(())
    }
}

impl Sums {
    fn row(&self, hour: Hour) -> HourRow {
        // Both are whole numbers below 2^53, so the quotient is the mean, rounded once.
        let mean_delay = (self.delays > 0).then(|| self.delay as f64 / self.delays as f64);
        let Sums { scheduled, departed, cancelled, .. } = *self;
        HourRow { hour, scheduled, departed, cancelled, mean_delay }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flights_are_counted_by_origin_and_hour() {
        let file = "origin,time_hour,minute,dep_time,dep_delay\n\
                    EWR,2013-01-01T10:00:00Z,15,517,2\n\
                    EWR,2013-01-01T10:00:00Z,59,NA,NA\n\
                    JFK,2013-01-01T10:00:00Z,0,NA,NA\n";
        let hours = Hours::of(file.as_bytes()).unwrap();
        let rows: Vec<_> =
            hours.rows.values().map(|row| (row.scheduled, row.cancelled, row.mean_delay)).collect();
        assert_eq!((hours.flights, rows), (3, vec![(2, 1, Some(2.0)), (1, 1, None)]));
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        assert_eq!(Hours::of("a,b\n1,2\n".as_bytes()).err().as_deref(), Some("there is no column `origin`"));
    }

    const ROW: &str = r#"departures-per-hour {"origin":"EWR","hour":"2013-01-01T10:00:00Z","scheduled":2,"departed":1,"cancelled":1,"mean_delay":2.5}"#;

    #[test]
    fn an_hour_that_comes_twice_is_found() {
        let hour = Hour { origin: "EWR".to_owned(), hour: "2013-01-01T10:00:00Z".to_owned() };
        let row =
            HourRow { hour: hour.clone(), scheduled: 2, departed: 1, cancelled: 1, mean_delay: Some(2.5) };
        let hours = Hours { flights: 2, rows: BTreeMap::from([(hour, row)]) };
        let check =
            |lines: &[&str]| hours.check(&Results::of(lines.iter().map(|line| (*line).to_owned()).collect()));
        assert!(check(&[ROW]).is_ok());
        assert!(check(&[ROW, ROW]).unwrap_err().to_string().starts_with("two result rows"));
        assert!(check(&[]).unwrap_err().to_string().starts_with("a plain loop gives"));
    }
}
