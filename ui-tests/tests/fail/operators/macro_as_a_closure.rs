#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    source(Payments).inspect(println!("{:?}", p)).sink(LargePayments);
}

fn main() {}
