#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn per_minute() {
    let payments = source(Payments);
    let large = payments.;
    large.sink(LargePayments);
    payments.filter(|p| p.amonut > 100).sink(TimelessCopies);
}

fn main() {}
