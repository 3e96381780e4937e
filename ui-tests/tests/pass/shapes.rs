//! Sources without a `let`, settings in any order, several sources and sinks, streams used twice, keys of several fields.

use waterwheel::prelude::*;

use crate::sample::*;

#[pipeline]
fn many_shapes() {
    let refunds = source(LargePayments).late_drop().undecodable(skip).lateness(500ms).filter(|p| p.refunded);
    let payments = source(Payments).undecodable(fail).lateness(1d).late_drop().union(refunds);
    let by_shop = payments.group_by(|p| (p.card, p.shop));
    let minutes = by_shop.window(tumbling(1m)).select(|w, p| CardMinute {
        card: w.key().0,
        from: w.start(),
        total: sum(p.amount),
        n: count(),
    });
    let hours = by_shop.window(tumbling(1h)).select(|w, _| CardMinute {
        card: w.key().0,
        from: w.end(),
        total: 0,
        n: count(),
    });
    minutes.union(hours).sink(CardMinutes);
    source(TimelessPayments).sink(TimelessCopies)
}

#[pipeline]
fn the_later_of_two() {
    let payments = source(Payments).lateness(1m).late_drop();
    let later = payments.join(payments).on(|p| p.card, |q| q.card).between(0s..=1m).select(|p, q| {
        // Which row a name stands for may change, where the rows do not.
        let mut later = p;
        if q.at > p.at {
            later = q;
        }
        later.clone()
    });
    later.sink(LargePayments);
}

#[test]
fn a_name_of_a_row_may_be_given_another_row() {
    let payment = |amount, at_ms| Payment {
        card: "c".to_owned(),
        shop: 1,
        amount,
        rate: 1.0,
        refunded: false,
        at: Timestamp::from_millis(at_ms),
    };
    let mut t = the_later_of_two().test();
    t.push_all(Payments, [payment(1, 0), payment(2, 5)]);
    t.close();
    let mut amounts: Vec<i64> = t.rows(LargePayments).iter().map(|p| p.amount).collect();
    amounts.sort_unstable();
    assert_eq!(amounts, [1, 2, 2], "each with itself, and the earlier one with the later");
}

#[test]
fn the_plan_has_all_of_it() {
    let plan = many_shapes().explain().unwrap();
    for part in ["minutes", "hours", "tumbling(1h)", "large-payments", "timeless-copies"] {
        assert!(plan.contains(part), "{part} is missing:\n{plan}");
    }
}
