#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn copies() {
    let kept = source(Payments).filter(|p| p.amount > 500).through(LargePayments);
    kept.map(|p| Payment { shop: 0, ..p.clone() }).sink(TimelessPayments);
}

fn main() {}
