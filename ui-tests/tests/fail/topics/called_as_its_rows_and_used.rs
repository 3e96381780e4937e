use waterwheel::prelude::*;

#[derive(Clone, Record)]
struct Click {
    page: u64,
}

topics! {
    Click("clicks"): Click { key: page }
    Pages("pages"): Click { key: page }
}

#[pipeline]
fn pages() {
    source(Click).filter(|c| c.page > 0).sink(Pages);
}

fn main() {
    let mut t = pages().test();
    t.push(Click, Click { page: 1 });
    assert_eq!(t.rows(Pages).len(), 1);
}
