use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
pub struct Ride {
    pub station: u32,
    pub fare: Option<f64>,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub struct Fares {
    pub station: u32,
    pub fares: f64,
}

topics! {
    pub Rides("rides"): Ride { time: at }
    pub StationFares("fares"): Fares {}
}

#[pipeline]
pub fn fares() {
    let rides = source(Rides).lateness(1s).late_drop();
    let fares = rides
        .group_by(|r| r.station)
        .window(tumbling(1h))
        .select(|w, r| Fares { station: w.key(), fares: sum(coalesce(r.fare, 0.0)) });
    fares.sink(StationFares);
}

fn main() {}
