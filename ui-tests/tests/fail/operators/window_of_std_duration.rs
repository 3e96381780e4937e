#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = source(Payments).lateness(10s).late_drop();
    payments.group_by(|p| p.card).window(tumbling(std::time::Duration::from_secs(60)));
}

fn main() {}
