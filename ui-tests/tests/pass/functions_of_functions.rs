//! Functions that are made of others are given to operators as closures are, whatever their names; and what has a name that only others have.

use std::sync::LazyLock;

use waterwheel::prelude::*;

use crate::sample::*;

trait Predicate: Fn(&Payment) -> bool + Copy {
    fn negated(self) -> impl Fn(&Payment) -> bool + Copy {
        move |payment| !self(payment)
    }

    fn and(self, other: impl Predicate) -> impl Fn(&Payment) -> bool + Copy {
        move |payment| self(payment) && other(payment)
    }
}

impl<F: Fn(&Payment) -> bool + Copy> Predicate for F {}

fn is_large(payment: &Payment) -> bool {
    payment.amount > 100
}

fn is_small(payment: &Payment) -> bool {
    payment.amount < 3
}

fn not(of: fn(&Payment) -> bool) -> impl Predicate {
    move |payment: &Payment| !of(payment)
}

fn either(one: impl Predicate, other: impl Predicate) -> impl Predicate {
    move |payment: &Payment| one(payment) || other(payment)
}

fn above(least: i64) -> impl Predicate {
    move |payment: &Payment| payment.amount > least
}

struct Rules {
    known: fn(&Payment) -> bool,
}

static RULES: Rules = Rules { known: |payment| !payment.card.is_empty() };
static FIRST: LazyLock<fn(&Payment) -> bool> = LazyLock::new(|| |payment| payment.shop == 1);

#[pipeline]
fn of_functions(least: i64) {
    let payments = source(Payments).filter(is_large.negated()).filter(not(is_small));
    let some = payments.filter(either(above(least), is_small)).filter(either(is_small, is_large).negated());
    let others = some.filter(above(least).and(is_large.negated())).filter(RULES.known).filter(*FIRST);
    let (even, odd) = others.split(is_even.clone());
    even.union(odd.filter(either(is_small, is_large).negated())).sink(LargePayments);
}

fn is_even(payment: &Payment) -> bool {
    payment.amount % 2 == 0
}

#[test]
fn functions_are_made_of_others() {
    let mut t = of_functions(10).test();
    let payment = |amount, shop| Payment {
        card: "a".to_owned(),
        shop,
        amount,
        rate: 1.0,
        refunded: false,
        at: Timestamp::from_secs(0),
    };
    t.push(
        Payments,
        [payment(1, 1), payment(10, 1), payment(11, 1), payment(12, 1), payment(12, 2), payment(101, 1)],
    );
    assert_eq!(t.rows(LargePayments), [payment(11, 1), payment(12, 1)]);
}

/// Topics by other names, which `let`s could have.
mod topics {
    pub(super) use crate::sample::{CardMinutes as minutes, LargePayments as first};
}

#[pipeline]
fn topics_by_other_names() {
    let payments = source(Payments).lateness(10s).late_drop();
    let first = payments.distinct_by(|p| p.shop).within(1m);
    first.distinct_by(|p| p.card).within(1m).sink(topics::first);
    payments
        .group_by(|p| p.card)
        .window(tumbling(1m))
        .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.amount), n: count() })
        .sink(topics::minutes);
    let minutes = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| Payment {
        card: w.key(),
        at: w.start(),
        shop: 1,
        amount: sum(p.amount),
        rate: 1.0,
        refunded: false,
    });
    minutes.sink(Payouts);
}

topics! {
    Payouts("payouts"): Payment { key: card, time: at }
}

#[test]
fn state_of_each_has_a_name_of_its_own() {
    let plan = topics_by_other_names().explain().unwrap();
    for name in ["first", "topics::first", "minutes", "topics::minutes"] {
        assert!(plan.contains(&format!("  {name}  ")), "no `{name}` in\n{plan}");
    }
    let mut t = topics_by_other_names().test();
    t.push(
        Payments,
        Payment {
            card: "a".to_owned(),
            shop: 1,
            amount: 5,
            rate: 1.0,
            refunded: false,
            at: Timestamp::from_secs(0),
        },
    );
    t.close();
    let payouts: Vec<Payment> = t.rows(Payouts);
    assert_eq!(payouts.len(), 1);
}
