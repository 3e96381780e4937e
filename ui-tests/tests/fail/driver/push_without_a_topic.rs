#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large() {
    source(Payments).filter(|p| p.amount > 100).sink(LargePayments);
}

fn a_payment() -> Payment {
    Payment {
        card: "a".to_owned(),
        shop: 1,
        amount: 5,
        rate: 0.1,
        refunded: false,
        at: Timestamp::from_millis(0),
    }
}

fn main() {
    let mut t = large().test();
    t.push(a_payment());
}
