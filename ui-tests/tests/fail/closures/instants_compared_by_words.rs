#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).filter(|p| p.at.after(Timestamp::from_secs(0))).sink(LargePayments);
}

fn main() {}
