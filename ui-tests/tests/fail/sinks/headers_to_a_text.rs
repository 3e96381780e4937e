#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).sink_with_headers("large", |p| [("card", p.card)]);
}

fn main() {}
