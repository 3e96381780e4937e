#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

const RATE: f64 = 1.19;

#[pipeline]
fn trial() {
    source(Payments).map(|p| Payment { amount: p.amount * RATE, ..p.clone() }).sink(LargePayments);
}

fn main() {}
