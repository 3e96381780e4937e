use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Payment {
    pub card: u64,
    pub shop: u64,
}

topics! {
    pub Payments("payments"): Payment { key: card, shop }
}

fn main() {}
