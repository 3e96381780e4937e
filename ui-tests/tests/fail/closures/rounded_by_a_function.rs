#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).filter(|p| round(p.rate, 2) > 1.0).sink(LargePayments);
}

fn main() {}
