#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let minutes = side(CardMinutes);
    minutes.filter(|m| m.total > 100).sink(CardMinutes);
}

fn main() {}
