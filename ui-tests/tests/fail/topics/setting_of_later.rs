#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

topics! {
    pub Copies("copies"): Payment { key: card, retention_bytes: 7 }
}

fn main() {}
