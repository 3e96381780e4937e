use std::collections::BTreeMap;

use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
pub struct Visit {
    pub seen: BTreeMap<String, Timestamp>,
}

topics! {
    pub Visits("visits"): Visit {}
    pub Seen("seen"): Visit {}
}

#[pipeline]
pub fn seen() {
    source(Visits).map(|v| Visit { seen: [("here".to_owned(), Timestamp::now())].into() }).sink(Seen);
}

fn main() {}
