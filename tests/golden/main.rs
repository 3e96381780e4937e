//! Whatever a program of an earlier version has left is opened, read whole, and gone on from: see README.md beside this file.

mod archive;
mod contents;
mod generate;
mod language;
mod naive;
mod shop;
mod tables;
mod town;

use std::fmt::Debug;
use std::sync::Arc;

use archive::Unpacked;
use contents::{append, contents, read};
use shop::{FirstOrders, LateOrders, Orders, Parcels, Shipments, order, parcel};
use town::{LEAST, MeterHours, Meters, Rides, Stays, ZoneDays, ZoneHours, reading, ride};
use waterwheel::log::{MemDisk, StoreConfig};
use waterwheel::prelude::*;
use waterwheel::{Error, log};

/// Every archive that is gone on from.
const LEFT: [&str; 2] = ["2-closed", "2-killed"];

/// The rows of each sink, sorted.
struct Results(Vec<(&'static str, Vec<String>)>);

impl Results {
    fn of(store: &Store) -> Results {
        Results(vec![
            ("zone-hours", sorted(&read(store, ZoneHours))),
            ("zone-days", sorted(&read(store, ZoneDays))),
            ("stays", sorted(&read(store, Stays))),
            ("meter-hours", sorted(&read(store, MeterHours))),
            ("first-orders", sorted(&read(store, FirstOrders))),
            ("shipments", sorted(&read(store, Shipments))),
            ("late-orders", sorted(&read(store, LateOrders))),
        ])
    }

    fn naive(store: &Store) -> Results {
        let (rides, readings) = (read(store, Rides), read(store, Meters));
        let shop = naive::shop(&read(store, Orders), &read(store, Parcels));
        Results(vec![
            ("zone-hours", sorted(&naive::zone_hours(&rides))),
            ("zone-days", sorted(&naive::zone_days(&rides))),
            ("stays", sorted(&naive::stays(&rides))),
            ("meter-hours", sorted(&naive::meter_hours(&readings))),
            ("first-orders", sorted(&shop.firsts)),
            ("shipments", sorted(&shop.shipments)),
            ("late-orders", sorted(&shop.late_orders)),
        ])
    }

    #[track_caller]
    fn check(&self, expected: &Results, what: &str) {
        for ((topic, found), (_, expected)) in self.0.iter().zip(&expected.0) {
            same(found, expected, &format!("{what}: {topic}"));
        }
    }
}

fn sorted<T: Debug>(rows: &[T]) -> Vec<String> {
    let mut rows: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
    rows.sort();
    rows
}

/// Fails with the first line that differs, rather than with two long lists.
#[track_caller]
fn same(found: &[String], expected: &[String], what: &str) {
    assert!(!expected.is_empty(), "{what}: there is nothing to compare");
    let differs = found.iter().zip(expected).position(|(found, expected)| found != expected);
    let at = differs.unwrap_or(found.len().min(expected.len()));
    assert!(
        found == expected,
        "{what}: {} lines instead of {}; line {at} is {:?} instead of {:?}",
        found.len(),
        expected.len(),
        found.get(at),
        expected.get(at)
    );
}

#[test]
fn every_row_and_record_that_was_left_is_read() {
    for name in LEFT {
        let unpacked = Unpacked::of(name);
        let expected = unpacked.expected();
        // A second time after the first has mended what the end of the program had left.
        for _ in 0..2 {
            let store = Store::open(unpacked.data()).unwrap();
            let found = contents(&store);
            same(&found.rows, &expected.rows, &format!("rows of {name}"));
            same(&found.records, &expected.records, &format!("records of {name}"));
            assert!(store.find_topic("gone").is_none());
            assert_eq!(store.recovery().damaged, [""; 0]);
            store.close().unwrap();
        }
    }
}

#[test]
fn what_the_log_keeps_beside_records_is_there() {
    for (name, aborted) in [("2-closed", 0), ("2-killed", 1)] {
        let unpacked = Unpacked::of(name);
        let store = Store::open(unpacked.data()).unwrap();
        assert_eq!(store.recovery().aborted_transactions, aborted, "{name}");
        let plain = store.topic("plain").unwrap();
        assert_eq!((plain.partitions(), plain.property("owner")), (2, Some(b"the golden test".to_vec())));
        assert_eq!(plain.property("layout"), Some(b"of a transaction".to_vec()));
        assert_eq!(store.pins_on(plain.id()), ["reader"]);
        assert_eq!(store.topic("cut").unwrap().partition(0).unwrap().log_start_offset().0, 40);
        // Ids and epochs of producers are never given twice.
        let producer = store.producer("outsider").unwrap();
        assert_eq!(producer.epoch().0, 2, "{name}");
        assert!(store.producer("another").unwrap().id() > producer.id());
        // What is appended now stands behind what was there.
        let before = plain.partition(0).unwrap().log_end_offset();
        let mut transaction = store.begin(&producer).unwrap();
        transaction.append(&plain.partition(0).unwrap(), generate::records("later", 3, 10)).unwrap();
        transaction.commit().unwrap();
        assert_eq!(plain.partition(0).unwrap().last_stable_offset().0, before.0 + 4);
    }
}

#[test]
fn the_pipelines_go_on_as_if_nothing_had_been() {
    for name in LEFT {
        for workers in [1, 2, 4] {
            let unpacked = Unpacked::of(name);
            let store = Store::open(unpacked.data()).unwrap();
            let before = Results::of(&store);
            assert!(before.0.iter().all(|(_, rows)| rows.len() > 3), "results were left");
            let later = |partition| (300..330).map(move |n| reading(partition, n));
            append(&store, Meters, &later(0).chain(later(1)).collect::<Vec<_>>());
            append(&store, Rides, &(2_000..2_300).map(ride).collect::<Vec<_>>());
            // At once behind what was there: some of it meets what is kept.
            append(&store, Orders, &(390..600).map(order).collect::<Vec<_>>());
            append(&store, Parcels, &(390..600).map(parcel).collect::<Vec<_>>());

            let options = RunOptions::new().workers(workers).epoch_rows(70).close();
            let town = town::town(LEAST).start(&store, options.clone()).unwrap().wait().unwrap();
            let shop = shop::shop().start(&store, options).unwrap().wait().unwrap();
            for summary in [&town, &shop] {
                assert_eq!(summary.epochs_replayed > 0, name == "2-killed", "{name}: {summary:?}");
            }
            let what = format!("{name}, {workers} workers");
            let found = Results::of(&store);
            found.check(&Results::naive(&store), &what);
            found.check(&in_a_new_store(&store), &what);
        }
    }
}

/// The results of the pipelines over all of a store's input, in one go.
fn in_a_new_store(store: &Store) -> Results {
    let new = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
    append(&new, Rides, &read(store, Rides));
    append(&new, Meters, &read(store, Meters));
    append(&new, Orders, &read(store, Orders));
    append(&new, Parcels, &read(store, Parcels));
    for pipeline in [waterwheel::Pipeline::from(town::town(LEAST)), shop::shop().into()] {
        pipeline.start(&new, RunOptions::new().close()).unwrap().wait().unwrap();
    }
    Results::of(&new)
}

#[test]
fn a_directory_of_version_1_is_refused_and_left_as_it_is() {
    let unpacked = Unpacked::of("1-first");
    let before = unpacked.files();
    assert!(before.len() > 5);
    let error = Store::open(unpacked.data()).err().expect("it is refused");
    assert!(matches!(error, log::Error::OlderFormat { found: 1, supported: 2, .. }), "{error}");
    let said = error.to_string();
    assert!(said.contains("nothing was changed. The release that wrote it still reads it"), "{said}");
    assert_eq!(unpacked.files(), before);
}

#[test]
fn a_pipeline_of_a_later_version_is_refused_and_keeps_its_state() {
    let unpacked = Unpacked::of("2-closed");
    let store = Store::open(unpacked.data()).unwrap();
    let state = store.topic("__town.state").unwrap();
    for version in ["3", "12", "next"] {
        state.set_property("waterwheel.version", version.as_bytes()).unwrap();
        let before = contents(&store);
        let error = town::town(LEAST).start(&store, RunOptions::new().close()).map(drop).unwrap_err();
        assert!(matches!(&error, Error::OtherFormat { found, known: 2, .. } if found == version), "{error}");
        assert!(
            error
                .to_string()
                .contains("go on with the program that wrote it, or drop state and results with `reset`")
        );
        assert_eq!(contents(&store), before);
    }
    state.set_property("waterwheel.version", b"2").unwrap();
    town::town(LEAST).start(&store, RunOptions::new().close()).unwrap().wait().unwrap();
    let (found, expected) = (Results::of(&store), Results::naive(&store));
    same(&found.0[0].1, &expected.0[0].1, "as it was");
}
