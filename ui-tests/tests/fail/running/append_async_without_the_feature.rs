#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

async fn append(payments: &TypedTopic<Payments>, payment: Payment) -> waterwheel::Result<()> {
    payments.append_async([payment]).await
}

fn main() {}
