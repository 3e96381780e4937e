#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn per_minute() {
    let payments = source(Payments);
    let amounts = payments.select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.amount), n: count() });
    amounts.sink(CardMinutes);
}

fn main() {}
