#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn per_minute() {
    let large = source(Payments).filter(|p| p.amount > 100).lateness(10s).late_drop();
    large.sink(LargePayments);
}

fn main() {}
