#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).filter(|p, q| p.amount > q.amount).sink(LargePayments);
}

fn main() {}
