#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

topics! { LatePayments("late-payments"): Payment { key: card } }

#[pipeline]
fn trial() {
    source(Payments).lateness(10s).late_to(LatePayments).filter(|p| p.amount > 0).sink(LargePayments);
}

fn main() {}
