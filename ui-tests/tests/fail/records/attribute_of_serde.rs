use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq, Record)]
pub struct Payment {
    #[serde(rename = "cardNumber")]
    pub card: String,
}

fn main() {}
