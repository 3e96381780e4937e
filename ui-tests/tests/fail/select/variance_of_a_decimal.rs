use waterwheel::prelude::*;
use waterwheel::record::Decimal;

#[derive(Debug, Clone, PartialEq, Record)]
pub struct Sale {
    pub shop: u64,
    pub price: Decimal,
    pub pieces: u32,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub struct Hour {
    pub shop: u64,
    pub value: Option<f64>,
}

topics! {
    pub Sales("sales"): Sale { key: shop, time: at }
    pub Hours("hours"): Hour { key: shop }
}

#[pipeline]
pub fn hours() {
    let sales = source(Sales).lateness(1s).late_drop();
    let hours = sales.group_by(|s| s.shop).window(tumbling(1h)).select(|w, s| Hour {
        shop: w.key(),
        value: variance(s.price),
    });
    hours.sink(Hours);
}

fn main() {}
