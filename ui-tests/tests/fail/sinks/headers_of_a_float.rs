#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).sink_with_headers(LargePayments, |p| [("rate", p.rate)]);
}

fn main() {}
