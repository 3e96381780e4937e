#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large() {
    source(Payments).filter(|p| p.amount > 100).sink(LargePayments);
}

fn main() {
    let mut t = large().test();
    t.push(Payments, payment());
    assert_eq!(t.output(LargePayments).len(), 1);
}

fn payment() -> Payment {
    Payment { card: String::new(), shop: 1, amount: 250, rate: 1.0, refunded: false, at: Timestamp::from_millis(0) }
}
