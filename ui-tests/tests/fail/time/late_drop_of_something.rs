#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large() {
    let payments = source(Payments).lateness(10s).late_drop(true);
    payments.filter(|p| p.amount > 100).sink(LargePayments);
}

fn main() {}
