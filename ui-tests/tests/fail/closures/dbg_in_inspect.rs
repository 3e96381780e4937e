#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).inspect(|p| dbg!(p)).sink(LargePayments);
}

fn main() {}
