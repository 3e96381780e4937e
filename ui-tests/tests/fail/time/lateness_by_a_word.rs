#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large() {
    source(Payments).lateness(seconds(10)).late_drop().sink(LargePayments);
}

fn main() {}
