#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[derive(Clone, Record)]
struct Shop<'a> {
    name: &'a str,
}

fn main() {}
