#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let named = source(Payments).lookup(side(CardMinutes)).on(|p| p.card, |m| m.card).select(|p| p.clone());
    named.sink(LargePayments);
}

fn main() {}
