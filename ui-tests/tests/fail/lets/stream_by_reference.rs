#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments);
    let same = &payments;
    same.sink(LargePayments);
}

fn main() {}
