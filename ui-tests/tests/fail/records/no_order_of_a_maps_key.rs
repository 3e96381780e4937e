use std::collections::HashMap;

use waterwheel::prelude::*;

#[derive(Clone, PartialEq, Eq, Hash, Record)]
pub struct CardId(u64);

#[derive(Clone, Record)]
pub struct Limits {
    pub of_cards: HashMap<CardId, i64>,
}

fn main() {}
