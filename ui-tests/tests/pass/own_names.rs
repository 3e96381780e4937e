//! Functions of the user's own keep their names inside closures, also where the language has one of the same.

use std::cmp::max;

use waterwheel::prelude::*;

use crate::sample::*;

fn double(amount: i64) -> i64 {
    amount * 2
}

fn amount(payment: &Payment) -> i64 {
    payment.amount
}

fn shop(payment: &Payment) -> u32 {
    payment.shop
}

/// `amount` is a field as well; so the function has its path.
#[pipeline]
fn by_functions() {
    let payments = source(Payments).lateness(10s).late_drop();
    let large = payments.filter(|p| p.amount > 1);
    let minutes = large.group_by(self::amount).window(tumbling(1m)).select(|w, p| CardMinute {
        card: last(p.card),
        from: w.start(),
        total: w.key(),
        n: count(),
    });
    minutes.sink(CardMinutes);
    let first = payments.distinct_by(shop).within(1h);
    first.sink(LargePayments);
}

#[test]
fn functions_are_given_by_their_names() {
    let mut t = by_functions().test();
    let at = Timestamp::from_millis(0);
    let payment = |amount| Payment { card: "a".to_owned(), shop: 1, amount, rate: 1.0, refunded: false, at };
    t.push_all(Payments, [payment(1), payment(5), payment(5)]);
    t.close();
    assert_eq!(t.rows(CardMinutes), [CardMinute { card: "a".to_owned(), from: at, total: 5, n: 2 }]);
    assert_eq!(t.rows(LargePayments).len(), 1);
}

/// The prelude's `Result` has an error of its own, and takes another.
fn number(text: &str) -> Result<u8, std::num::ParseIntError> {
    text.parse()
}

#[test]
fn a_result_has_the_librarys_error_or_another() {
    fn checked(payment: &Payment) -> Result<()> {
        assert!(payment.amount > 0);
        Ok(())
    }
    let at = Timestamp::from_millis(0);
    let payment = Payment { card: "a".to_owned(), shop: 1, amount: 1, rate: 1.0, refunded: false, at };
    assert!(checked(&payment).is_ok());
    assert!(number("7").is_ok() && number("x").is_err());
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
