//! What the results must be, by a plain loop over the file that knows nothing of Waterwheel.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::rows::{Hour, ResultRow};
use crate::error::{Error, Result};

/// The results of a file, and how many flights it has.
pub(super) struct Oracle {
    pub(super) flights: u64,
    pub(super) rows: BTreeMap<Hour, ResultRow>,
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

impl Oracle {
    /// Reads the file, gzipped or not.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::path(path))?;
        let mut file = BufReader::new(file);
        let zipped = file.fill_buf().map_err(Error::path(path))?.starts_with(&[0x1f, 0x8b]);
        let text: Box<dyn Read> = if zipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        Oracle::of(text).map_err(|reason| Error::Input { path: path.to_owned(), reason })
    }

    fn of(text: impl Read) -> Result<Self, String> {
        let mut lines = csv::Reader::from_reader(text);
        let columns = Columns::of(lines.headers().map_err(|error| error.to_string())?)?;
        let (mut flights, mut sums) = (0, BTreeMap::<Hour, Sums>::new());
        for line in lines.records() {
            let line = line.map_err(|error| error.to_string())?;
            columns.add(&line, &mut sums).map_err(|reason| format!("flight {}: {reason}", flights + 1))?;
            flights += 1;
        }
        let rows = sums.into_iter().map(|(hour, sums)| (hour.clone(), sums.row(hour))).collect();
        Ok(Oracle { flights, rows })
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
    fn row(&self, hour: Hour) -> ResultRow {
        // Both are whole numbers below 2^53, so the quotient is the mean, rounded once.
        let mean_delay = (self.delays > 0).then(|| self.delay as f64 / self.delays as f64);
        let Sums { scheduled, departed, cancelled, .. } = *self;
        ResultRow { hour, scheduled, departed, cancelled, mean_delay }
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
        let oracle = Oracle::of(file.as_bytes()).unwrap();
        let rows: Vec<_> =
            oracle.rows.values().map(|row| (row.scheduled, row.cancelled, row.mean_delay)).collect();
        assert_eq!((oracle.flights, rows), (3, vec![(2, 1, Some(2.0)), (1, 1, None)]));
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        assert_eq!(Oracle::of("a,b\n1,2\n".as_bytes()).err().as_deref(), Some("there is no column `origin`"));
    }
}
