#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn large() {
    source(Payments).filter(|_, p| p.amount > 100).sink(LargePayments);
}

fn main() {}
