//! Functions of the user's own keep their names inside closures, also where the language has one of the same.

use std::cmp::max;

use waterwheel::prelude::*;

use crate::sample::*;

fn double(amount: i64) -> i64 {
    amount * 2
}

#[pipeline]
fn highest() {
    let payments = source(Payments).lateness(10s).late_drop().filter(|p| max(p.amount, 0) > 0);
    let minutes = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| CardMinute {
        card: w.key(),
        from: w.start(),
        total: max(max(p.amount), double(sum(max(p.amount, 3)))),
        n: count(),
    });
    minutes.sink(CardMinutes);
}

#[test]
fn the_number_of_arguments_tells_an_aggregate_from_a_function() {
    let mut t = highest().test();
    let at = Timestamp::from_millis(0);
    for amount in [1, 5] {
        let card = "a".to_owned();
        t.push(Payments, Payment { card, shop: 1, amount, rate: 1.0, refunded: false, at });
    }
    t.close();
    assert_eq!(t.rows(CardMinutes), [CardMinute { card: "a".to_owned(), from: at, total: 16, n: 2 }]);
}
