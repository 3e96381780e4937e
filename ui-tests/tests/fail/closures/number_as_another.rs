#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).filter(|p| p.amount.to_f64() > 1.0).sink(LargePayments);
}

fn main() {}
