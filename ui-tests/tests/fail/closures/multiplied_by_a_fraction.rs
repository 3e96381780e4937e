#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).map(|p| Payment { amount: p.amount * 1.19, ..p.clone() }).sink(LargePayments);
}

fn main() {}
