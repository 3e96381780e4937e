#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).filter(|p| max(&p.card, &p.card) == &p.card).map(|p| Payment { amount: 0, ..p.clone() }).sink(LargePayments);
}

fn main() {}
