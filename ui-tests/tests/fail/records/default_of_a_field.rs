use waterwheel::prelude::*;

#[derive(Clone, Record)]
struct Row {
    id: u64,
    #[default]
    level: i64,
}

// As std has it.
#[derive(Clone, Default, Record)]
enum Level {
    #[default]
    Low,
    High,
}

fn main() {}
