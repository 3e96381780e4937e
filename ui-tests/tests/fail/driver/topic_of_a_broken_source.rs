#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source::<Payment>(Payments).sink(LargePayments);
}

fn main() {
    let mut t = trial().test();
    t.push_all(Payments, []);
}
