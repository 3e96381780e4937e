#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn refunds() {
    source(Payments).filter(|p| p.refunded).sink(Payments);
}

fn main() {}
