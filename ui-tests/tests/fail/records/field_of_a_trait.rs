#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[derive(Record)]
struct Odd {
    of: Box<dyn Send + Sync>,
}

fn main() {}
