use waterwheel::prelude::*;

#[derive(Clone, Record)]
#[record(retired(terminal))]
struct Payment {
    card: u64,
}

fn main() {}
