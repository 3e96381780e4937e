#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).lateness(10s).late_drop().idle(30s).filter(|p| p.amount > 0).sink(LargePayments);
}

fn main() {}
