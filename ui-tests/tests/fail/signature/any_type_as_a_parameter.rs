#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn kept(shop: impl Into<u32>) {
    source(Payments).filter(|p| p.shop == shop.into()).sink(LargePayments);
}

fn main() {}
