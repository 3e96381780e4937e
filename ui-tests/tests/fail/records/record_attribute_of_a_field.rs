use waterwheel::prelude::*;

#[derive(Clone, Record)]
struct Fee {
    account: u64,
    #[record(default)]
    waived: bool,
    #[variant(4)]
    cents: i64,
    #[record(retired(7))]
    by: u64,
    #[record(optional)]
    note: String,
}

fn main() {}
