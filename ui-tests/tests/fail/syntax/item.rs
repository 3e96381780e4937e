#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn per_minute() {
    fn is_large(payment: &Payment) -> bool {
        payment.amount > 100
    }
    source(Payments).filter(is_large).sink(LargePayments);
}

fn main() {}
