#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn trial() {
    let small = source(Payments).filter(|p| p.amount < 10);
    let large = source(LargePayments).filter(|p| p.amount > 100);
    let copies = source(TimelessPayments);
    copies.union(small, large).sink(TimelessCopies);
}

fn main() {}
