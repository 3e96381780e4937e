#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let large = source(Payments).branch(|p| p.amount > 3);
    large.sink(LargePayments);
}

fn main() {}
