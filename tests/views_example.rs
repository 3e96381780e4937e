//! The test of the example `views`: cargo builds examples for a test run, but runs no tests in them.

#[path = "../examples/views/main.rs"]
#[expect(dead_code, reason = "the example's `main` is not called here")]
mod example;

use std::sync::Arc;

use waterwheel::log::{MemDisk, Store, StoreConfig};
use waterwheel::prelude::*;

#[test]
fn the_table_has_the_last_movements_of_each_account() {
    let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
    let job = example::movements().start(&store, RunOptions::new()).unwrap();
    let bank = example::Bank::open(&store).unwrap();
    for (number, account, cents) in [(1, "Ada", 100), (2, "Bob", 30), (3, "Ada", -70), (4, "Ada", 5)] {
        bank.transfer(account, number, cents).unwrap();
    }
    job.wait_until_caught_up().unwrap();
    let table = bank.table().unwrap();
    assert_eq!(
        table,
        "account         in       out\nAda              5        70\nBob             30         -\n"
    );
    job.stop().unwrap();
}
