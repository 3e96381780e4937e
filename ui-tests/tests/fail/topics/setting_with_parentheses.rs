#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

topics! {
    Copies("copies"): Payment { key: card, time: at, partitions(4) }
}

fn main() {}
