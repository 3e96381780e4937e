use std::collections::HashMap;

use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
pub struct Reading {
    pub sensor: u64,
    pub labels: HashMap<String, String>,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub struct Latest {
    pub sensor: u64,
    pub labels: HashMap<String, String>,
}

topics! {
    pub Readings("readings"): Reading { time: at }
    pub Latests("latests"): Latest {}
}

#[pipeline]
pub fn latests() {
    let readings = source(Readings).lateness(1s).late_drop();
    let latests = readings
        .group_by(|r| r.sensor)
        .window(tumbling(1h))
        .select(|w, r| Latest { sensor: w.key(), labels: last(r.labels) });
    latests.sink(Latests);
}

fn main() {}
