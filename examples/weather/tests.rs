//! The results against plain loops over the same rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use waterwheel::log::{MemDisk, StoreConfig};

use super::*;
use report::Results;

fn results(workers: usize, epoch_rows: u64) -> Results {
    let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
    load(&store).unwrap();
    let options = RunOptions::new().workers(workers).epoch_rows(epoch_rows).close();
    let summary = weather().start(&store, options).unwrap().wait().unwrap();
    assert_eq!(summary.rows_late, 0);
    Results::read(&store).unwrap()
}

/// The mean, of sums that are rounded at every step.
fn near(found: Option<f64>, values: &[f64]) -> bool {
    match found {
        None => values.is_empty(),
        Some(found) => {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            (found - mean).abs() <= 1e-9 * mean.abs().max(1.0)
        }
    }
}

#[test]
fn results_are_those_of_plain_loops() {
    let Results { smoothed, rain, days, steady } = results(2, 1_000);
    let readings = readings::january().unwrap();
    assert_eq!((readings.len(), smoothed.len()), (2_226, 2_226));
    for row in &smoothed {
        let reading = readings.iter().find(|r| r.origin == row.origin && r.time_hour == row.at).unwrap();
        assert_eq!(reading.temp, row.temp);
        let last = readings.iter().filter(|r| {
            r.origin == row.origin && r.time_hour <= row.at && r.time_hour >= row.at - Duration::from_hours(3)
        });
        assert!(near(row.mean, &last.filter_map(|r| r.temp).collect::<Vec<_>>()), "{row:?}");
    }

    let mut hours: BTreeMap<Timestamp, Vec<&Reading>> = BTreeMap::new();
    readings.iter().for_each(|r| hours.entry(r.time_hour).or_default().push(r));
    assert_eq!(rain.len(), hours.len());
    for row in &rain {
        let of_hour = &hours[&row.hour];
        let most = of_hour.iter().map(|r| r.precip).fold(0.0, f64::max);
        assert_eq!(row.airports, of_hour.len() as u64);
        assert!((row.rain - of_hour.iter().map(|r| r.precip).sum::<f64>()).abs() < 1e-9, "{row:?}");
        assert!(of_hour.iter().any(|r| r.origin == row.wettest && r.precip == most), "{row:?}");
    }

    let weather: BTreeMap<(&str, Timestamp), &Reading> =
        readings.iter().map(|r| ((r.origin.as_str(), r.time_hour), r)).collect();
    let mut by_day: BTreeMap<i64, Vec<(Option<i16>, f64)>> = BTreeMap::new();
    for flight in readings::flights_of_january().unwrap() {
        if let Some(reading) = weather.get(&(flight.origin.as_str(), flight.time_hour)) {
            let day = flight.time_hour.millis().div_euclid(86_400_000);
            by_day.entry(day).or_default().push((flight.dep_delay, reading.precip));
        }
    }
    assert_eq!(days.len(), by_day.len());
    for row in &days {
        let flights = &by_day[&row.day.millis().div_euclid(86_400_000)];
        let delays = |wet: bool| -> Vec<f64> {
            let of = flights.iter().filter(|(_, rain)| (*rain > 0.0) == wet);
            of.filter_map(|(delay, _)| delay.map(f64::from)).collect()
        };
        assert_eq!(row.flights, flights.len() as u64, "{row:?}");
        assert_eq!(row.cancelled, flights.iter().filter(|(delay, _)| delay.is_none()).count() as u64);
        assert_eq!(row.in_rain, flights.iter().filter(|(_, rain)| *rain > 0.0).count() as u64);
        assert!(near(row.dry, &delays(false)) && near(row.wet, &delays(true)), "{row:?}");
        let mut all = [delays(false), delays(true)].concat();
        all.sort_by(f64::total_cmp);
        let ninth = all[(0.9 * (all.len() - 1) as f64) as usize];
        assert!((row.ninth.unwrap() - ninth).abs() <= 0.0101 * ninth.abs(), "{row:?}");
    }

    assert_eq!(steady.len(), 720);
    for (number, row) in steady.iter().enumerate() {
        let last: Vec<f64> = steady[number.saturating_sub(30)..=number].iter().map(|s| s.celsius).collect();
        assert!(near(Some(row.mean), &last), "{row:?}");
        let squares = last.iter().map(|celsius| (celsius - row.mean).powi(2)).sum::<f64>();
        let deviation = (last.len() > 1).then(|| (squares / (last.len() - 1) as f64).sqrt());
        assert_eq!(row.deviation.is_some(), deviation.is_some());
        assert!((row.deviation.unwrap_or(0.0) - deviation.unwrap_or(0.0)).abs() < 1e-9, "{row:?}");
    }
}

#[test]
fn workers_and_epochs_change_neither_table_nor_plot() {
    let one = results(1, 100_000);
    for (workers, epoch_rows) in [(3, 100_000), (2, 777)] {
        let other = results(workers, epoch_rows);
        assert_eq!(other, one);
    }
    assert!(one.table().contains("2013-01-31"), "{}", one.table());
    let plot = one.plot();
    let count = |tag: &str| plot.matches(tag).count();
    assert_eq!((count("<g "), count("</g>"), count("<svg "), count("</svg>")), (4, 4, 1, 1));
    assert_eq!(count("<text"), count("</text>"));
    assert!(count("<circle") > 1_400 && count("<polyline") == 2, "{} dots", count("<circle"));
    assert!(!plot.contains("NaN") && !plot.contains("inf"));
}

#[test]
fn a_seed_gives_one_feed() {
    assert_eq!(readings::feed(7), readings::feed(7));
    assert_ne!(readings::feed(7), readings::feed(8));
}
