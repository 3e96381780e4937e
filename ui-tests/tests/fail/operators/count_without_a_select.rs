#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large() {
    let payments = source(Payments).lateness(10s).late_drop();
    payments.group_by(|p| p.card).window(tumbling(1m)).count().sink(CardMinutes);
}

fn main() {}
