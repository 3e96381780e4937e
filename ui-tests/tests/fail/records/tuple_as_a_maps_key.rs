use std::collections::BTreeMap;

use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Board {
    pub pieces: BTreeMap<(u8, u8), String>,
}

fn main() {}
