#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    println!("starting");
    source(Payments).sink(LargePayments);
}

fn main() {}
