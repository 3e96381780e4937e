#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let once = payments.map(|p| (p.card, p.amount)).distinct_by(|p| p.0).within(1h);
    once.map(|p| CardMinute { card: p.0.clone(), from: Timestamp::MIN, total: p.1, n: 1 }).sink(CardMinutes);
}

fn main() {}
