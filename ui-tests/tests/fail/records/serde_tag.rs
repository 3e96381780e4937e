use waterwheel::prelude::*;

#[derive(Clone, Record)]
#[serde(tag = "kind")]
pub enum Paid {
    Cash,
    Card { number: u64 },
}

fn main() {}
