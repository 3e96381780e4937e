#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use std::collections::BTreeSet;
use std::sync::Mutex;
use waterwheel::prelude::*;

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

#[pipeline]
pub fn first_of_each() {
    source(Payments).filter(|p| SEEN.lock().unwrap().insert(p.card.clone())).sink(LargePayments);
}

fn main() {}
