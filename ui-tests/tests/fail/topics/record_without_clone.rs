use waterwheel::prelude::*;

#[derive(Record)]
pub struct Payment {
    card: String,
    at: Timestamp,
}

fn main() {}
