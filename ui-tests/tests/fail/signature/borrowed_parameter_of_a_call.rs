#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn of_shop(card: &str, least: i64) {
    source(Payments).filter(|p| p.card == card && p.amount >= least).sink(LargePayments);
}

fn main() {
    let _ = of_shop("a", 5).test();
}
