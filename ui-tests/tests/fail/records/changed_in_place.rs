use waterwheel::prelude::*;

use std::cell::{Cell, RefCell};

#[derive(Clone, Debug, PartialEq, Record)]
pub struct Payment {
    pub card: Cell<u64>,
    pub tags: Vec<RefCell<String>>,
}

fn main() {}
