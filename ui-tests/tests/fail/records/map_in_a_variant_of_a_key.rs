use std::collections::BTreeMap;

use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Key)]
pub enum Payer {
    Card(u64),
    Shares(BTreeMap<String, u64>),
}

fn main() {}
