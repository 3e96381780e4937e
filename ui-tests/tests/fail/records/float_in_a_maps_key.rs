use std::collections::HashMap;

use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Celsius(f64);

#[derive(Clone, Record)]
pub struct Histogram {
    pub counts: HashMap<Celsius, u64>,
}

fn main() {}
