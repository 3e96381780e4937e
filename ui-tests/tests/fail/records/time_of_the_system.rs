use std::time::SystemTime;

use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Visit {
    pub at: SystemTime,
}

fn main() {}
