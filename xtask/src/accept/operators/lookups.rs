//! Flights with what the side tables say of their place and their airline.

use std::collections::{BTreeMap, BTreeSet};

use super::super::aircraft::time;
use super::input::{Flight, Row, or_null};
use super::{HOUR_MS, Out, floor};

/// The file that the program is given.
const AIRLINES: &str = include_str!("../../../../benches/killed-operators/airlines.csv");

/// What the tables hold.
pub(super) struct Tables {
    /// The name and the region of a destination.
    places: BTreeMap<String, (String, u8)>,
    /// The name and the hub of a carrier.
    airlines: BTreeMap<String, (String, Option<String>)>,
    /// How many rows they have, those that do not count, too.
    pub(super) rows: u64,
}

/// When a window begins, the airline's name, and the region.
type Window<'i> = (i64, Option<&'i str>, u8);

impl Tables {
    /// The places that the program's `load` makes of flights, and the lines of the file; the last one of each.
    pub(super) fn of(flights: &[Row<Flight>]) -> Result<Tables, String> {
        let (mut seen, mut places, mut rows) = (BTreeSet::new(), BTreeMap::new(), 0);
        for flight in flights {
            let (dest, number) = (&flight.row.dest, seen.len());
            if seen.insert(dest) && number % 6 != 5 {
                // One in three has an earlier row.
                rows += 1 + u64::from(number.is_multiple_of(3));
                places.insert(dest.clone(), (format!("{dest}, number {number}"), (number % 4) as u8));
            }
        }
        let mut airlines = BTreeMap::new();
        for line in csv::Reader::from_reader(AIRLINES.as_bytes()).records() {
            let line = line.map_err(|error| error.to_string())?;
            rows += 1;
            let hub = Some(line[2].to_owned()).filter(|hub| !hub.is_empty());
            airlines.insert(line[0].to_owned(), (line[1].to_owned(), hub));
        }
        Ok(Tables { places, airlines, rows })
    }

    /// The region of a place that the table does not have is 255.
    fn region(&self, dest: &str) -> u8 {
        self.places.get(dest).map_or(u8::MAX, |(_, region)| *region)
    }
}

/// Flights of which one table says nothing.
pub(super) fn unknowns(flights: &[Row<Flight>], tables: &Tables, out: &mut Out<'_>) {
    for row in flights {
        let Flight { carrier, flight, dest, .. } = &row.row;
        let (place, airline) = (tables.places.get(dest), tables.airlines.get(carrier));
        if place.is_some() && airline.is_some() {
            continue;
        }
        let (place, region) = (or_null(place.map(|place| place.0.as_str())), tables.region(dest));
        let hub = or_null(airline.and_then(|airline| airline.1.as_deref()));
        let (airline, at) = (or_null(airline.map(|airline| airline.0.as_str())), time(row.at));
        out.row(
            "unknowns",
            format!(
                r#"{{"carrier":"{carrier}","flight":{flight},"place":{place},"region":{region},"airline":{airline},"hub":{hub},"at":"{at}"}}"#
            ),
        );
    }
}

/// Two hours of each airline and region. A flight comes there as late as it came itself: what is looked up has no time.
pub(super) fn regions<'i>(flights: &'i [Row<Flight>], tables: &Tables, out: &mut Out<'i>) {
    let size = 2 * HOUR_MS;
    let mut windows: BTreeMap<Window, Vec<&Row<Flight>>> = BTreeMap::new();
    for flight in flights {
        let from = floor(flight.at, size, 0);
        if from + size - 1 <= flight.watermark_before {
            out.late_flights.push(&flight.row);
        } else {
            let airline = tables.airlines.get(&flight.row.carrier).map(|airline| airline.0.as_str());
            windows.entry((from, airline, tables.region(&flight.row.dest))).or_default().push(flight);
        }
    }
    for ((from, airline, region), flights) in windows {
        let places: BTreeSet<_> =
            flights.iter().filter_map(|flight| tables.places.get(&flight.row.dest)).collect();
        let last = flights.iter().max_by_key(|flight| flight.place()).expect("a window has a row");
        let (airline, from, last) = (or_null(airline), time(from), last.row.flight);
        let (flights, places) = (flights.len(), places.len());
        out.row(
            "regions",
            format!(
                r#"{{"airline":{airline},"region":{region},"from":"{from}","flights":{flights},"places":{places},"last":{last}}}"#
            ),
        );
    }
}
