use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Key)]
pub enum Nobody {}

fn main() {}
