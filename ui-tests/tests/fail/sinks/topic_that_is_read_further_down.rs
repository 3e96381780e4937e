#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn large() {
    let large = source(Payments).filter(|p| p.amount > 100);
    large.sink(LargePayments);
    source(LargePayments).filter(|p| p.refunded).sink(TimelessCopies);
}

fn main() {}
