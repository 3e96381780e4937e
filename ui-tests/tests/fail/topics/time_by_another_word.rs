use waterwheel::prelude::*;

#[derive(Clone, Record)]
struct Click {
    page: u64,
    at: Timestamp,
}

#[derive(Clone, Record)]
struct Page {
    page: u64,
    n: u64,
}

topics! {
    Clicks("clicks"): Click { key: page, timestamp: at }
    Pages("pages"): Page { key: page }
}

#[pipeline]
fn pages() {
    let clicks = source(Clicks).lateness(10s).late_drop();
    let pages =
        clicks.group_by(|c| c.page).window(tumbling(1m)).select(|w, c| Page { page: w.key(), n: count() });
    pages.sink(Pages);
}

fn main() {}
