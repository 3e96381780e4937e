#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large() {
    source(Payments).filter(|p| p.amount > 100).sink(LargePayments);
}

fn main() {
    large().execute().unwrap();
}
