#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large() {
    source(Payments).lateness(-10s).late_drop().sink(LargePayments);
}

fn main() {}
