#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let minutes = source(CardMinutes).lateness(10s).late_drop();
    payments.anti_join(minutes).on(|p| p.card, |m| m.card).window(tumbling(1m)).sink(LargePayments);
}

fn main() {}
