#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let Payments = source(Payments);
    Payments.sink(LargePayments);
}

fn main() {}
