#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn tenth() {
    let payments = source(Payments);
    let mut seen = 0;
    let tenth = payments.filter(|p| {
        seen += 1;
        seen % 10 == 0
    });
    tenth.sink(LargePayments);
}

fn main() {}
