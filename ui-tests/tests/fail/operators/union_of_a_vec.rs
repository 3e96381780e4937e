#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let more = source(TimelessPayments);
    source(Payments).union(vec![more]).sink(LargePayments);
}

fn main() {}
