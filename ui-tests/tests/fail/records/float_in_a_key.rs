use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq, Record, Key)]
pub struct Rate(f64);

fn main() {}
