//! Flights that left late, and reports: those that meet, and those that meet none.

use std::collections::BTreeMap;

use super::super::aircraft::time;
use super::input::{Flight, Report, Row, or_null};
use super::{HOUR_MS, Out, floor};

/// Every report with what its record says, and the headers that it gets.
pub(super) fn tolds(reports: &[Row<Report>], out: &mut Out<'_>) {
    for report in reports {
        let Report { carrier, flight, dest, station, .. } = &report.row;
        let station = or_null(station.as_deref());
        let (partition, at) = (report.partition, time(report.at));
        out.row(
            "tolds",
            format!(
                r#""headers":{{"of":["{carrier}","{dest}"]}},"row":{{"carrier":"{carrier}","flight":{flight},"dest":"{dest}","station":{station},"partition":{partition},"at":"{at}"}}}}"#
            ),
        );
    }
}

fn met(carrier: &str, flight: u16, left: Option<i64>, told: Option<i64>) -> String {
    let (left, told) = (or_null(left.map(time)), or_null(told.map(time)));
    format!(r#"{{"carrier":"{carrier}","flight":{flight},"left":{left},"told":{told}}}"#)
}

/// A report, and whether it has met a flight.
type MayMeet<'i> = (&'i Row<Report>, bool);

/// Flights and reports of one number, of which the report comes from two hours before to one hour behind; those that meet none, and once more the
/// flights among these.
pub(super) fn met_or_not<'i>(flights: &[&'i Row<Flight>], reports: &'i [Row<Report>], out: &mut Out<'i>) {
    let (lo, hi) = (-2 * HOUR_MS, HOUR_MS);
    let mut by_number: BTreeMap<(&str, u16), Vec<MayMeet>> = BTreeMap::new();
    for report in reports {
        if report.at + hi - lo <= report.watermark_before {
            // For both joins.
            out.late_reports.extend([&report.row, &report.row]);
        } else {
            let key = (report.row.carrier.as_str(), report.row.flight);
            by_number.entry(key).or_default().push((report, false));
        }
    }
    for flight in flights {
        let Flight { carrier, flight: number, .. } = &flight.row;
        if flight.at + hi - lo <= flight.watermark_before {
            out.late_flights.extend([&flight.row, &flight.row]);
            continue;
        }
        let mut meets = false;
        for (report, has_met) in by_number.entry((carrier, *number)).or_default() {
            if (lo..=hi).contains(&(report.at - flight.at))
                && report.at - lo > flight.watermark_before
                && flight.at + hi > report.watermark_before
            {
                out.row("mets", met(carrier, *number, Some(flight.at), Some(report.at)));
                (meets, *has_met) = (true, true);
            }
        }
        if !meets {
            out.row("mets", met(carrier, *number, Some(flight.at), None));
            out.row("untold", met(carrier, *number, Some(flight.at), None));
        }
    }
    for ((carrier, number), reports) in by_number {
        for (report, _) in reports.iter().filter(|(_, has_met)| !has_met) {
            out.row("mets", met(carrier, number, None, Some(report.at)));
        }
    }
}

/// Flights and reports of a carrier and a place, of the same two hours, and flights that meet none.
pub(super) fn in_windows<'i>(flights: &[&'i Row<Flight>], reports: &'i [Row<Report>], out: &mut Out<'i>) {
    let size = 2 * HOUR_MS;
    let is_late = |at: i64, watermark_before: i64| floor(at, size, 0) + size - 1 <= watermark_before;
    let mut windows: BTreeMap<(&str, &str, i64), Vec<i64>> = BTreeMap::new();
    for report in reports {
        if is_late(report.at, report.watermark_before) {
            out.late_reports.push(&report.row);
        } else {
            let Report { carrier, dest, .. } = &report.row;
            windows.entry((carrier, dest, floor(report.at, size, 0))).or_default().push(report.at);
        }
    }
    for flight in flights {
        let Flight { carrier, dest, flight: number, .. } = &flight.row;
        if is_late(flight.at, flight.watermark_before) {
            out.late_flights.push(&flight.row);
            continue;
        }
        match windows.get(&(carrier.as_str(), dest.as_str(), floor(flight.at, size, 0))) {
            Some(reports) => reports
                .iter()
                .for_each(|told| out.row("in-windows", met(carrier, *number, Some(flight.at), Some(*told)))),
            None => out.row("in-windows", met(carrier, *number, Some(flight.at), None)),
        }
    }
}
