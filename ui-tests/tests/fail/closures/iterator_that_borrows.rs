#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn parts() {
    let payments = source(Payments);
    let parts = payments.flat_map(|p| p.card.split('-').map(|part| Payment { card: part.to_owned(), ..p.clone() }));
    parts.sink(LargePayments);
}

fn main() {}
