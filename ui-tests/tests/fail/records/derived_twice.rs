use waterwheel::prelude::*;

#[derive(Clone, Record)]
#[derive(Record)]
struct Payment {
    card: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
#[derive(Key)]
struct Card(u64);

fn main() {}
