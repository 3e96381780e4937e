#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn sample_of_them() {
    source(Payments).filter(|p| rand::random::<f64>() < p.rate).sink(LargePayments);
}

fn main() {}
