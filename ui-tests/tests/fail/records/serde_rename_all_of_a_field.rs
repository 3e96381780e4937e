use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Payment {
    #[serde(rename_all = "camelCase")]
    pub card_number: u64,
}

fn main() {}
