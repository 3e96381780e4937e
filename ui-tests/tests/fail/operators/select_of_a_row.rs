#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments)
        .select(|p| CardMinute { card: p.card, from: p.at, total: p.amount, n: 1 })
        .sink(CardMinutes);
}

fn main() {}
