use waterwheel::prelude::*;

#[derive(Clone, Record)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    pub card_number: u64,
}

fn main() {}
