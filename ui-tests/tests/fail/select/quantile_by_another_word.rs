#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[derive(Clone, Record)]
struct Minute {
    card: String,
    shops: u64,
}

topics! {
    Minutes("minutes"): Minute { key: card }
}

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let minutes = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| Minute {
        card: w.key(),
        shops: percentile(p.amount, 0.99),
    });
    minutes.sink(Minutes);
}

fn main() {}
