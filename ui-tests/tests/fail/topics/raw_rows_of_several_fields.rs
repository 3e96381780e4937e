#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

topics! {
    Copies("copies"): Payment { format: raw }
}

fn main() {}
