#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).sink(LargePayments);
}

fn test() {
    let mut t = trial().test();
    t.advance_watermark(Timestamp::from_secs(60));
}

fn main() {}
