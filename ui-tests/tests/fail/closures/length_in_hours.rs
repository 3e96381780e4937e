#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).filter(|p| (p.at - p.at).hours() > 1).sink(LargePayments);
}

fn main() {}
