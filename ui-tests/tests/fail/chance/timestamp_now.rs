#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn recent() {
    source(Payments).filter(|p| p.at > Timestamp::now()).sink(LargePayments);
}

fn main() {}
