use waterwheel::prelude::*;

#[derive(Clone, Record, Key)]
pub struct Card(u64);

fn main() {}
