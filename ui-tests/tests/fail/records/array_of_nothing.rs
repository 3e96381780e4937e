use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Signed {
    pub reserved: [u8; 0],
}

fn main() {}
