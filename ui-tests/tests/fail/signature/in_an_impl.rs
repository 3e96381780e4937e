#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

struct Jobs;

impl Jobs {
    #[pipeline]
    fn large() {
        source(Payments).filter(|p| p.amount > 100).sink(LargePayments);
    }
}

fn main() {}
