#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments)
        .lateness(10s)
        .late_drop()
        .group_by(|p| p.card)
        .process(|last: &mut Option<Payment>, p| {
            *last = Some(p.clone());
            p.clone()
        })
        .sink(LargePayments);
}

fn main() {}
