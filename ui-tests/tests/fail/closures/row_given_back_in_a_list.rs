#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).flat_map(|p| vec![p, p]).sink(LargePayments);
}

fn main() {}
