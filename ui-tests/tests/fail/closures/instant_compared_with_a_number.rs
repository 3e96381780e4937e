#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).filter(|p| p.at > 1_700_000_000_000).sink(LargePayments);
}

fn main() {}
