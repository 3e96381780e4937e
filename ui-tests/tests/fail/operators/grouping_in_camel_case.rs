#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let groups = payments.keyBy(|p| p.card);
    let amounts = groups.window(tumbling(1m)).select(|w, p| sum(p.amount));
    amounts.sink(LargePayments);
}

fn main() {}
