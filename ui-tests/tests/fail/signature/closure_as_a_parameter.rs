#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn kept(keep: impl Fn(&Payment) -> bool) {
    source(Payments).filter(keep).sink(LargePayments);
}

fn main() {
    let _ = kept(|p| p.amount > 0).test();
}
