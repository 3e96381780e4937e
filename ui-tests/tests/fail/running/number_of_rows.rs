#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn count(topic: &TypedTopic<Payments>) -> usize {
    topic.rows().len()
}

fn main() {}
