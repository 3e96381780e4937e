#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).withTimestampAssigner(|p| p.at).sink(LargePayments);
}

fn main() {}
