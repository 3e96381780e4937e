#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let minutes = side(CardMinutes).from_file("minutes.csv");
    let named = source(Payments)
        .lookup(minutes)
        .on(|p| p.card, |m| m.card)
        .select(|p, m| Payment { amount: m.total.unwrap_or(0), ..p.clone() });
    named.sink(LargePayments);
}

fn main() {}
