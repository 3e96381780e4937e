#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn of_some(cards: Option<std::collections::HashSet<String>>) {
    let some = source(Payments).filter(|p| cards.as_ref().is_none_or(|cards| cards.contains(&p.card)));
    some.sink(LargePayments);
}

fn main() {}
