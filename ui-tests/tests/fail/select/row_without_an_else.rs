#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    let minutes = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| if count() > 3 { w.key() });
    minutes.sink(CardMinutes);
}

fn main() {}
