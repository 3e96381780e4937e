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
}

#[pipeline]
fn trial() {
    let payments = source(Payments);
    payments
        .flat_map(|p| (0..p.shop).map(|n| Letter { card: p.card.clone(), letter: n.to_string() }))
        .sink(Letters);
}

fn main() {}
