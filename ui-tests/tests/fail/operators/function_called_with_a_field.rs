#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn is_large(amount: i64) -> bool {
    amount > 100
}

#[pipeline]
fn trial() {
    let payments = source(Payments).filter(|payment| payment.amount > 0);
    payments.filter(is_large(amount)).filter(is_large(payment.amount)).filter(check(payment, 5)).sink(LargePayments);
}

fn main() {}
