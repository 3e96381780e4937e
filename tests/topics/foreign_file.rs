//! A segment of another topic put in the place of one's own is whole as a file of the log; its rows are another type's.

use std::path::Path;
use std::sync::Arc;

use waterwheel::Error;
use waterwheel::log::{FaultyDisk, StoreConfig};
use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
struct Reading {
    sensor: String,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Amount {
    cents: u64,
}

topics! {
    Readings("readings"): Reading { format: json }
    Amounts("amounts"): Amount { format: json }
    Copies("copies"): Amount { format: json }
}

#[pipeline]
fn copies() {
    source(Amounts).sink(Copies);
}

#[test]
fn the_file_is_named_by_whoever_reads_it() {
    let disk = FaultyDisk::new();
    let open = || Store::open_on(Arc::new(disk.clone()), StoreConfig::default()).unwrap();
    let store = open();
    // Both rows take the same bytes, so that nothing else tells the files apart.
    TypedTopic::open(&store, Readings).unwrap().append([&Reading { sensor: "ab".to_owned() }]).unwrap();
    TypedTopic::open(&store, Amounts).unwrap().append([&Amount { cents: 12345 }]).unwrap();
    store.close().unwrap();
    let file = |topic: u64| format!("topics/{topic:016x}/0/00000000000000000000.log");
    let content = |topic| disk.content(Path::new(&file(topic))).unwrap();
    assert_eq!(content(0).len(), content(1).len());
    disk.set_content(Path::new(&file(1)), content(0));

    let store = open();
    let named = format!("it lies in faulty:/{}", file(1));
    let read = TypedTopic::open(&store, Amounts).unwrap().rows().next().unwrap().unwrap_err();
    assert!(matches!(read, Error::Row { .. }) && read.to_string().contains(&named), "{read}");
    let job = copies().start(&store, RunOptions::new()).unwrap();
    let run = job.wait_until_caught_up().unwrap_err();
    assert!(matches!(run, Error::Undecodable { .. }) && run.to_string().contains(&named), "{run}");
}
