#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments)
        .map(|p| if p.refunded { Some(p.clone()) } else { None })
        .sink(LargePayments);
}

fn main() {}
