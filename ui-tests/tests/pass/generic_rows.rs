//! A row of a type with parameters, whose types follow from what is computed for its fields.

use waterwheel::prelude::*;

use crate::sample::*;

#[derive(Clone)]
struct Of<K, V> {
    key: K,
    value: V,
    /// Of a type that its value does not say.
    label: String,
}

#[pipeline]
fn totals() {
    let payments = source(Payments).lateness(10s).late_drop();
    let totals = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| Of {
        key: w.key(),
        value: (sum(p.amount), count()),
        label: if count() > 1 { "many".into() } else { last(p.card) },
    });
    let minutes = totals.map(|t| CardMinute {
        card: format!("{}{}", t.key, t.label),
        from: Timestamp::MIN,
        total: t.value.0,
        n: t.value.1,
    });
    minutes.sink(CardMinutes);
}

#[test]
fn a_rows_types_follow_from_its_values() {
    let payment = |amount| Payment {
        card: "a".to_owned(),
        shop: 1,
        amount,
        rate: 0.0,
        refunded: false,
        at: Timestamp::from_millis(amount),
    };
    let mut t = totals().test();
    t.push_all(Payments, [payment(1), payment(2)]);
    t.close();
    let expected = CardMinute { card: "amany".to_owned(), from: Timestamp::MIN, total: 3, n: 2 };
    assert_eq!(t.rows(CardMinutes), [expected]);
}
