#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

topics! {
    copies_of_payments("copies"): Payment { key: card }
}

#[pipeline]
fn trial() {
    source(Payments).sink(LargePayments);
}

fn main() {}
