#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(Duration.ofMinutes(5)).late_drop();
    payments.sink(LargePayments);
}

fn main() {}
