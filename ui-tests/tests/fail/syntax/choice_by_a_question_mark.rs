#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).map(|p| Payment { amount: p.refunded ? 0 : p.amount, ..p.clone() }).sink(LargePayments);
}

fn main() {}
