use waterwheel::prelude::*;

#[derive(Record)]
pub enum Event {
    Opened(u64),
    Closed,
}

topics! {
    Events("events"): Event {}
}

fn main() {}
