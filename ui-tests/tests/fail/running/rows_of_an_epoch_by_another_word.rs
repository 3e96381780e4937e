#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn main() {
    let _ = RunOptions::new().batch_size(100);
}
