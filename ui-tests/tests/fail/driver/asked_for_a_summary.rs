#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).sink(LargePayments);
}

fn test() {
    let mut t = trial().test();
    let _ = t.summary();
}

fn main() {}
