use std::collections::HashSet;

use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
struct Article {
    id: u64,
    tags: HashSet<String>,
}

fn main() {}
