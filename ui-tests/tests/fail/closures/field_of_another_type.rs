#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).map(|p| Payment { amount: p.rate, ..p.clone() }).sink(LargePayments);
}

fn main() {}
