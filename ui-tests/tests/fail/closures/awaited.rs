#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

async fn is_known(_: &Payment) -> bool {
    true
}

#[pipeline]
fn trial() {
    source(Payments).filter(|p| is_known(p).await).sink(LargePayments);
}

fn main() {}
