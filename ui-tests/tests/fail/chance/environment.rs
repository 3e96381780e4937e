#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn of_this_shop() {
    source(Payments).filter(|p| std::env::var("CARD").is_ok_and(|card| card == p.card)).sink(LargePayments);
}

fn main() {}
