use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Payment {
    #[serde(bound = "i64: Copy")]
    pub amount: i64,
}

fn main() {}
