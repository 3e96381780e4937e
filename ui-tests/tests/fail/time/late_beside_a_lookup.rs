#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq, Record)]
pub struct Owner {
    pub card: String,
    pub name: String,
}

topics! {
    LatePayments("late-payments"): Payment { key: card }
    Owners("owners"): Owner { key: card }
    Named("named"): Owner { key: card }
}

#[pipeline]
fn waits() {
    let owners = side(Owners).csv("owners.csv");
    let named = source(Payments)
        .lateness(10s)
        .late_drop()
        .idle(30s)
        .lookup(owners)
        .on(|p| p.card, |o| o.card)
        .select(|p, o| Owner { card: p.card, name: o.name.unwrap_or_default() });
    named.sink(Named);
}

#[pipeline]
fn tells_late_ones() {
    source(Payments)
        .lateness(10s)
        .late_to(LatePayments)
        .lookup(side(Owners))
        .on(|p| p.card, |o| o.card)
        .select(|p, o| Owner { card: p.card, name: o.name.unwrap_or_default() })
        .sink(Named);
}

/// Another operator goes by event time.
#[pipeline]
fn windows() {
    source(Payments)
        .lateness(10s)
        .late_to(LatePayments)
        .idle(30s)
        .lookup(side(Owners))
        .on(|p| p.card, |o| o.card)
        .select(|p, o| Owner { card: p.card, name: o.name.unwrap_or_default() })
        .group_by(|o| o.card)
        .window(tumbling(1m))
        .select(|w, o| Owner { card: w.key(), name: max(o.name) })
        .sink(Named);
}

fn main() {}
