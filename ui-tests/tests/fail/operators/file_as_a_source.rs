#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let payments = read_csv("payments.csv");
    payments.sink(LargePayments);
}

fn main() {}
