#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq, Record)]
struct Pair {
    first: Payment,
    second: Payment,
}

topics! {
    Pairs("pairs"): Pair {}
}

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let others = source(LargePayments).lateness(10s).late_drop();
    let pairs = payments
        .left_join(others)
        .on(|p| p.card, |o| o.card)
        .between(0s..=1h)
        .select(|p, o| Pair { first: p, second: o });
    pairs.sink(Pairs);
}

fn main() {}
