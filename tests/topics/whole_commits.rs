//! Whoever reads a topic finds all rows of an append or none, in whichever partitions they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use waterwheel::log::{MemDisk, StoreConfig};
use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
struct Seat {
    number: u64,
}

topics! {
    Seats("seats"): Seat { key: number, partitions: 48 }
}

/// Stores stay small, so that they are read often while they are written to.
const STORES: usize = 16;
const APPENDS: usize = 40;
const ROWS: usize = 200;

#[test]
fn rows_have_all_of_an_append_or_nothing() {
    for _ in 0..STORES {
        let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
        let seats: Vec<Seat> = (0..ROWS as u64).map(|number| Seat { number }).collect();
        let done = AtomicBool::new(false);
        let topic = TypedTopic::open(&store, Seats).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..APPENDS {
                    topic.append(&seats).unwrap();
                }
                done.store(true, Ordering::Release);
            });
            for _ in 0..2 {
                scope.spawn(|| {
                    while !done.load(Ordering::Acquire) {
                        let count = topic.rows().count();
                        assert_eq!(count % ROWS, 0, "a part of an append");
                    }
                });
            }
        });
        assert_eq!(topic.rows().count(), APPENDS * ROWS);
    }
}
