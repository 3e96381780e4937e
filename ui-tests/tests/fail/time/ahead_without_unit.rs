#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).late_drop().ahead(3600).sink(LargePayments);
}

fn main() {}
