use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Order {
    pub id: u64,
    #[field(default: 5)]
    pub level: u8,
    #[field(default(7))]
    pub rank: u8,
}

fn main() {}
