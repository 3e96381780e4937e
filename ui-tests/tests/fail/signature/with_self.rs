#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

struct Limits {
    least: i64,
}

impl Limits {
    #[pipeline]
    pub fn large(&self) {
        source(Payments).filter(|p| p.amount > self.least).sink(LargePayments);
    }
}

fn main() {}
