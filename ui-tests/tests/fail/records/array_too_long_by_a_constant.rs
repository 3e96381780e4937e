use waterwheel::prelude::*;

pub const SIGNATURE: usize = 4096;

#[derive(Clone, Record)]
pub struct Signed {
    pub signature: [u8; SIGNATURE],
}

fn main() {}
