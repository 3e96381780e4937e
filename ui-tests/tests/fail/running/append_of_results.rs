#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn copy(from: &TypedTopic<Payments>, to: &TypedTopic<LargePayments>) -> waterwheel::Result<()> {
    to.append(from.rows())
}

fn main() {}
