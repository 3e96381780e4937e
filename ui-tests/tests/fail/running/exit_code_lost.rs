#![deny(unused_must_use)]

#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn copies() {
    source(TimelessPayments).sink(TimelessCopies);
}

// The semicolon is what rustc recommends where `main` has no return type.
fn main() {
    copies().main();
}
