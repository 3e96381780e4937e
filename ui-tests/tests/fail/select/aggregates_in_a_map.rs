#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments)
        .map(|p| CardMinute { card: p.card, from: p.at, total: sum(p.amount), n: count() })
        .sink(CardMinutes);
}

fn main() {}
