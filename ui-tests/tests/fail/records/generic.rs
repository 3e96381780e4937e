use waterwheel::prelude::*;

#[derive(Clone, Record)]
struct Pair<T> {
    card: u64,
    of: T,
}

topics! {
    Pairs("pairs"): Pair<u64> { key: card }
    OtherPairs("other-pairs"): Pair<u64> { key: card }
}

#[pipeline]
fn trial() {
    source(Pairs).filter(|p| p.card > 3).sink(OtherPairs);
}

fn main() {}
