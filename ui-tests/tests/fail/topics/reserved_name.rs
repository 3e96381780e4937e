#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

topics! {
    pub Copies("__copies"): Payment { key: card }
}

fn main() {}
