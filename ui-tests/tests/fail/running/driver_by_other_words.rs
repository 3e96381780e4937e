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
    t.send(Payments, payment());
    t.finish();
    assert_eq!(t.output(LargePayments).len(), 1);
}

fn payment() -> Payment {
    unimplemented!()
}
