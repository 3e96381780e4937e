use waterwheel::prelude::*;

#[derive(Clone, Record)]
struct Click {
    page: u64,
    at: Timestamp,
}

topics! { Clicks("clicks"): Click { key: page, time: (append, at) } }

fn main() {}
