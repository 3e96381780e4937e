#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn refund(p: &Payment) -> Option<Payment> {
    p.refunded.then(|| p.clone())
}

#[pipeline]
fn refunds() {
    source(Payments).map(|p| refund(p)).sink(LargePayments);
}

fn main() {}
