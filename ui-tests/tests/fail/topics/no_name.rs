#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

topics! {
    pub Copies: Payment { key: card }
    pub Others("others"): Payment { key: crad }
}

fn main() {}
