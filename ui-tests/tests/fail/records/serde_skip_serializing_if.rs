use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Payment {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
}

fn main() {}
