use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Payment {
    pub pieces: usize,
}

fn main() {}
