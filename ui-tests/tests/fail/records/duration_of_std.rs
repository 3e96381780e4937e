use waterwheel::prelude::*;

#[derive(Clone, Record)]
struct Row {
    id: u64,
    took: std::time::Duration,
}

fn main() {}
