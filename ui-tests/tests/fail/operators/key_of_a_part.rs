#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).group_by(|p| &p.card[0..2]).sink(LargePayments);
}

fn main() {}
