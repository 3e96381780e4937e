#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let amount = source(Payments);
    let large = amount.group_by(amount);
    large.sink(LargePayments);
}

fn main() {}
