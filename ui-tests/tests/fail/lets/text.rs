#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn of_one() {
    let card = "a".to_owned();
    source(Payments).filter(|p| p.card == card).sink(LargePayments);
}

fn main() {}
