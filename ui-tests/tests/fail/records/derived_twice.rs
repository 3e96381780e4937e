use waterwheel::prelude::*;

#[derive(Clone, Record)]
#[derive(Record)]
struct Payment {
    card: u64,
}

fn main() {}
