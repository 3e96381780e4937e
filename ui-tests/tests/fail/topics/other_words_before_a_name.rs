use waterwheel::prelude::*;

#[derive(Clone, Record)]
struct Click {
    page: u64,
}

topics! {
    "page-clicks": Click { key: page }
    struct Pages("pages"): Click { key: page }
    topic Others("others"): Click { key: page }
    Nameless(): Click { key: page }
}

#[pipeline]
fn pages() {
    let clicks = source(PageClicks);
    clicks.sink(Pages);
    source(Nameless).sink(Others);
}

fn main() {
    let mut t = pages().test();
    t.push(PageClicks, Click { page: 1 });
    assert_eq!(t.rows(Pages).len(), t.rows(Others).len());
}
