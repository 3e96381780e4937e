use waterwheel::prelude::*;

#[derive(Clone, Record)]
#[field(default)]
struct Payment {
    card: u64,
}

fn main() {}
