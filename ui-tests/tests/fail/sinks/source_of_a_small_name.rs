#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(payments).lateness(10s).late_drop();
    payments.sink(LargePayments);
}

fn main() {}
