#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[derive(Clone, Record)]
pub struct Bytes {
    pub bytes: Vec<u8>,
}

topics! { DeadLetters("dead-letters"): Bytes { format: raw } }

#[pipeline]
fn trial() {
    source(Payments).dead_letter(DeadLetters).sink(LargePayments);
}

fn main() {}
