use std::collections::BTreeMap;

use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Grades {
    pub of_pupils: BTreeMap<String, Vec<char>>,
}

fn main() {}
