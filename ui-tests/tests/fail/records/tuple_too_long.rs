use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Sample {
    pub values: (u8, u8, u8, u8, u8, u8, u8, u8, u8),
}

fn main() {}
