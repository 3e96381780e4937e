//! The queries of the example `nexmark` over tables of four partitions: events in order give the same rows as over one.

#[path = "nexmark/data/mod.rs"]
#[expect(dead_code, reason = "the events out of order are another test's")]
mod data;
#[path = "../examples/nexmark/load.rs"]
#[expect(dead_code, reason = "the command line reads files")]
mod load;
#[path = "../examples/nexmark/model.rs"]
mod model;
#[path = "../examples/nexmark/queries/mod.rs"]
mod queries;
#[path = "../examples/nexmark/query.rs"]
#[expect(dead_code, reason = "the command line tells what a query is about")]
mod query;

mod tables {
    //! In place of the example's own.

    use waterwheel::prelude::*;

    use super::model::{Auction, Bid, Person, SideRow};

    topics! {
        pub(crate) Persons("persons"): Person { key: id, time: date_time, partitions: 4 }
        pub(crate) Auctions("auctions"): Auction { key: id, time: date_time, partitions: 4 }
        pub(crate) Bids("bids"): Bid { key: auction, time: date_time, partitions: 4 }
        pub(crate) SideInput("side-input"): SideRow { key: key, partitions: 4 }
    }
}

use std::sync::Arc;

use waterwheel::log::{MemDisk, StoreConfig};
use waterwheel::{RunOptions, Store};

use data::{Data, assert_same};

#[test]
fn events_in_order_give_the_same_rows_as_over_one_partition() {
    let data = Data::unpack();
    let set = data.in_order();
    for query in queries::ALL.iter().filter(|query| query.name != data::BY_CLOCK) {
        let expected = set.answer(query.name).unwrap_or_else(|| panic!("Flink knows {}", query.name));
        for (workers, epoch_rows) in [(1, 10_000), (3, 500)] {
            let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
            load::events(&store, set.events().as_bytes()).unwrap();
            let options = RunOptions::new().workers(workers).epoch_rows(epoch_rows).close();
            (query.pipeline)().start(&store, options).unwrap().wait().unwrap();
            let what = format!("{} over four partitions, {workers} workers", query.name);
            assert_same(&(query.lines)(&store).unwrap(), &expected, &what);
        }
    }
}
