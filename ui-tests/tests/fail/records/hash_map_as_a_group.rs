use std::collections::HashMap;

use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
pub struct Reading {
    pub labels: HashMap<String, String>,
    pub value: i64,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub struct Total {
    pub value: i64,
}

topics! {
    pub Readings("readings"): Reading { time: at }
    pub Totals("totals"): Total {}
}

#[pipeline]
pub fn totals() {
    let readings = source(Readings).lateness(1s).late_drop();
    let totals = readings.group_by(|r| r.labels).window(tumbling(1h)).select(|_, r| Total { value: sum(r.value) });
    totals.sink(Totals);
}

fn main() {}
