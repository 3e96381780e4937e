#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let once = payments.deduplicate(|p| p.card);
    once.sink(LargePayments);
}

fn main() {}
