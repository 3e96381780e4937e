#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

topics! {
    pub Copies("copies"): Payment { key: card, compression: zst }
    pub Quoted("quoted"): Payment { compression: "lz4" }
}

fn main() {}
