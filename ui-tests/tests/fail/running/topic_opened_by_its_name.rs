#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn open(store: &Store) {
    let _ = Payments.open(store);
}

fn main() {}
