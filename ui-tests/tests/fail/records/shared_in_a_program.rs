use waterwheel::prelude::*;

use std::rc::Rc;

#[derive(Clone, Debug, PartialEq, Record)]
pub struct Payment {
    pub card: u64,
    pub cents: i64,
    pub shop: Rc<str>,
    pub at: Timestamp,
}

topics! {
    pub Payments("payments"): Payment { key: card, time: at }
    pub Large("large"): Payment { key: card, time: at }
}

#[pipeline]
pub fn large() {
    let payments = source(Payments).lateness(10s).late_drop();
    let large = payments.filter(|p| p.cents > 500);
    large.sink(Large);
}

pub fn test() {
    let mut t = large().test();
    t.push(Payments, Payment { card: 1, cents: 700, shop: "a".into(), at: Timestamp::from_millis(0) });
    assert_eq!(t.rows(Large).len(), 1);
}

fn main() {}
