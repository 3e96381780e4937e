//! Persons that offer something for sale in the ten seconds in which they have come.

use serde::{Deserialize, Serialize};
use waterwheel::prelude::*;

use super::super::model::millis;
use super::super::query::{Query, lines_of};
use super::super::tables::{Auctions, Persons};

pub(crate) const QUERY: Query = Query {
    name: "q8",
    about: "new persons that sell at once",
    pipeline: || q8().into(),
    lines: |store| lines_of(TypedTopic::open(store, Q8)?.rows()),
};

#[derive(Debug, Clone, PartialEq, Record, Serialize, Deserialize)]
#[record(serde = manual)]
pub(crate) struct NewSeller {
    id: u64,
    name: String,
    #[serde(with = "millis")]
    stime: Timestamp,
}

/// A seller of a window.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Seller {
    id: u64,
    stime: Timestamp,
}

topics! { pub(crate) Q8("q8"): NewSeller { key: id } }

#[pipeline]
pub(crate) fn q8() {
    let persons = source(Persons).lateness(4s).late_drop();
    let auctions = source(Auctions).lateness(4s).late_drop();
    let new = persons.group_by(|p| (p.id, p.name.clone())).window(tumbling(10s)).select(|w, p| NewSeller {
        id: w.key().0,
        name: w.key().1,
        stime: w.start(),
    });
    let sellers = auctions
        .group_by(|a| a.seller)
        .window(tumbling(10s))
        .select(|w, a| Seller { id: w.key(), stime: w.start() });
    // Rows of one window have one time.
    let new_sellers = new.join(sellers).on(|n| n.id, |s| s.id).between(0s..=0s).select(|n, s| NewSeller {
        id: s.id,
        name: n.name,
        stime: n.stime,
    });
    new_sellers.sink(Q8);
}
