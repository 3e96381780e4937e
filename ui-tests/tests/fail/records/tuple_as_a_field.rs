use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Payment {
    pub range: (u64, u64),
    pub code: [u8; 4],
}

fn main() {}
