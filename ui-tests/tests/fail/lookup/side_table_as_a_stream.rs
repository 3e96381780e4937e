#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = side(Payments);
    payments.filter(|p| p.amount > 100).sink(LargePayments);
}

fn main() {}
