use waterwheel::prelude::*;

#[derive(Clone, Debug, Record)]
pub enum Event {
    Opened { account: u64, at: Timestamp },
    Closed { account: u64, at: Timestamp },
}

topics! {
    Events("events"): Event { key: account, time: |e| e.at }
}

fn main() {}
