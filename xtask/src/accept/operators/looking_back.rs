//! What takes rows in order: those that look back, and windows of so many rows.

use std::collections::BTreeMap;

use super::super::aircraft::time;
use super::input::{Flight, Row, or_null};
use super::{HOUR_MS, Out};

/// The flights that are not late for what takes rows in order, in order; so many operators have dropped the others.
fn in_order<'i>(flights: &'i [Row<Flight>], operators: usize, out: &mut Out<'i>) -> Vec<&'i Row<Flight>> {
    let (mut in_time, late): (Vec<&Row<Flight>>, Vec<&Row<Flight>>) =
        flights.iter().partition(|flight| flight.at > flight.watermark_before);
    for flight in late {
        out.late_flights.extend(std::iter::repeat_n(&flight.row, operators));
    }
    in_time.sort_by_key(|flight| flight.place());
    in_time
}

/// Each flight with those to its place: of three hours, and the last five of eight.
pub(super) fn recent<'i>(flights: &'i [Row<Flight>], out: &mut Out<'i>) {
    let mut places: BTreeMap<&str, Vec<&Row<Flight>>> = BTreeMap::new();
    for flight in in_order(flights, 2, out) {
        places.entry(&flight.row.dest).or_default().push(flight);
    }
    for flights in places.into_values() {
        for (index, flight) in flights.iter().enumerate() {
            let before = |bound: i64| flights.partition_point(|other| other.at < bound);
            let by_span = &flights[before(flight.at - 3 * HOUR_MS)..before(flight.at + 1)];
            out.row("by-span", row(flight, by_span));
            let five = &flights[(index + 1).saturating_sub(5)..=index];
            let young = five.partition_point(|other| other.at <= flight.at - 8 * HOUR_MS);
            out.row("by-rows", row(flight, &five[young..]));
        }
    }
}

fn row(flight: &Row<Flight>, frame: &[&Row<Flight>]) -> String {
    let delays: Vec<i64> = frame.iter().filter_map(|other| other.row.delay).collect();
    let mean = (!delays.is_empty()).then(|| delays.iter().sum::<i64>() as f64 / delays.len() as f64);
    format!(
        r#"{{"dest":"{}","carrier":"{}","flight":{},"at":"{}","flights":{},"worst":{},"miles":{},"first":{},"mean":{}}}"#,
        flight.row.dest,
        flight.row.carrier,
        flight.row.flight,
        time(flight.at),
        frame.len(),
        or_null(delays.iter().max().copied()),
        frame.iter().map(|other| other.row.distance).sum::<i64>(),
        frame[0].row.flight,
        or_null(mean)
    )
}

/// Forty flights of a carrier; what is left in the end makes no row.
pub(super) fn forties<'i>(flights: &'i [Row<Flight>], out: &mut Out<'i>) {
    let mut carriers: BTreeMap<&str, Vec<&Row<Flight>>> = BTreeMap::new();
    for flight in in_order(flights, 1, out) {
        carriers.entry(&flight.row.carrier).or_default().push(flight);
    }
    for (carrier, flights) in carriers {
        for forty in flights.chunks_exact(40) {
            let miles: i64 = forty.iter().map(|flight| flight.row.distance).sum();
            // Of several that are the greatest the earliest.
            let farthest = forty.iter().rev().max_by_key(|flight| flight.row.distance);
            let farthest = or_null(farthest.map(|flight| flight.row.dest.as_str()));
            let (from, until) = (time(forty[0].at), time(forty[39].at + 1));
            out.row(
                "forties",
                format!(
                    r#"{{"carrier":"{carrier}","from":"{from}","until":"{until}","miles":{miles},"farthest":{farthest}}}"#
                ),
            );
        }
    }
}
