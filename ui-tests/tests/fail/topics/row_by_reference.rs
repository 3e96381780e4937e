use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq, Record)]
pub struct Payment {
    pub card: String,
    pub at: Timestamp,
}

topics! {
    pub Payments("payments"): &Payment { key: card }
}

fn main() {}
