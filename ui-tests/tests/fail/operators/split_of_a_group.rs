#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let (large, _) = source(Payments).group_by(|p| p.card).split(|p| p.amount > 3);
    large.sink(LargePayments);
}

fn main() {}
