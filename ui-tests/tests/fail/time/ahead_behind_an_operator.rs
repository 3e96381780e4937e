#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).late_drop().filter(|p| p.amount > 3).ahead(1h).sink(LargePayments);
}

fn main() {}
