#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

topics! {
    Copies("copies"): Payment { timestamp: at }
    Others("others"): Payment { watermark: at }
    Third("third"): Payment { ttl: 5 }
}

fn main() {}
