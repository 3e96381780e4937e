#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() -> Stream<Payment> {
    source(Payments).filter(|p| p.amount > 0)
}

fn main() {}
