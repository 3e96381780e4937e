#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

topics! {
    Copies("copies"): Payment { key: p.card, time: at }
}

fn main() {}
