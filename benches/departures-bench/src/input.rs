//! The input: a file of flights as typed rows, in as many copies as it takes, and as a file ten times as long.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};
use flate2::bufread::MultiGzDecoder;
use waterwheel::prelude::*;

use crate::Failure;
use crate::flight::{COLUMNS, Flight};

/// Each copy of the input lies so much later than the one before.
const COPY_DISTANCE_DAYS: i64 = 366;

/// The flights of a file.
pub(crate) fn flights(path: &Path) -> Result<Vec<Flight>, Failure> {
    let mut lines = lines(path)?;
    let (mut line, mut flight, mut flights) = (ByteRecord::new(), Flight::default(), Vec::new());
    while lines.read_byte_record(&mut line)? {
        flight.set(&line).map_err(|bad| format!("{}: {bad}", path.display()))?;
        flights.push(flight.clone());
    }
    Ok(flights)
}

/// The flights, and copies of them at later times.
pub(crate) fn copies(flights: Vec<Flight>, copies: usize) -> Vec<Flight> {
    let mut all = Vec::with_capacity(flights.len() * copies);
    for copy in 0..copies {
        all.extend(
            flights
                .iter()
                .map(|flight| Flight { time_hour: flight.time_hour + distance(copy), ..flight.clone() }),
        );
    }
    all
}

/// Writes the file in so many copies, each later than the one before.
pub(crate) fn write_copies(path: &Path, copies: usize, to: &Path) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(to)?);
    writeln!(out, "{}", COLUMNS.join(","))?;
    for copy in 0..copies {
        let mut lines = lines(path)?;
        let mut line = csv::StringRecord::new();
        while lines.read_record(&mut line)? {
            let day: Timestamp =
                format!("{}-{:0>2}-{:0>2}T00:00:00Z", &line[0], &line[1], &line[2]).parse()?;
            let day = (day + distance(copy)).to_string();
            let (date, _) = day.split_once('T').ok_or("a time has no `T`")?;
            let mut date = date.split('-').map(|part| part.trim_start_matches('0'));
            for part in date.by_ref() {
                write!(out, "{part},")?;
            }
            for column in 3..COLUMNS.len() - 1 {
                write!(out, "{},", &line[column])?;
            }
            let hour: Timestamp = line[COLUMNS.len() - 1].parse()?;
            writeln!(out, "{}", hour + distance(copy))?;
        }
    }
    out.flush()?;
    Ok(())
}

fn distance(copies: usize) -> Duration {
    Duration::from_days(COPY_DISTANCE_DAYS * copies as i64)
}

/// The lines of a file, gzipped or not, without its header.
fn lines(path: &Path) -> Result<csv::Reader<Box<dyn Read>>, Failure> {
    let file = File::open(path).map_err(|error| format!("cannot open {}: {error}", path.display()))?;
    let mut file = BufReader::new(file);
    let zipped = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let text: Box<dyn Read> = if zipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    Ok(ReaderBuilder::new().from_reader(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_366_days_later_in_all_its_columns() {
        let dir = tempfile::tempdir().unwrap();
        let (once, twice) = (dir.path().join("once.csv"), dir.path().join("twice.csv"));
        let line = "2013,12,31,517,515,2,830,819,11,UA,1545,NA,EWR,IAH,227,1400,5,15,2013-12-31T10:00:00Z";
        std::fs::write(&once, format!("{}\n{line}\n", COLUMNS.join(","))).unwrap();
        write_copies(&once, 2, &twice).unwrap();
        let rows = flights(&twice).unwrap();
        let in_memory = copies(flights(&once).unwrap(), 2);
        assert_eq!((rows.len(), &rows[0], rows[1].time_hour), (2, &in_memory[0], in_memory[1].time_hour));
        assert_eq!((rows[1].year, rows[1].month, rows[1].day), (2015, 1, 1));
        assert_eq!(rows[1].time_hour.to_string(), "2015-01-01T10:00:00Z");
    }
}
