#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn per_minute() {
    let payments = source(Payments).lateness(10s).late_drop();
    let cards = payments.group_by(|p| p.card).filter(|p| p.amount > 100);
    cards.sink(LargePayments);
}

fn main() {}
