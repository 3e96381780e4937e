#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).filter(|p| p.at - Timestamp::from_secs(0) > Duration::seconds(5)).sink(LargePayments);
}

fn main() {}
