use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Payment {
    #[serde(flatten)]
    pub amount: i64,
}

fn main() {}
