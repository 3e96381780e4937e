#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).undecodable(|error| println!("{error}")).sink(LargePayments);
}

fn main() {}
