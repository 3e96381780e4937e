#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use std::sync::atomic::{AtomicU64, Ordering};
use waterwheel::prelude::*;

static SEEN: AtomicU64 = AtomicU64::new(0);

#[pipeline]
pub fn every_second() {
    source(Payments).filter(|_p| SEEN.fetch_add(1, Ordering::Relaxed) % 2 == 0).sink(LargePayments);
}

fn main() {}
