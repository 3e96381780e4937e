use waterwheel::prelude::*;

#[derive(Clone, Record)]
struct Score {
    player: String,
    points: i64,
    #[field(2, default)]
    bonus: i64,
}

fn main() {}
