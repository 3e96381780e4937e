#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

fn at(_: &Payment) -> std::time::SystemTime {
    std::time::UNIX_EPOCH
}

#[pipeline]
pub fn recent() {
    source(Payments).filter(|p| std::time::SystemTime::now() > at(p)).sink(LargePayments);
}

fn main() {}
