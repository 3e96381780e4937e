#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub async fn copy() {
    source(Payments).sink(LargePayments);
}

fn main() {}
