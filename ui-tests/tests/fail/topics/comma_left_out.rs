use waterwheel::prelude::*;

#[derive(Clone, Record)]
struct Click {
    page: u64,
    at: Timestamp,
}

topics! {
    Clicks("clicks"): Click { key: page time: at }
    Pages("pages"): Click { key: page: u64, time: at }
}

#[pipeline]
fn pages() {
    let clicks = source(Clicks).lateness(10s).late_drop();
    let once = clicks.distinct_by(|c| c.page).within(1h);
    once.sink(Pages);
}

fn main() {}
