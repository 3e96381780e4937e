#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn large() {
    let payments = source(Payments).csv("payments.csv").lateness(10s).late_drop();
    payments.filter(|p| p.amount > 100).sink(LargePayments);
}

fn main() {}
