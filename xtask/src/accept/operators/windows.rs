//! Windows that slide, grow, go by a zone or have an offset, and the best of each.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::super::aircraft::time;
use super::input::{Flight, Row, or_null};
use super::{DAY_MS, HOUR_MS, Out, floor};

/// What rows come to.
#[derive(Default)]
struct Sums<'i> {
    flights: i128,
    delay: i64,
    delays: i64,
    miles: i128,
    squares: i128,
    carriers: BTreeSet<&'i str>,
}

impl<'i> Sums<'i> {
    fn add(&mut self, flight: &'i Flight) {
        let distance = i128::from(flight.distance);
        self.flights += 1;
        self.delay += flight.delay.unwrap_or(0);
        self.delays += i64::from(flight.delay.is_some());
        self.miles += distance;
        self.squares += distance * distance;
        self.carriers.insert(&flight.carrier);
    }

    fn mean_delay(&self) -> Option<f64> {
        (self.delays > 0).then(|| self.delay as f64 / self.delays as f64)
    }

    /// The sample's standard deviation of the distances.
    fn spread(&self) -> Option<f64> {
        let n = self.flights;
        let above = n * self.squares - self.miles * self.miles;
        (n > 1).then(|| (above as f64 / (n * (n - 1)) as f64).sqrt())
    }
}

/// Three hours, every hour; a flight is in those that its watermark has not passed. And the two of each that have come farthest.
pub(super) fn smooth<'i>(flights: &'i [Row<Flight>], out: &mut Out<'i>) {
    let mut windows: BTreeMap<(i64, &str), Sums> = BTreeMap::new();
    for flight in flights {
        let hour = floor(flight.at, HOUR_MS, 0);
        let ends =
            (1..=3).map(|later| hour + later * HOUR_MS).filter(|end| end - 1 > flight.watermark_before);
        let ends: Vec<i64> = ends.collect();
        ends.iter().for_each(|end| windows.entry((*end, &flight.row.origin)).or_default().add(&flight.row));
        if ends.is_empty() {
            out.late_flights.push(&flight.row);
        }
    }
    let mut ranked: BTreeMap<i64, Vec<(i128, &str)>> = BTreeMap::new();
    for ((until, origin), sums) in &windows {
        ranked.entry(*until).or_default().push((-sums.miles, *origin));
        let row = format!(
            r#"{{"origin":"{origin}","until":"{}","flights":{},"delay":{},"spread":{},"carriers":{},"miles":{}}}"#,
            time(*until),
            sums.flights,
            or_null(sums.mean_delay()),
            or_null(sums.spread()),
            sums.carriers.len(),
            sums.miles
        );
        out.row("smooths", row);
    }
    for (until, mut origins) in ranked {
        origins.sort_unstable();
        for (rank, (miles, origin)) in (1..).zip(origins.into_iter().take(2)) {
            let (until, miles) = (time(until), -miles);
            out.row(
                "farthests",
                format!(r#"{{"until":"{until}","rank":{rank},"origin":"{origin}","miles":{miles}}}"#),
            );
        }
    }
}

/// A day of an airport as it was.
#[derive(Default)]
pub(super) struct Day {
    flights: u64,
    /// Of delay and distance, where there is a delay.
    products: i64,
    weights: i64,
    aircraft: BTreeSet<String>,
    distances: Vec<i64>,
    delays: Vec<i64>,
}

impl Day {
    fn add(&mut self, flight: &Flight) {
        self.flights += 1;
        if let Some(delay) = flight.delay {
            self.products += delay * flight.distance;
            self.weights += flight.distance;
            self.delays.push(delay);
        }
        self.aircraft.extend(flight.tailnum.clone());
        self.distances.push(flight.distance);
    }

    pub(super) fn check(&self, row: &Value) -> Result<(), String> {
        let weighted = (self.weights > 0).then(|| self.products as f64 / self.weights as f64);
        if row["flights"] != self.flights || row["weighted"] != Value::from(weighted) {
            return Err(format!("there are {} flights, and the mean by miles is {weighted:?}", self.flights));
        }
        let aircraft = self.aircraft.len() as f64;
        // Few are counted, but for one that may be taken for another.
        let off = if aircraft <= 384.0 { 1.0 } else { 0.08 * aircraft };
        near(&row["aircraft"], Some(aircraft), off)?;
        quantile(&row["miles"], &self.distances, 0.5)?;
        quantile(&row["delay"], &self.delays, 0.9)
    }
}

/// An estimate of a quantile lies within one percent of the value with its number.
fn quantile(found: &Value, values: &[i64], part: f64) -> Result<(), String> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let exact = values.len().checked_sub(1).map(|last| sorted[(part * last as f64) as usize] as f64);
    near(found, exact, exact.unwrap_or_default().abs() * 0.010_001)
}

fn near(found: &Value, exact: Option<f64>, off: f64) -> Result<(), String> {
    let is_near = match (found.as_f64(), exact) {
        (Some(found), Some(exact)) => (found - exact).abs() <= off,
        (None, None) => true,
        _ => false,
    };
    if is_near { Ok(()) } else { Err(format!("{found} is not within {off} of {exact:?}")) }
}

/// Days of New York, by what `check_days` looks for them.
pub(super) fn days<'i>(
    flights: &'i [Row<Flight>],
    out: &mut Out<'i>,
) -> Result<BTreeMap<String, Day>, String> {
    let mut days: BTreeMap<String, Day> = BTreeMap::new();
    for flight in flights {
        let (start, end) = day(flight.at).map_err(|error| error.to_string())?;
        if end - 1 <= flight.watermark_before {
            out.late_flights.push(&flight.row);
        } else {
            let key = format!("{:?}{:?}", flight.row.origin, time(start));
            days.entry(key).or_default().add(&flight.row);
        }
    }
    Ok(days)
}

/// The bounds of the day of New York in which an instant lies.
fn day(at: i64) -> Result<(i64, i64), jiff::Error> {
    let midnight = Timestamp::from_millisecond(at)?.in_tz("America/New_York")?.start_of_day()?;
    let next = midnight.tomorrow()?.start_of_day()?;
    Ok((midnight.timestamp().as_millisecond(), next.timestamp().as_millisecond()))
}

/// A day so far, every six hours; a flight is in those steps that its watermark has not passed.
pub(super) fn so_far<'i>(flights: &[&'i Row<Flight>], out: &mut Out<'i>) {
    let mut steps: BTreeMap<(i64, &str), (u64, i64)> = BTreeMap::new();
    for flight in flights {
        let day = floor(flight.at, DAY_MS, 0);
        let ends = (1..=4).map(|step| day + step * 6 * HOUR_MS);
        let mut is_late = true;
        for end in ends.filter(|end| *end > flight.at && end - 1 > flight.watermark_before) {
            let (count, miles) = steps.entry((end, &flight.row.origin)).or_default();
            (*count, *miles) = (*count + 1, *miles + flight.row.distance);
            is_late = false;
        }
        if is_late {
            out.late_flights.push(&flight.row);
        }
    }
    for ((until, origin), (count, miles)) in steps {
        let until = time(until);
        out.row(
            "days-so-far",
            format!(r#"{{"origin":"{origin}","until":"{until}","flights":{count},"miles":{miles}}}"#),
        );
    }
}

/// Six hours, from one o'clock on; the flights in their order.
pub(super) fn delays<'i>(flights: &[&'i Row<Flight>], out: &mut Out<'i>) {
    let mut windows: BTreeMap<(i64, &str), Vec<&Row<Flight>>> = BTreeMap::new();
    for flight in flights {
        let start = floor(flight.at, 6 * HOUR_MS, HOUR_MS);
        if start + 6 * HOUR_MS - 1 <= flight.watermark_before {
            out.late_flights.push(&flight.row);
        } else {
            windows.entry((start, &flight.row.dest)).or_default().push(flight);
        }
    }
    for ((from, dest), mut flights) in windows {
        flights.sort_by_key(|flight| flight.place());
        // Of several that are the greatest the earliest.
        let worst = flights.iter().rev().max_by_key(|flight| flight.row.delay);
        let worst = or_null(worst.map(|flight| flight.row.carrier.as_str()));
        let numbers: Vec<u16> = flights.iter().map(|flight| flight.row.flight).collect();
        let (from, numbers) = (time(from), Value::from(numbers));
        out.row(
            "delays-of-places",
            format!(r#"{{"dest":"{dest}","from":"{from}","worst":{worst},"flights":{numbers}}}"#),
        );
    }
}
