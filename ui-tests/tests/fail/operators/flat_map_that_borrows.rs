#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Letter {
    pub card: String,
    pub letter: String,
}

topics! {
    Letters("letters"): Letter { key: card }
    Numbers("numbers"): Letter { key: card }
}

#[pipeline]
fn trial() {
    let payments = source(Payments);
    payments
        .flat_map(|p| p.card.chars().map(|letter| Letter { card: String::new(), letter: letter.to_string() }))
        .sink(Letters);
    payments
        .flat_map(|p| (0..p.shop).map(|n| Letter { card: p.card.clone(), letter: n.to_string() }))
        .sink(Numbers);
}

fn main() {}
