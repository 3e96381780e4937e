//! Topics whose rows are enums: read, split, windowed, kept whole and written, in both formats; no result depends on workers, epochs or
//! restarts.

use std::collections::BTreeMap;

use waterwheel::log::MemDisk;
use waterwheel::prelude::*;

use support::{Random, SOME_WAYS, append, assert_same_rows, by_partition, drive, open, read, seeds};

#[derive(Debug, Clone, PartialEq, Record)]
struct Payment {
    account: u64,
    cents: i64,
    at: Timestamp,
}

/// What happens to an account.
#[derive(Debug, Clone, PartialEq, Record)]
enum Event {
    Opened { account: u64, owner: String, at: Timestamp },
    Paid(Payment),
    Closed { account: u64, at: Timestamp },
    Noon,
}

impl Event {
    fn account(&self) -> u64 {
        match self {
            Event::Opened { account, .. } | Event::Closed { account, .. } => *account,
            Event::Paid(payment) => payment.account,
            Event::Noon => 0,
        }
    }

    fn at(&self) -> Timestamp {
        match self {
            Event::Opened { at, .. } | Event::Closed { at, .. } => *at,
            Event::Paid(payment) => payment.at,
            Event::Noon => Timestamp::from_millis(43_200_000),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Record)]
enum Outcome {
    Spent { account: u64, cents: i64 },
    Counted(u64),
    Nothing,
}

/// By the variants: what one holds, or nothing.
#[derive(Debug, Clone, PartialEq, Record)]
enum Kind {
    Paid(Payment),
    Other,
}

topics! {
    Events("events"): Event { key: |e| e.account(), time: |e| e.at(), partitions: 3 }
    EventsJson("events-json"): Event { key: |e| e.account(), time: |e| e.at(), format: json, partitions: 3 }
    Others("others"): Event { key: |e| e.account(), time: |e| e.at(), format: json }
    Firsts("firsts"): Event { time: |e| e.at() }
    Payments("payments"): Payment { key: account, time: at }
    Outcomes("outcomes"): Outcome { }
    OutcomesJson("outcomes-json"): Outcome { format: json }
    Nothings("nothings"): Outcome { format: json }
    Counteds("counteds"): Outcome { }
}

macro_rules! outcomes {
    ($name:ident, $events:ident) => {
        #[pipeline]
        fn $name() {
            let events = source($events).lateness(10h).late_drop();
            let (payments, _) = events.split(|e| match e {
                Event::Paid(payment) => Kind::Paid(payment.clone()),
                _ => Kind::Other,
            });
            let spent = payments
                .group_by(|p| p.account)
                .window(tumbling(1h))
                .select(|w, p| Outcome::Spent { account: w.key(), cents: sum(p.cents) });
            spent.sink(Outcomes);
            spent.sink(OutcomesJson);
            payments.sink(Payments);
            events.filter(|e| !matches!(e, Event::Paid(_))).sink(Others);
            events.map(|_| Outcome::Nothing).sink(Nothings);
            let counted = events
                .group_by(|e| e.account() % 2)
                .window(tumbling(1d))
                .select(|w, e| Outcome::Counted(w.key() + 10 * count()));
            counted.sink(Counteds);
            let firsts = events.distinct_by(|e| e.account()).within(100d);
            firsts.sink(Firsts);
        }
    };
}

outcomes!(outcomes, Events);
outcomes!(outcomes_of_json, EventsJson);

const HOUR: i64 = 3_600_000;

fn any_events(random: &mut Random) -> Vec<Event> {
    let mut at = 0;
    let mut event = || {
        at += 1 + random.below(900_000) as i64;
        let (account, at) = (1 + random.below(4), Timestamp::from_millis(at));
        match random.below(6) {
            0 => Event::Opened { account, owner: format!("owner {account}"), at },
            1 => Event::Closed { account, at },
            2 => Event::Noon,
            _ => Event::Paid(Payment { account, cents: random.below(900) as i64, at }),
        }
    };
    // In the order of event time, so that what comes first is first in the log, too.
    let mut events: Vec<Event> = (0..90).map(|_| event()).collect();
    events.sort_by_key(Event::at);
    events
}

/// What each topic has in it at the end.
struct Expected {
    outcomes: Vec<Outcome>,
    counted: Vec<Outcome>,
    payments: Vec<Payment>,
    others: Vec<Event>,
    firsts: Vec<u64>,
}

fn by_hand(events: &[Event]) -> Expected {
    let paid = |event: &Event| match event {
        Event::Paid(payment) => Some(payment.clone()),
        _ => None,
    };
    let payments: Vec<Payment> = events.iter().filter_map(paid).collect();
    let (mut spent, mut counted) = (BTreeMap::<(i64, u64), i64>::new(), BTreeMap::<(i64, u64), u64>::new());
    for payment in &payments {
        *spent.entry((payment.at.millis() / HOUR, payment.account)).or_default() += payment.cents;
    }
    for event in events {
        *counted.entry((event.at().millis() / (24 * HOUR), event.account() % 2)).or_default() += 1;
    }
    let spent = spent.into_iter().map(|((_, account), cents)| Outcome::Spent { account, cents });
    let counted = counted.into_iter().map(|((_, odd), n)| Outcome::Counted(odd + 10 * n));
    let mut firsts: Vec<u64> = events.iter().map(Event::account).collect();
    firsts.sort_unstable();
    firsts.dedup();
    Expected {
        outcomes: spent.collect(),
        counted: counted.collect(),
        others: events.iter().filter(|event| paid(event).is_none()).cloned().collect(),
        payments,
        firsts,
    }
}

/// Of rows at one instant any may be the first, so what is told of firsts is whose they are.
fn whose(firsts: &[Event]) -> Vec<u64> {
    firsts.iter().map(Event::account).collect()
}

#[test]
fn every_way_of_running_gives_what_a_plain_loop_gives() {
    for seed in seeds(2) {
        let events = any_events(&mut Random(seed));
        let expected = by_hand(&events);
        for way in SOME_WAYS {
            let stores = [
                way.run(outcomes(), |store| append(store, Events, &events)).0,
                way.run(outcomes_of_json(), |store| append(store, EventsJson, &events)).0,
            ];
            for store in &stores {
                assert_same_rows(read(store, Outcomes), expected.outcomes.clone(), way);
                assert_same_rows(read(store, OutcomesJson), expected.outcomes.clone(), way);
                assert_same_rows(read(store, Counteds), expected.counted.clone(), way);
                assert_eq!(read(store, Nothings), vec![Outcome::Nothing; events.len()]);
                assert_same_rows(read(store, Payments), expected.payments.clone(), way);
                assert_same_rows(read(store, Others), expected.others.clone(), way);
                assert_same_rows(whose(&read(store, Firsts)), expected.firsts.clone(), way);
            }
        }
    }
}

#[test]
fn rows_that_are_kept_come_back_after_a_restart() {
    for seed in seeds(3) {
        let mut random = Random(seed);
        let events = any_events(&mut random);
        let expected = by_hand(&events);
        let logs = by_partition(&events, 3, |event| event.account() as u32 % 3);
        let mut t = drive(outcomes().test(), &mut random, logs, |t, rows| t.push_all(Events, rows));
        assert_same_rows(t.rows(Outcomes), expected.outcomes, seed);
        assert_same_rows(t.rows(Others), expected.others, seed);
        assert_same_rows(whose(&t.rows(Firsts)), expected.firsts, seed);
    }
}

/// An enum is split as it is, by what its variants hold, and its late rows are set aside as they were.
#[pipeline]
fn split() {
    let outcomes = source(Twos).lateness(1m).late_to(LateTwos);
    let (spent, _, counted) = outcomes.split(|o| o.clone());
    spent.sink(Payments);
    counted.map(|n| Outcome::Counted(*n)).sink(Counteds);
    let n = outcomes.group_by(|o| o.is_spent()).window(tumbling(1m)).select(|_, o| Two::Counted(count()));
    n.sink(Counts);
}

#[derive(Debug, Clone, PartialEq, Record)]
enum Two {
    Spent(Payment),
    Nothing,
    Counted(u64),
}

impl Two {
    fn is_spent(&self) -> bool {
        matches!(self, Two::Spent(_))
    }

    fn at(&self) -> Timestamp {
        match self {
            Two::Spent(payment) => payment.at,
            _ => Timestamp::from_millis(0),
        }
    }
}

topics! {
    Twos("two"): Two { time: |o| o.at() }
    LateTwos("two-late"): Two { time: |o| o.at(), format: json }
    Counts("counts"): Two { }
}

#[test]
fn an_enum_is_split_by_its_variants_and_late_ones_are_set_aside() {
    let spent = |at_ms| Two::Spent(Payment { account: 7, cents: 1, at: Timestamp::from_millis(at_ms) });
    let mut t = split().test();
    t.push_all(Twos, [spent(10), Two::Nothing, Two::Counted(3), spent(600_000), Two::Nothing, spent(0)]);
    t.close();
    let accounts: Vec<u64> = t.rows(Payments).iter().map(|payment| payment.account).collect();
    assert_eq!(accounts, [7, 7, 7]);
    assert_eq!(t.rows(Counteds), [Outcome::Counted(3)]);
    assert_same_rows(t.rows(LateTwos), [Two::Nothing, spent(0)], "late");
    assert_same_rows(t.rows(Counts), [1, 2, 1].map(Two::Counted), "counts");
    let plan = split().explain().unwrap();
    assert!(plan.contains("reads all fields: "), "{plan}");
}

#[test]
fn a_view_has_the_latest_row_of_each_key() {
    let store = open(&MemDisk::new());
    let events = any_events(&mut Random(3));
    append(&store, Events, &events);
    let view = Events.view::<u64>(&store).unwrap();
    for account in 0..5 {
        let latest = events.iter().rfind(|event| event.account() == account);
        assert_eq!(view.get(&account).unwrap().as_deref(), latest);
    }
}
