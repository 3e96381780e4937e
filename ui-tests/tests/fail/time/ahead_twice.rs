#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).late_drop().ahead(1h).ahead(2h).sink(LargePayments);
}

fn main() {}
