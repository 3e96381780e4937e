use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Payment {
    pub amount: i64,
    #[serde(rename = "amount")]
    pub cents: i64,
}

fn main() {}
