//! Parameters are cloned into every closure that uses them, and field paths that a closure gives back are cloned.

use waterwheel::prelude::*;

use crate::sample::*;

#[pipeline]
fn of_cards(cards: Vec<String>, names: String, least: i64) {
    let payments = source(Payments);
    let known =
        payments.filter(|p| cards.contains(&p.card)).filter(|p| !cards.is_empty() && p.amount > least);
    let named = known.filter(|p| names == format!("{names}{}", p.card)).filter(|p| p.card == names);
    let copies = named.map(|p| Payment { card: p.card, at: p.at, ..p }).flat_map(|p| [p, p]);
    known.union(known.filter(above(least))).union(copies).sink(LargePayments);
}

/// What a closure gives back is cloned: it is called again.
#[pipeline]
fn renamed(card: String, cards: Vec<String>) {
    let payments: Stream<Payment> = source(Payments);
    let renamed = payments.map(|p| Payment { card: card, ..p.clone() });
    let named = renamed.filter(|p| cards.contains(&p.card)).map(|p| Payment { at: p.at, card, ..p.clone() });
    named.sink(LargePayments);
}

#[test]
fn parameters_that_are_given_back_are_given_back_for_each_row() {
    let mut t = renamed("x".to_owned(), vec!["x".to_owned()]).test();
    let payment = |card: &str| Payment {
        card: card.to_owned(),
        shop: 1,
        amount: 5,
        rate: 1.0,
        refunded: false,
        at: Timestamp::from_millis(0),
    };
    t.push_all(Payments, [payment("a"), payment("b")]);
    assert_eq!(t.rows(LargePayments), [payment("x"), payment("x")]);
}

fn above(least: i64) -> impl Fn(&Payment) -> bool {
    move |payment| payment.amount > least
}

#[test]
fn strings_and_vectors_need_no_clone() {
    let mut t = of_cards(vec!["a".to_owned()], "a".to_owned(), 5).test();
    let payment = |card: &str, amount| Payment {
        card: card.to_owned(),
        shop: 1,
        amount,
        rate: 1.0,
        refunded: false,
        at: Timestamp::from_millis(0),
    };
    t.push_all(Payments, [payment("a", 6), payment("a", 5), payment("b", 7)]);
    assert_eq!(t.rows(LargePayments).len(), 2);
}

/// Lengths of time of std's type, of which a row looks back and rows of two streams meet.
#[pipeline]
fn spans_of_std(
    span: std::time::Duration,
    early: std::time::Duration,
    late: std::time::Duration,
    own: Duration,
) {
    let payments = source(Payments).lateness(10s).late_drop();
    let beside = payments
        .group_by(|p| p.card)
        .over(last(span))
        .select(|p, all| minute(p.card.clone(), p.at, sum(all.amount)));
    let keyed = payments.join(payments).on(|p| p.card, |q| q.card);
    let around = keyed.between(-early..=late).select(|p, q| minute(p.card.clone(), p.at, q.amount));
    let later = payments
        .left_join(payments)
        .on(|p| p.card, |q| q.card)
        .between((0s)..=(own))
        .select(|p, q| minute(p.card.clone(), p.at, q.map_or(0, |q| q.amount)));
    // As it had to be written before a parameter could stand alone.
    let as_before = payments
        .semi_join(payments)
        .on(|p| p.card, |q| q.card)
        .between((-Duration::from(early)).max(-own)..=late.into())
        .map(|p| minute(p.card.clone(), p.at, p.amount));
    beside.union([around, later]).union(as_before).sink(CardMinutes);
}

#[test]
fn spans_are_of_either_kind() {
    let seconds = std::time::Duration::from_secs;
    let plan = spans_of_std(seconds(30), seconds(5), seconds(60), Duration::from_secs(20)).explain().unwrap();
    for part in ["last(30s)", "between: -5s..=1m", "between: 0s..=20s"] {
        assert!(plan.contains(part), "no `{part}` in\n{plan}");
    }
}

/// Lengths of time of std's type, wherever a parameter may be one.
#[pipeline]
fn lengths_of_std(
    late: std::time::Duration,
    size: std::time::Duration,
    slide: std::time::Duration,
    own: Duration,
) {
    let payments = source(Payments).lateness(late).idle(size).ahead(size).late_drop();
    let once = payments.distinct_by(|p| p.card).within(size);
    let sliding = once
        .group_by(|p| p.card)
        .window(sliding(size, slide))
        .select(|w, p| minute(w.key(), w.end(), sum(p.amount)));
    let tumbling = once
        .group_by(|p| p.card)
        .window(tumbling(size).offset(slide))
        .select(|w, p| minute(w.key(), w.end(), sum(p.amount)));
    let growing = once
        .group_by(|p| p.card)
        .window(cumulate(size, slide))
        .select(|w, p| minute(w.key(), w.end(), sum(p.amount)));
    let active =
        once.group_by(|p| p.card).window(session(own)).select(|w, p| minute(w.key(), w.end(), sum(p.amount)));
    let beside = once
        .group_by(|p| p.card)
        .over(last(own))
        .select(|p, all| minute(p.card.clone(), p.at, sum(all.amount)));
    sliding.union([tumbling, growing]).union(active).union(beside).sink(CardMinutes);
}

fn minute(card: String, from: Timestamp, total: i64) -> CardMinute {
    CardMinute { card, from, total, n: 1 }
}

#[test]
fn lengths_are_of_either_kind() {
    let seconds = std::time::Duration::from_secs;
    let plan =
        lengths_of_std(seconds(10), seconds(60), seconds(20), Duration::from_secs(30)).explain().unwrap();
    for part in [
        "lateness 10s",
        "sliding(1m, 20s)",
        "tumbling(1m).offset(20s)",
        "cumulate(1m, 20s)",
        "session(30s)",
        "last(30s)",
    ] {
        assert!(plan.contains(part), "no `{part}` in\n{plan}");
    }
}

/// A parameter by a raw name, wherever one may stand.
#[pipeline]
fn by_a_raw_name(r#loop: Duration, r#type: i64) {
    let payments = source(Payments).lateness(r#loop).late_drop().filter(|p| p.amount > r#type);
    payments
        .group_by(|p| p.card)
        .window(tumbling(r#loop))
        .select(|w, p| minute(w.key(), w.end(), sum(p.amount)))
        .sink(CardMinutes);
}

#[test]
fn a_raw_name_is_a_name() {
    let plan = by_a_raw_name(Duration::from_secs(30), 5).explain().unwrap();
    assert!(plan.contains("tumbling(30s)"), "{plan}");
}
