#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let named = source(Payments).lookup(side(CardMinutes));
    named.sink(LargePayments);
}

fn main() {}
