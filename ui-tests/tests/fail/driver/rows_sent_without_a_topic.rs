#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
pub fn large() {
    source(Payments).filter(|p| p.amount > 100).sink(LargePayments);
}

fn main() {
    let mut t = large().test();
    let rows: Vec<Payment> = Vec::new();
    for row in rows {
        t.send(row);
    }
    assert_eq!(t.output().len(), 0);
}
