use waterwheel::prelude::*;

#[derive(Clone, Record)]
enum Level {
    Low,
    High,
}

#[derive(Clone, Record)]
struct Alarm {
    id: u64,
    #[field(default)]
    level: Level,
}

fn main() {}
