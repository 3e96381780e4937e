//! Statements without a `let`: what keeps state is called by the topic that they end in, and gives what a named stream gives.

use waterwheel::Pipeline;
use waterwheel::log::MemDisk;
use waterwheel::prelude::*;

use support::{append, open, read, run};

#[derive(Debug, Clone, PartialEq, Record)]
struct Payment {
    card: u64,
    cents: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Total {
    card: u64,
    cents: i64,
    at: Timestamp,
}

topics! {
    Payments("payments"): Payment { key: card, time: at }
    Refunds("refunds"): Payment { key: card, time: at }
    Totals("totals"): Total { key: card, time: at }
    Firsts("firsts"): Payment { key: card, time: at }
    Running("running"): Total { key: card, time: at }
    Paired("paired"): Total { key: card, time: at }
    Unpaired("unpaired"): Payment { key: card, time: at }
    Known("known"): Total { key: card, time: at }
    Best("best"): Total { key: card, time: at }
    Largest("largest"): Total { key: card, time: at }
}

#[pipeline]
fn without() {
    let payments = source(Payments).lateness(1s).late_drop();
    let refunds = source(Refunds).lateness(1s).late_drop();
    let minutes = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| Total {
        card: w.key(),
        cents: sum(p.cents),
        at: w.start(),
    });
    payments
        .group_by(|p| p.card)
        .window(tumbling(1h))
        .select(|w, p| Total { card: w.key(), cents: sum(p.cents), at: w.start() })
        .filter(|t| t.cents > 0)
        .sink(Totals);
    payments.distinct_by(|p| p.card).within(1h).sink(Firsts);
    payments
        .group_by(|p| p.card)
        .over(last(5m))
        .select(|p, w| Total { card: p.card, cents: sum(w.cents), at: p.at })
        .sink(Running);
    payments
        .join(refunds)
        .on(|p| p.card, |r| r.card)
        .between(0s..=1h)
        .select(|p, r| Total { card: p.card, cents: p.cents - r.cents, at: r.at })
        .sink(Paired);
    payments.anti_join(refunds).on(|p| p.card, |r| r.card).between(0s..=1h).sink(Unpaired);
    payments
        .lookup(side(Refunds))
        .on(|p| p.card, |r| r.card)
        .select(|p, r| Total { card: p.card, cents: r.cents.unwrap_or(0), at: p.at })
        .sink(Known);
    (minutes.per_window().max_by(|m| m.cents)).sink(Best);
    minutes
        .per_window()
        .top(1, |m| desc(m.cents))
        .select(|r, m| Total { cents: r as i64, ..m.clone() })
        .sink(Largest);
}

/// The same with a name for everything.
#[pipeline]
fn with() {
    let payments = source(Payments).lateness(1s).late_drop();
    let refunds = source(Refunds).lateness(1s).late_drop();
    let minutes = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| Total {
        card: w.key(),
        cents: sum(p.cents),
        at: w.start(),
    });
    let totals = payments
        .group_by(|p| p.card)
        .window(tumbling(1h))
        .select(|w, p| Total { card: w.key(), cents: sum(p.cents), at: w.start() })
        .filter(|t| t.cents > 0);
    totals.sink(Totals);
    let firsts = payments.distinct_by(|p| p.card).within(1h);
    firsts.sink(Firsts);
    let running = payments.group_by(|p| p.card).over(last(5m)).select(|p, w| Total {
        card: p.card,
        cents: sum(w.cents),
        at: p.at,
    });
    running.sink(Running);
    let paired = payments.join(refunds).on(|p| p.card, |r| r.card).between(0s..=1h).select(|p, r| Total {
        card: p.card,
        cents: p.cents - r.cents,
        at: r.at,
    });
    paired.sink(Paired);
    let unpaired = payments.anti_join(refunds).on(|p| p.card, |r| r.card).between(0s..=1h);
    unpaired.sink(Unpaired);
    let known = payments.lookup(side(Refunds)).on(|p| p.card, |r| r.card).select(|p, r| Total {
        card: p.card,
        cents: r.cents.unwrap_or(0),
        at: p.at,
    });
    known.sink(Known);
    let best = minutes.per_window().max_by(|m| m.cents);
    best.sink(Best);
    let largest =
        minutes.per_window().top(1, |m| desc(m.cents)).select(|r, m| Total { cents: r as i64, ..m.clone() });
    largest.sink(Largest);
}

mod named {
    use super::*;

    #[pipeline]
    pub(super) fn firsts() {
        let payments = source(Payments).lateness(1s).late_drop();
        let firsts = payments.distinct_by(|p| p.card).within(1h);
        firsts.sink(Firsts);
    }
}

mod nameless {
    use super::*;

    #[pipeline]
    pub(super) fn firsts() {
        let payments = source(Payments).lateness(1s).late_drop();
        payments.distinct_by(|p| p.card).within(1h).sink(Firsts);
    }
}

fn payment(card: u64, minute: i64) -> Payment {
    Payment { card, cents: 7 * minute + card as i64, at: Timestamp::from_millis(minute * 60_000) }
}

/// All rows of a pipeline that is stopped in the middle, and goes on to the end in another run.
fn rows_of(pipeline: impl Fn() -> Pipeline) -> Vec<String> {
    let store = open(&MemDisk::new());
    append(&store, Refunds, &[payment(1, 3), payment(2, 90)]);
    append(&store, Payments, &[payment(1, 1), payment(2, 2), payment(1, 50)]);
    run(pipeline(), &store, RunOptions::new().until_end()).unwrap();
    append(&store, Payments, &[payment(1, 55), payment(3, 70), payment(2, 71)]);
    run(pipeline(), &store, RunOptions::new().close()).unwrap();
    let mut rows: Vec<String> = Vec::new();
    rows.extend(read(&store, Firsts).iter().map(|row| format!("{row:?}")));
    rows.extend(read(&store, Unpaired).iter().map(|row| format!("{row:?}")));
    for totals in [
        read(&store, Totals),
        read(&store, Running),
        read(&store, Paired),
        read(&store, Known),
        read(&store, Best),
        read(&store, Largest),
    ] {
        assert!(!totals.is_empty());
        rows.extend(totals.iter().map(|row| format!("{row:?}")));
    }
    rows
}

#[test]
fn every_operator_gives_what_it_gives_under_a_let_also_after_a_stop() {
    assert_eq!(rows_of(|| without().into()), rows_of(|| with().into()));
}

#[test]
fn the_topic_is_the_name_and_a_let_of_another_name_is_another_pipeline() {
    let plan = without().explain().unwrap();
    for id in ["window  Totals", "distinct_by  Firsts", "over  Running", "join  Paired", "lookup  Known"] {
        assert!(plan.contains(id), "{id} in\n{plan}");
    }
    let store = open(&MemDisk::new());
    append(&store, Payments, &[payment(1, 1)]);
    run(named::firsts(), &store, RunOptions::new().until_end()).unwrap();
    let refused = run(nameless::firsts(), &store, RunOptions::new().until_end()).unwrap_err().to_string();
    assert!(refused.contains("`firsts`: was there") && refused.contains("`Firsts`: is new"), "{refused}");
}
