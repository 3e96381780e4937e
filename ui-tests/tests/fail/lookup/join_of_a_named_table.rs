#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn both() {
    let known = side(TimelessPayments);
    let both = source(Payments)
        .join(known)
        .on(|p| p.card, |k| k.card)
        .select(|p, k| Payment { amount: p.amount + k.amount.unwrap_or(0), ..p });
    both.sink(LargePayments);
}

fn main() {}
