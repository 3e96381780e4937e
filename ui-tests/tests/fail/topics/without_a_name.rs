use waterwheel::prelude::*;

#[derive(Clone, Record)]
struct Click {
    page: u64,
    at: Timestamp,
}

topics! {
    Clicks: Click { key: page, time: at }
    Pages("pages"): Click { key: page, time: at }
}

#[pipeline]
fn pages() {
    let clicks = source(Clicks).lateness(10s).late_drop();
    clicks.sink(Pages);
}

fn main() {
    let mut t = pages().test();
    t.push(Clicks, Click { page: 1, at: Timestamp::from_secs(0) });
    t.push(Clicks, Click { page: 2, at: Timestamp::from_secs(1) });
    assert_eq!(t.rows(Pages).len(), 2);
}
