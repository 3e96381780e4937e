#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn kept(keep: fn(&Payment) -> bool) {
    source(Payments).filter(keep).sink(LargePayments);
}

fn main() {}
