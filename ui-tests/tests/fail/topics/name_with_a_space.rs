#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

topics! {
    pub Copies("my copies"): Payment { key: card }
}

fn main() {}
