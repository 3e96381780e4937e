#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let (first, second, others) = source(Payments).split(|p| match p.shop {
        1 => 0,
        2 => 1,
        _ => 2,
    });
    first.union([second, others]).sink(LargePayments);
}

fn main() {}
