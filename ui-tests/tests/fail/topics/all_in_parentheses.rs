use waterwheel::prelude::*;

#[derive(Clone, Record)]
struct Click {
    page: u64,
}

topics! {
    Clicks("clicks", Click, key = page)
}

#[pipeline]
fn pages() {
    source(Clicks).filter(|c| c.page > 0).sink(Pages);
}

topics! { Pages("pages"): Click { key: page } }

fn main() {
    let _ = Clicks;
}
