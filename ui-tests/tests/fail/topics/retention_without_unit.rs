#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

topics! {
    pub Copies("copies"): Payment { key: card, retention: 7 }
    pub Weekly("weekly"): Payment { retention: 2weeks }
    pub Never("never"): Payment { retention: forever }
}

fn main() {}
