#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).map(|p| Payment { amount: max(p.amount, 0), ..p.clone() }).sink(LargePayments);
}

fn main() {}
