#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).filter(|p| matches!(p.card, "A" | "B")).sink(LargePayments);
}

fn main() {}
