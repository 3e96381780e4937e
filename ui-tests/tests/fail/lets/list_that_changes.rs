#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large() {
    let mut seen = Vec::new();
    source(Payments).filter(|p| { seen.push(p.card.clone()); true }).sink(LargePayments);
}

fn main() {}
