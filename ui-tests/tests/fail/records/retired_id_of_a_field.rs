use waterwheel::prelude::*;

#[derive(Clone, Record)]
#[record(retired(2))]
struct Score {
    player: String,
    points: i64,
    #[field(4)]
    bonus: i64,
}

fn main() {}
