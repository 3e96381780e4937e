use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Payment {
    #[serde(with = "my_money")]
    pub amount: i64,
}

fn main() {}
