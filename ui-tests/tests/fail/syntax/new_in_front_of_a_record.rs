#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).map(|p| new Payment(p.card, p.amount)).sink(LargePayments);
}

fn main() {}
