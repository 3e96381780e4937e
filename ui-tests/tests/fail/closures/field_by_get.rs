#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).filter(|p| p.get("amount") > 100).sink(LargePayments);
}

fn main() {}
