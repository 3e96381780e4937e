use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Payment {
    #[serde(rename = "cents", alias = "amt")]
    pub amount: i64,
}

fn main() {}
