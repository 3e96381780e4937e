#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;
use std::collections::HashSet;

#[pipeline]
pub fn of_some(cards: HashSet<String>) {
    source(Payments).filter(|p| cards.contains(&p.card)).sink(LargePayments);
}

fn main() {}
