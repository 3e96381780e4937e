#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).sink(LargePayments);
}

fn main() {
    trial().main().unwrap();
}
