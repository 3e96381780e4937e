use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
pub struct Reading {
    pub sensor: u64,
    pub values: [i64; 3],
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub struct Hour {
    pub sensor: u64,
    pub total: i64,
}

topics! {
    pub Readings("readings"): Reading { key: sensor, time: at }
    pub Hours("hours"): Hour { key: sensor }
}

#[pipeline]
pub fn hours() {
    let readings = source(Readings).lateness(1s).late_drop();
    let hours = readings
        .group_by(|r| r.sensor)
        .window(tumbling(1h))
        .select(|w, r| Hour { sensor: w.key(), total: sum(r.values) });
    hours.sink(Hours);
}

fn main() {}
