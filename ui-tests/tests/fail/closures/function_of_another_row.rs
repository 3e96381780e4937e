#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn total(minute: &CardMinute) -> bool {
    minute.total > 100
}

#[pipeline]
fn trial() {
    source(Payments).filter(total).sink(LargePayments);
}

fn main() {}
