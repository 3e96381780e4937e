#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).sink("large-payments");
}

fn main() {
    let mut t = trial().test();
    assert!(t.rows(LargePayments).is_empty());
}
