#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).lateness(10s).late_drop().idle(never).sink(LargePayments);
}

fn main() {}
