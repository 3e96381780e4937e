#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    payments.within(1h).sink(LargePayments);
}

fn main() {}
