use std::collections::BTreeMap;

use waterwheel::prelude::*;

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Record)]
pub struct Square {
    pub file: u8,
    pub rank: u8,
}

#[derive(Clone, Record)]
pub struct Board {
    pub pieces: BTreeMap<Square, String>,
}

fn main() {}
