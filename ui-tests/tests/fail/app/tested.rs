#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

#[pipeline]
fn large() {
    source(Payments).filter(|p| p.amount > 99).sink(LargePayments);
}

fn main() {
    let mut t = App::new().pipeline(large()).test();
    t.close();
}
