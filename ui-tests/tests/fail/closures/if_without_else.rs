#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).filter_map(|p| if p.refunded { p.clone() }).sink(LargePayments);
}

fn main() {}
