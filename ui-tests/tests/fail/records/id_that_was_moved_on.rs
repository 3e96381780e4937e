use waterwheel::prelude::*;

#[derive(Clone, Record)]
struct Score {
    player: String,
    #[field(3)]
    points: i64,
    bonus: i64,
}

fn main() {}
