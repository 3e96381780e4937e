#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let large = source(TimelessPayments);
    source(Payments).filter(|p| large.contains(&p.card)).sink(LargePayments);
}

fn main() {}
