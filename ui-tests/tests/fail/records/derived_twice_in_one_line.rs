use waterwheel::prelude::*;

#[derive(Clone, Record, Record)]
struct Payment {
    card: Card,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Key, Record, waterwheel::Key)]
struct Card(u64);

topics! {
    Payments("payments"): Payment { key: card }
}

fn main() {}
