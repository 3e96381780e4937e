use waterwheel::prelude::*;
use waterwheel::record::Decimal;

#[derive(Debug, Clone, PartialEq, Record)]
pub struct Sale {
    pub price: Decimal,
}

topics! {
    pub Sales("sales"): Sale {}
    pub Dearer("dearer"): Sale {}
}

#[pipeline]
pub fn dearer() {
    source(Sales).map(|s| Sale { price: s.price * 1.19 }).sink(Dearer);
}

fn main() {}
