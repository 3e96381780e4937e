use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Payment {
    #[field(default = 7)]
    #[serde(default)]
    pub amount: i64,
}

fn main() {}
