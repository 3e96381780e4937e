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

#[test]
fn the_plan_has_all_of_it() {
    let plan = many_shapes().explain().unwrap();
    for part in ["minutes", "hours", "tumbling(1h)", "large-payments", "timeless-copies"] {
        assert!(plan.contains(part), "{part} is missing:\n{plan}");
    }
}
