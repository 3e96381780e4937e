use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Marker {
    pub id: u64,
    pub reserved: (),
}

fn main() {}
