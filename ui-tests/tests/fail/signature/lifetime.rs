#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial<'a>(card: &'a str) {
    source(Payments).filter(|p| p.card == card).sink(LargePayments);
}

fn main() {}
