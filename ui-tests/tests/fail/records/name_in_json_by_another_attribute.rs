use waterwheel::prelude::*;

#[derive(Clone, Record)]
struct Payment {
    #[field(name = "cardId")]
    card: u64,
    #[field(id = 3)]
    shop: u64,
    #[field(optional)]
    tip: i64,
}

fn main() {}
