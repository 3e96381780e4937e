use waterwheel::prelude::*;

#[derive(Clone, Record)]
#[serde(rename_all = "camelcase")]
pub struct Payment {
    pub card_number: u64,
}

fn main() {}
