use waterwheel::prelude::*;

#[derive(Clone, Record)]
#[record(retired = [4])]
struct Payment {
    card: u64,
}

fn main() {}
