#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn large(payments: Stream<Payment>) {
    payments.filter(|p| p.amount > 100).sink(LargePayments);
}

fn main() {
    let _ = large().test();
}
