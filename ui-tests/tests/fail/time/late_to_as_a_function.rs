#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    late_to(source(Payments).lateness(10s), LargePayments).sink(LargePayments);
}

fn main() {}
