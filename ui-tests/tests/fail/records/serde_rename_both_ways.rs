use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Payment {
    #[serde(rename(serialize = "cents", deserialize = "amount"))]
    pub amount: i64,
}

fn main() {}
