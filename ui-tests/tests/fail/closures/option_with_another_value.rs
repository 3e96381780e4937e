#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).filter(|p| Some(p.amount).coalesce(0) > 0).sink(LargePayments);
}

fn main() {}
