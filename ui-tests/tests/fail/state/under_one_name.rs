#[path = "../../sample/mod.rs"]
mod sample;

use sample::*;
use waterwheel::prelude::*;

mod archive {
    use super::*;

    topics! {
        pub LargePayments("old-large-payments"): Payment { key: card, time: at }
    }
}

#[pipeline]
pub fn per_minute() {
    let payments = source(Payments).lateness(10s).late_drop();
    payments.distinct_by(|p| p.card).within(1h).sink(LargePayments);
    payments.distinct_by(|p| p.shop).within(1h).sink(archive::LargePayments);
}

fn main() {}
