#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn others() {
    source(Payments).sink(LargePayments);
}

#[pipeline]
fn trial() {
    let all = others();
    all.filter(|p| p.amount > 0).sink(LargePayments);
}

fn main() {}
