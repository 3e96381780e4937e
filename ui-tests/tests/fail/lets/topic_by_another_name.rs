#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let topic = Payments;
    topic.sink(LargePayments);
}

fn main() {}
