#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let with_tax = source(Payments).map(|p| {
        let tax = 1.19;
        Payment { amount: p.amount * tax, ..p.clone() }
    });
    with_tax.sink(LargePayments);
}

fn main() {}
