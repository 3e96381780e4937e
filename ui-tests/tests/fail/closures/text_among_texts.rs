#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).filter(|p| ["4000", "4001"].contains(p.card)).sink(LargePayments);
}

fn main() {}
