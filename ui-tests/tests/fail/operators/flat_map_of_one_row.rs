#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large() {
    source(Payments).flat_map(|p| p.clone()).sink(LargePayments);
}

fn main() {}
