#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).filter(|p| match p.card { "A" => true, _ => false }).sink(LargePayments);
}

fn main() {}
