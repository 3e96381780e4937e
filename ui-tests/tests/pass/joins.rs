//! Joins: steps with a `let` of their own, parameters in the range and the closures, functions in place of closures, a stream with
//! itself, keys of several fields.

use waterwheel::prelude::*;

use crate::sample::*;

fn card_of(payment: &Payment) -> String {
    payment.card.clone()
}

fn paid_in(payment: &Payment, minute: &CardMinute) -> Payment {
    Payment { amount: minute.total, ..payment.clone() }
}

#[pipeline]
fn joins(before: Duration, least: i64, name: String) {
    let payments = source(Payments).lateness(10s).late_drop();
    let joined = payments.join(source(CardMinutes).lateness(1s).late_drop()).on(card_of, |m| m.card);
    let near = joined.between(-before..=1m);
    let by_function = near.select(paid_in);
    let by_closure = joined.between(-1h..=-500ms).select(|p, m| Payment {
        card: m.card,
        shop: p.shop,
        amount: least,
        ..p.clone()
    });
    let with_itself = payments
        .join(payments)
        .on(|one| (one.card, one.shop), |other| (other.card, other.shop))
        .between(0s..=0s)
        .select(|one, _| Payment { card: format!("{name} {}", one.card), ..one.clone() });
    by_function.union(by_closure).union(with_itself).sink(LargePayments);
}

#[test]
fn the_plan_has_all_of_it() {
    let plan = joins(Duration::from_secs(90), 3, "of".to_owned()).explain().unwrap();
    for part in [
        "join  by_function",
        "between: -1m30s..=1m",
        "left key: card_of",
        "right key: |m| m.card",
        "join  by_closure",
        "between: -1h..=-500ms",
        "join  with_itself",
        "left key: |one| (one.card, one.shop)",
    ] {
        assert!(plan.contains(part), "{part} is missing:\n{plan}");
    }
}

#[derive(Clone, Debug, PartialEq, Record)]
pub(crate) struct Met {
    first: Payment,
    second: Option<Payment>,
    copied: Option<Payment>,
    shop: Option<u32>,
}

topics! {
    Meetings("meetings"): Met {}
}

#[pipeline]
fn meetings() {
    let payments = source(Payments).lateness(10s).late_drop();
    let large = source(LargePayments).lateness(10s).late_drop();
    let meetings = payments.left_join(large).on(|p| p.card, |l| l.card).between(0s..=1h).select(|p, l| Met {
        first: p,
        second: l,
        copied: l.clone(),
        shop: l.map(|l| l.shop),
    });
    meetings.sink(Meetings);
}

#[test]
fn a_row_that_may_be_missing_is_given_to_a_field() {
    let payment = |card: &str| Payment {
        card: card.to_owned(),
        shop: 3,
        amount: 250,
        rate: 1.0,
        refunded: false,
        at: Timestamp::from_secs(5),
    };
    let (met, alone) = (payment("a"), payment("b"));
    let mut t = meetings().test();
    t.push_all(Payments, [met.clone(), alone.clone()]);
    t.push(LargePayments, met.clone());
    t.close();
    let both = Met { first: met.clone(), second: Some(met.clone()), copied: Some(met), shop: Some(3) };
    assert_eq!(t.rows(Meetings), [both, Met { first: alone, second: None, copied: None, shop: None }]);
}
