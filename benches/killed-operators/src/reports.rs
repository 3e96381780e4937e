//! Reports of the flights of a file, made up of their numbers in it, some broken and some from the future.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use csv::{ByteRecord, ReaderBuilder};
use flate2::bufread::MultiGzDecoder;
use waterwheel::cli::Invocation;
use waterwheel::key::partition_of;
use waterwheel::log::RecordsBuilder;
use waterwheel::prelude::*;

use super::flight::Flight;
use super::{Report, Reports};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// `load FILE`: reports, all or none, unless they are there; and then the flights, likewise. So a load that is repeated until the flights are there
/// has loaded either once.
pub(crate) fn load(call: &Invocation) -> Result<()> {
    let name = call.arguments().get_one::<String>("FILE").expect("the argument is required");
    let store = call.store()?;
    let reports = TypedTopic::open(store, Reports)?;
    let topic = reports.topic();
    let partitions: Vec<_> = (0..topic.partitions())
        .map(|number| topic.partition(number))
        .collect::<std::result::Result<_, _>>()?;
    let mut are_there = false;
    for partition in &partitions {
        let mut scan = partition.scan(partition.log_start_offset(), partition.last_stable_offset());
        are_there |= scan.next()?.is_some();
    }
    if !are_there {
        let producer = store.producer("reports")?;
        let mut transaction = store.begin(&producer)?;
        for (partition, records) in partitions.iter().zip(records(name, topic.partitions())?) {
            transaction.append(partition, records)?;
        }
        transaction.commit()?;
    }
    super::load::file(call)
}

/// The records of each partition.
fn records(name: &str, partitions: u32) -> Result<Vec<RecordsBuilder>> {
    let mut builders: Vec<_> = (0..partitions).map(|_| RecordsBuilder::new()).collect();
    each(name, |number, flight| match number % 3 {
        0 => add(number, flight, &mut builders[partition_of(flight.dest.as_bytes(), partitions) as usize]),
        _ => Ok(()),
    })?;
    Ok(builders)
}

/// Gives each flight of a file with its number.
pub(crate) fn each(name: &str, mut take: impl FnMut(i64, &Flight) -> Result<()>) -> Result<()> {
    let mut file = BufReader::new(File::open(name)?);
    let zipped = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let text: Box<dyn Read> = if zipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut lines = ReaderBuilder::new().from_reader(text);
    let (mut line, mut flight, mut number) = (ByteRecord::new(), Flight::default(), 0);
    while lines.read_byte_record(&mut line)? {
        flight.set(&line).map_err(|bad| bad.to_string())?;
        take(number, &flight)?;
        number += 1;
    }
    Ok(())
}

/// The report of the flight with this number in the file: up to an hour and a half before or after it. One in 67 cannot be decoded, one in 97 is of
/// the year 2100, and every other one says the station.
fn add(number: i64, flight: &Flight, records: &mut RecordsBuilder) -> Result<()> {
    let at = match number % 291 {
        0 => "2100-01-01T00:00:00Z".parse()?,
        _ => flight.at() + Duration::from_mins(number * 7919 % 180 - 90),
    };
    let report =
        Report { carrier: flight.carrier.clone(), flight: flight.flight, dest: flight.dest.clone(), at };
    let mut value = serde_json::to_vec(&report)?;
    if number % 201 == 0 {
        value.truncate(value.len() / 2);
    }
    let station = [("station", Some(flight.origin.as_bytes()))];
    let headers = if number % 2 == 0 { &station[..] } else { &[] };
    records.push_with_headers(number, Some(flight.dest.as_bytes()), Some(&value), headers);
    Ok(())
}
