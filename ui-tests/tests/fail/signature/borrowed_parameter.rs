#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn of_card(card: &str) {
    source(Payments).filter(|p| p.card == card).sink(LargePayments);
}

fn main() {}
