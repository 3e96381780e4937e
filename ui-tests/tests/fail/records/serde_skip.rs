use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Payment {
    #[serde(skip)]
    pub amount: i64,
}

fn main() {}
