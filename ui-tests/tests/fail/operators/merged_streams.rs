#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let both = payments.merge(source(LargePayments));
    both.sink(TimelessCopies);
}

fn main() {}
