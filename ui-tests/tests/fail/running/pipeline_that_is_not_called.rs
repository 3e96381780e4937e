#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn copies() {
    source(TimelessPayments).sink(TimelessCopies);
}

#[pipeline]
fn large(least: i64) {
    source(Payments).filter(|p| p.amount >= least).sink(LargePayments);
}

fn tested() {
    let mut t = large.test();
    t.close();
}

fn main() -> std::process::ExitCode {
    copies.main()
}
