use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
pub struct Payment {
    #[serde(rename = "cardNumber")]
    pub card: u64,
}

topics! {
    pub Payments("payments"): Payment {}
    pub Large("large"): Payment {}
}

#[pipeline]
pub fn large() {
    source(Payments).filter(|p| p.card_number > 1000).sink(Large);
}

fn main() {}
