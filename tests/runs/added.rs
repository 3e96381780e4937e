//! A topic whose key chooses the partition gets more partitions, and keys go elsewhere, while pipelines that are chained run over it: what is
//! kept for a key goes on, and its rows come in the order of their event times, whatever the workers, restarts and losses of power.

use std::collections::BTreeMap;
use std::sync::Arc;

use waterwheel::key::partition_of;
use waterwheel::log::FaultyDisk;
use waterwheel::prelude::*;
use waterwheel::{Job, Pipeline};

use support::{ByHand, Random, any_options, assert_of_use, assert_same_rows, open_on, read, seeds};

#[derive(Debug, Clone, PartialEq, Record)]
struct Payment {
    card: u64,
    number: u64,
    cents: i64,
    at: Timestamp,
}

/// A payment, with what the last ones of its card come to.
#[derive(Debug, Clone, PartialEq, Record)]
struct Lately {
    card: u64,
    number: u64,
    n: u64,
    cents: i64,
    first: u64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct CardMinute {
    card: u64,
    from: Timestamp,
    n: u64,
    last: i64,
}

topics! {
    Payments("payments"): Payment { key: card, time: at, partitions: 2 }
    LatePayments("late-payments"): Payment { key: card, time: at }
    Latelies("latelies"): Lately { key: card, time: at, partitions: 2 }
    CardMinutes("card-minutes"): CardMinute { key: card, time: from, partitions: 2 }
}

const ROWS: usize = 5;
const MINUTE_MS: i64 = 60_000;

#[pipeline]
fn lately() {
    let payments = source(Payments).lateness(30s).late_to(LatePayments);
    let latelies = payments.group_by(|p| p.card).over(last_rows(5)).select(|p, w| Lately {
        card: p.card,
        number: p.number,
        n: count(),
        cents: sum(w.cents),
        first: first(w.number),
        at: p.at,
    });
    latelies.sink(Latelies);
}

#[pipeline]
fn minutes() {
    let latelies = source(Latelies).lateness(0s).late_drop();
    let minutes = latelies.group_by(|l| l.card).window(tumbling(1m)).select(|w, l| CardMinute {
        card: w.key(),
        from: w.start(),
        n: count(),
        last: last(l.cents),
    });
    minutes.sink(CardMinutes);
}

/// What was appended, and where.
#[derive(Default)]
struct Appended {
    payments: Vec<(u32, Payment)>,
    partitions: u32,
    at_ms: i64,
}

impl Appended {
    /// Payments of one commit: their times go on, and some share an instant. None is so far behind that it could be late.
    fn append(&mut self, store: &Store, random: &mut Random) {
        let mut payments = Vec::new();
        self.at_ms += 1;
        for _ in 0..1 + random.below(12) {
            self.at_ms += random.one_of(&[0, 0, 1, 700, 2_000]);
            let number = (self.payments.len() + payments.len()) as u64;
            let (card, cents) = (random.below(9), 1 + random.below(100) as i64);
            payments.push(Payment { card, number, cents, at: Timestamp::from_millis(self.at_ms) });
        }
        TypedTopic::open(store, Payments).unwrap().append(&payments).unwrap();
        let placed = |payment: Payment| (partition_of(&payment.card.to_be_bytes(), self.partitions), payment);
        self.payments.extend(payments.into_iter().map(placed));
    }

    fn add_partitions(&mut self, store: &Store, random: &mut Random) {
        self.partitions = (self.partitions + 1 + random.below(2) as u32).min(7);
        store.topic("payments").unwrap().add_partitions(self.partitions).unwrap();
    }

    /// How many cards have payments in several partitions.
    fn moved(&self) -> usize {
        let mut partitions: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        for (partition, payment) in &self.payments {
            partitions.entry(payment.card).or_default().push(*partition);
        }
        partitions.values().filter(|of| of.iter().any(|partition| partition != &of[0])).count()
    }

    /// Plain loops: each card's payments by event time, those of one instant as their partitions have them.
    fn expected(&self) -> (Vec<Lately>, Vec<CardMinute>) {
        let mut by_card: BTreeMap<u64, Vec<&(u32, Payment)>> = BTreeMap::new();
        self.payments.iter().for_each(|placed| by_card.entry(placed.1.card).or_default().push(placed));
        let (mut latelies, mut minutes) = (Vec::new(), BTreeMap::new());
        for (card, mut payments) in by_card {
            payments.sort_by_key(|(partition, payment)| (payment.at, *partition, payment.number));
            for at in 0..payments.len() {
                let of = &payments[(at + 1).saturating_sub(ROWS)..=at];
                let cents = of.iter().map(|(_, payment)| payment.cents).sum();
                let (Payment { number, at, .. }, first) = (payments[at].1.clone(), of[0].1.number);
                latelies.push(Lately { card, number, n: of.len() as u64, cents, first, at });
                let from = at.millis() - at.millis().rem_euclid(MINUTE_MS);
                let (n, last) = minutes.entry((card, from)).or_insert((0, 0));
                (*n, *last) = (*n + 1, cents);
            }
        }
        let minute =
            |((card, from), (n, last))| CardMinute { card, from: Timestamp::from_millis(from), n, last };
        (latelies, minutes.into_iter().map(minute).collect())
    }
}

fn both() -> [Pipeline; 2] {
    [lately().into(), minutes().into()]
}

/// Runs both for a while, and appends and adds meanwhile; the power may go off while they stop. Gives how many epochs were replayed, where
/// that is told.
fn live(disk: &FaultyDisk, clock: &Arc<ByHand>, random: &mut Random, appended: &mut Appended) -> u64 {
    let store = open_on(disk, clock);
    let jobs: Vec<Job> =
        both().into_iter().map(|pipeline| pipeline.start(&store, any_options(random)).unwrap()).collect();
    for _ in 0..random.below(12) {
        match random.below(8) {
            0..4 => appended.append(&store, random),
            4 | 5 => appended.add_partitions(&store, random),
            _ => jobs.iter().for_each(|job| job.wait_until_caught_up().unwrap()),
        }
        // Nobody who is taken up late may find that others have gone on by more than rows may be late.
        jobs[0].wait_until_caught_up().unwrap();
    }
    if random.below(2) == 0 {
        disk.power_off_at(disk.changes() + 1 + random.below(4));
        drop(jobs);
        return 0;
    }
    jobs.into_iter().map(|job| job.stop().unwrap().epochs_replayed).sum()
}

#[test]
fn keys_that_go_elsewhere_keep_what_is_kept_for_them_and_the_order_of_event_time() {
    let (mut moved, mut replayed) = (0, 0);
    for seed in seeds(12) {
        let mut random = Random(seed * 982_451_653);
        let (mut disk, clock) = (FaultyDisk::new(), Arc::new(ByHand::at(1_000_000)));
        let mut appended = Appended { partitions: 2, ..Appended::default() };
        appended.append(&open_on(&disk, &clock), &mut random);
        for _ in 0..5 {
            replayed += live(&disk, &clock, &mut random, &mut appended);
            disk = disk.crash(random.number());
            let store = open_on(&disk, &clock);
            // As one does while nothing runs.
            if random.below(3) == 0 {
                appended.add_partitions(&store, &mut random);
                appended.append(&store, &mut random);
            }
        }
        let store = open_on(&disk, &clock);
        for pipeline in both() {
            let summary = pipeline.start(&store, any_options(&mut random).close()).unwrap().wait().unwrap();
            assert_eq!(summary.rows_late, 0, "seed {seed}");
            replayed += summary.epochs_replayed;
        }
        let (latelies, minutes) = appended.expected();
        assert_same_rows(read(&store, Latelies), latelies, format!("seed {seed}"));
        assert_same_rows(read(&store, CardMinutes), minutes, format!("seed {seed}"));
        moved += appended.moved();
    }
    assert_of_use(moved > 30 && replayed > 0, format!("{moved} cards moved, {replayed} epochs replayed"));
}
