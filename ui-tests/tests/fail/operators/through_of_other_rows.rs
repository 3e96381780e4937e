#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn busy(minutes: Stream<CardMinute>) -> Stream<CardMinute> {
    minutes.filter(|m| m.n >= 100)
}

#[pipeline]
fn trial() {
    source(Payments).lateness(10s).late_drop().through(busy).sink(CardMinutes);
}

fn main() {}
