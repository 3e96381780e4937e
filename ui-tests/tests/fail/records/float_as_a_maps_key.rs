use std::collections::BTreeMap;

use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Histogram {
    pub counts: BTreeMap<f64, u64>,
}

fn main() {}
