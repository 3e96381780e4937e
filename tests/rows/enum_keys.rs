//! Enums with data as keys: rows are grouped, joined, told apart and partitioned by them, and no result depends on workers, epochs or
//! restarts.

use std::collections::{BTreeMap, BTreeSet};

use waterwheel::key::{KeyCode as _, partition_of};
use waterwheel::log::MemDisk;
use waterwheel::prelude::*;

use support::{Random, SOME_WAYS, append, assert_same_rows, by_partition, drive, open, read, run, seeds};

/// The ids go down, so that the order of the keys is not that of their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
enum Payer {
    #[variant(4)]
    Unknown,
    #[variant(3)]
    Card(String),
    #[variant(2)]
    Account { bank: u16, holder: String },
    #[variant(1)]
    Till(u8),
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Payment {
    payer: Payer,
    cents: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Refund {
    shop: u16,
    payer: Payer,
    cents: i64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct PerPayer {
    payer: Payer,
    from: Timestamp,
    total: i64,
    greatest: Payer,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct PerHour {
    payer: (Payer, u8),
    n: u64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Returned {
    payer: Payer,
    paid: i64,
    back: i64,
}

topics! {
    Payments("payments"): Payment { key: payer, time: at, partitions: 3 }
    Refunds("refunds"): Refund { key: (shop, payer), time: at, partitions: 2 }
    PerPayers("per-payer"): PerPayer { key: payer, partitions: 2 }
    PerPayersJson("per-payer-json"): PerPayer { key: (payer, from), format: json }
    PerHours("per-hour"): PerHour { key: payer }
    Firsts("firsts"): Payment { key: payer, time: at }
    Returns("returns"): Returned { key: payer, partitions: 2 }
}

#[pipeline]
fn per_payer() {
    let payments = source(Payments).lateness(10h).late_drop();
    let per_payer = payments.group_by(|p| p.payer).window(tumbling(1h)).select(|w, p| PerPayer {
        payer: w.key(),
        from: w.start(),
        total: sum(p.cents),
        greatest: max(p.payer),
    });
    per_payer.sink(PerPayers);
    per_payer.sink(PerPayersJson);
    let per_hour = payments
        .group_by(|p| (p.payer, (p.cents % 3) as u8))
        .window(session(10m))
        .select(|w, p| PerHour { payer: w.key(), n: count() });
    per_hour.sink(PerHours);
    let firsts = payments.distinct_by(|p| p.payer).within(100d);
    firsts.sink(Firsts);
}

#[pipeline]
fn returns() {
    let payments = source(Payments).lateness(10h).late_drop();
    let refunds = source(Refunds).lateness(10h).late_drop();
    let returns = payments
        .join(refunds)
        .on(|p| p.payer, |r| r.payer)
        .between(0s..=1h)
        .select(|p, r| Returned { payer: p.payer, paid: p.cents, back: r.cents });
    returns.sink(Returns);
}

const HOUR: i64 = 3_600_000;

fn any_payer(random: &mut Random) -> Payer {
    let holder = format!("h{}", random.below(2));
    match random.below(4) {
        0 => Payer::Unknown,
        1 => Payer::Card(holder),
        2 => Payer::Account { bank: random.below(2) as u16, holder },
        _ => Payer::Till(random.below(2) as u8),
    }
}

fn encoded(payer: &Payer) -> Vec<u8> {
    let mut key = Vec::new();
    payer.encode_key(&mut key);
    key
}

fn any_payments(random: &mut Random) -> Vec<Payment> {
    let mut at = 0;
    let payment = |_| {
        at += 1 + random.below(600_000) as i64;
        Payment { payer: any_payer(random), cents: random.below(900) as i64, at: Timestamp::from_millis(at) }
    };
    (0..80).map(payment).collect()
}

fn any_refunds(random: &mut Random) -> Vec<Refund> {
    let payments = any_payments(&mut Random(random.number()));
    let refund = |payment: Payment| Refund {
        shop: random.below(3) as u16,
        payer: payment.payer,
        cents: payment.cents,
        at: payment.at,
    };
    payments.into_iter().map(refund).collect()
}

fn per_payer_by_hand(rows: &[Payment]) -> Vec<PerPayer> {
    let mut groups = BTreeMap::<(i64, Payer), i64>::new();
    for row in rows {
        *groups.entry((row.at.millis() / HOUR, row.payer.clone())).or_default() += row.cents;
    }
    let row = |((hour, payer), total): ((i64, Payer), i64)| PerPayer {
        greatest: payer.clone(),
        payer,
        from: Timestamp::from_millis(hour * HOUR),
        total,
    };
    groups.into_iter().map(row).collect()
}

fn firsts_by_hand(rows: &[Payment]) -> Vec<Payment> {
    let mut seen = BTreeSet::new();
    rows.iter().filter(|row| seen.insert(row.payer.clone())).cloned().collect()
}

fn per_hour_by_hand(rows: &[Payment]) -> Vec<PerHour> {
    let mut times = BTreeMap::<(Payer, u8), Vec<i64>>::new();
    for row in rows {
        times.entry((row.payer.clone(), (row.cents % 3) as u8)).or_default().push(row.at.millis());
    }
    let sessions = |(payer, times): ((Payer, u8), Vec<i64>)| {
        let sessions = times.chunk_by(|one, next| next - one < 600_000).map(|session| session.len() as u64);
        sessions.map(|n| PerHour { payer: payer.clone(), n }).collect::<Vec<_>>()
    };
    times.into_iter().flat_map(sessions).collect()
}

fn returns_by_hand(payments: &[Payment], refunds: &[Refund]) -> Vec<Returned> {
    let mut returns = Vec::new();
    for payment in payments {
        let meets = |refund: &&Refund| {
            let later = refund.at.millis() - payment.at.millis();
            refund.payer == payment.payer && (0..=HOUR).contains(&later)
        };
        for refund in refunds.iter().filter(meets) {
            returns.push(Returned { payer: payment.payer.clone(), paid: payment.cents, back: refund.cents });
        }
    }
    returns
}

#[test]
fn every_way_of_running_gives_what_a_plain_loop_gives() {
    for seed in seeds(2) {
        let mut random = Random(seed);
        let (payments, refunds) = (any_payments(&mut random), any_refunds(&mut random));
        let returned = returns_by_hand(&payments, &refunds);
        assert!(returned.len() > 20, "{} pairs", returned.len());
        for way in SOME_WAYS {
            let (store, _) = way.run(per_payer(), |store| append(store, Payments, &payments));
            assert_same_rows(read(&store, PerPayers), per_payer_by_hand(&payments), way);
            assert_same_rows(read(&store, PerPayersJson), per_payer_by_hand(&payments), way);
            assert_same_rows(read(&store, PerHours), per_hour_by_hand(&payments), way);
            assert_same_rows(read(&store, Firsts), firsts_by_hand(&payments), way);
            let (store, _) = way.run(returns(), |store| {
                append(store, Payments, &payments);
                append(store, Refunds, &refunds);
            });
            assert_same_rows(read(&store, Returns), returned.clone(), way);
        }
    }
}

#[test]
fn state_by_such_a_key_comes_back_after_a_restart() {
    for seed in seeds(3) {
        let mut random = Random(seed);
        let rows = any_payments(&mut random);
        let logs = by_partition(&rows, 3, |row| partition_of(&encoded(&row.payer), 3));
        let mut t = drive(per_payer().test(), &mut random, logs, |t, rows| t.push_all(Payments, rows));
        assert_same_rows(t.rows(PerPayers), per_payer_by_hand(&rows), seed);
        assert_same_rows(t.rows(PerHours), per_hour_by_hand(&rows), seed);
        assert_same_rows(t.rows(Firsts), firsts_by_hand(&rows), seed);
    }
}

/// In the order of the keys' bytes, the ids of the variants first: so a variant that is moved or added changes no order.
#[test]
fn the_rows_of_a_window_leave_in_the_order_of_their_keys() {
    let rows = any_payments(&mut Random(5));
    let store = open(&MemDisk::new());
    append(&store, Payments, &rows);
    run(per_payer(), &store, RunOptions::new().workers(1).close()).unwrap();
    // One partition, where rows lie as they left.
    let mut expected = per_payer_by_hand(&rows);
    expected.sort_by_key(|row| (row.from, encoded(&row.payer)));
    assert_eq!(read(&store, PerPayersJson), expected);
    let payers: Vec<&Payer> = expected.iter().take(7).map(|row| &row.payer).collect();
    assert!(matches!(payers[..], [Payer::Till(1), .., Payer::Card(_), Payer::Unknown]), "{payers:?}");
}

mod later {
    use super::*;

    /// A variant more, between the others.
    #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
    pub(super) enum Payer {
        #[variant(4)]
        Unknown,
        #[variant(5)]
        Voucher { number: u64 },
        #[variant(3)]
        Card(String),
        #[variant(2)]
        Account { bank: u16, holder: String },
        #[variant(1)]
        Till(u8),
    }

    #[derive(Debug, Clone, PartialEq, Record)]
    pub(super) struct Payment {
        pub(super) payer: Payer,
        pub(super) cents: i64,
        pub(super) at: Timestamp,
    }

    #[derive(Debug, Clone, PartialEq, Record)]
    pub(super) struct PerPayer {
        pub(super) payer: Payer,
        pub(super) n: u64,
    }

    topics! {
        pub(super) Payments("payments"): Payment { key: payer, time: at, partitions: 3 }
        pub(super) PerPayers("per-payer"): PerPayer { key: payer, partitions: 2 }
    }

    #[pipeline]
    pub(super) fn per_payer() {
        let payments = source(Payments).lateness(10h).late_drop();
        let per_payer = payments
            .group_by(|p| p.payer)
            .window(tumbling(1h))
            .select(|w, p| PerPayer { payer: w.key(), n: count() });
        per_payer.sink(PerPayers);
    }
}

#[test]
fn a_variant_more_keeps_the_partitions_of_a_topic_and_asks_for_a_reset_of_state() {
    let store = open(&MemDisk::new());
    let rows = any_payments(&mut Random(9));
    append(&store, Payments, &rows);
    run(per_payer(), &store, RunOptions::new().until_end()).unwrap();

    let payments = TypedTopic::open(&store, later::Payments).unwrap();
    let newer: Vec<later::Payment> = payments.rows().collect::<waterwheel::Result<_>>().unwrap();
    let voucher = later::Payer::Voucher { number: 1 };
    assert_eq!((newer.len(), rows.len()), (80, 80));
    payments.append(later::Payment { payer: voucher, ..newer[0].clone() }).unwrap();
    // All rows of a payer are in one partition, those of before and those of now.
    payments.append(&newer).unwrap();
    let mut partitions = BTreeMap::<later::Payer, BTreeSet<u32>>::new();
    for row in payments.rows().with_meta() {
        let row = row.unwrap();
        partitions.entry(row.row.payer).or_default().insert(row.meta.partition);
    }
    assert!(partitions.values().all(|partitions| partitions.len() == 1), "{partitions:?}");

    let said = run(later::per_payer(), &store, RunOptions::new().until_end()).unwrap_err().to_string();
    let new =
        "row type `Payment` has changed since the state was left: variant `Voucher` (id 5) of `Payer` is new";
    assert!(said.contains(new) && said.contains("`reset`"), "{said}");
}
