#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

topics! {
    pub Copies("copies"): Payment { key: card time: at }
}

fn main() {}
