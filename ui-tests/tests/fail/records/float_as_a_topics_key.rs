use waterwheel::prelude::*;

#[derive(Clone, Record, Key)]
pub struct Rate(f64);

#[derive(Clone, Record)]
pub struct Reading {
    pub rate: Rate,
}

topics! {
    pub Readings("readings"): Reading { key: rate }
    pub Copies("copies"): Reading { key: rate }
}

#[pipeline]
pub fn copy() {
    source(Readings).sink(Copies);
}

fn main() {}
