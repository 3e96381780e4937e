use waterwheel::prelude::*;

#[derive(Clone, Record)]
struct Payment {
    card: u64;
    at: Timestamp,
}

topics! { Payments("payments"): Payment { key: card, time: at } }

#[pipeline]
fn trial() {
    source(Payments).filter(|p| p.card > 5).sink(Copies);
}

topics! { Copies("copies"): Payment {} }

fn main() {}
