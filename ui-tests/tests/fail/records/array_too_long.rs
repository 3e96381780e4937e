use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Signed {
    pub signature: [u8; 4096],
}

fn main() {}
