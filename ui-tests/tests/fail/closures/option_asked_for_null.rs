#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).map(|p| p.clone()).filter(|p| Some(p.shop).is_not_null()).sink(LargePayments);
}

fn main() {}
