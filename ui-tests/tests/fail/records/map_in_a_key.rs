use std::collections::BTreeMap;

use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
pub struct Labels(BTreeMap<String, String>);

fn main() {}
