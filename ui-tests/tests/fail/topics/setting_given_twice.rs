#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

topics! {
    pub Copies("copies"): Payment { key: card, key: shop }
}

fn main() {}
