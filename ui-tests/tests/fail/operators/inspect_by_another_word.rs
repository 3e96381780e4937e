#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).peek(|p| eprintln!("{p:?}")).sink(LargePayments);
}

fn main() {}
