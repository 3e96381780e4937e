//! Rows that several operators read: each gets all of its rows, and none is copied.

use std::sync::atomic::{AtomicUsize, Ordering};

use waterwheel::log::MemDisk;
use waterwheel::prelude::*;

use support::{append, assert_same_rows, open, read, run};

/// Says how often it was cloned, in all of the test.
#[derive(Debug, PartialEq, Record)]
struct Bid {
    auction: u64,
    price: u64,
    at: Timestamp,
}

static CLONES: AtomicUsize = AtomicUsize::new(0);

impl Clone for Bid {
    fn clone(&self) -> Self {
        CLONES.fetch_add(1, Ordering::Relaxed);
        Bid { ..*self }
    }
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Price {
    auction: u64,
    price: u64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Highest {
    auction: u64,
    from: Timestamp,
    price: u64,
    n: u64,
}

topics! {
    Bids("bids"): Bid { key: auction, time: at, partitions: 3 }
    AllBids("all-bids"): Bid { key: auction }
    DearBids("dear-bids"): Bid { key: auction }
    Prices("prices"): Price { key: auction }
    EvenAndDear("even-and-dear"): Price { key: auction }
    PerMinute("per-minute"): Highest { key: auction }
    DearPerMinute("dear-per-minute"): Highest { key: auction }
}

/// Every way in which rows are shared: readers of a source, of a filter, of a map, of a union; filters behind filters.
#[pipeline]
fn shared_bids() {
    let bids = source(Bids).lateness(1h).late_drop();
    let dear = bids.filter(|b| b.price >= 50);
    let even = dear.filter(|b| b.auction % 2 == 0);
    let prices = even.map(|b| Price { auction: b.auction, price: b.price });
    let both =
        prices.union(dear.flat_map(|b| {
            (0..b.price % 3).map(|n| Price { auction: n, price: b.price }).collect::<Vec<_>>()
        }));
    let even_and_dear = both.filter(|p| p.price > 60);
    let per_minute = bids.group_by(|b| b.auction).window(tumbling(1m)).select(|w, b| Highest {
        auction: w.key(),
        from: w.start(),
        price: max(b.price),
        n: count(),
    });
    let of_dear = dear.filter(|b| b.auction != 3).group_by(|b| b.auction).window(tumbling(1m));
    let dear_per_minute =
        of_dear.select(|w, b| Highest { auction: w.key(), from: w.start(), price: max(b.price), n: count() });
    bids.sink(AllBids);
    dear.sink(DearBids);
    both.sink(Prices);
    even_and_dear.sink(EvenAndDear);
    per_minute.sink(PerMinute);
    dear_per_minute.sink(DearPerMinute);
}

fn bids() -> Vec<Bid> {
    let bid =
        |n: u64| Bid { auction: n * n % 7, price: n * 37 % 101, at: Timestamp::from_millis(n as i64 * 300) };
    (0..1500).map(bid).collect()
}

fn highest<'b>(bids: impl Iterator<Item = &'b Bid>) -> Vec<Highest> {
    let mut windows: std::collections::BTreeMap<(i64, u64), (u64, u64)> = Default::default();
    for bid in bids {
        let (price, n) = windows.entry((bid.at.millis() / 60_000, bid.auction)).or_default();
        (*price, *n) = ((*price).max(bid.price), *n + 1);
    }
    let row = |((minute, auction), (price, n))| Highest {
        auction,
        from: Timestamp::from_millis(minute * 60_000),
        price,
        n,
    };
    windows.into_iter().map(row).collect()
}

#[test]
fn readers_share_rows_and_none_is_copied() {
    let input = bids();
    let dear: Vec<&Bid> = input.iter().filter(|bid| bid.price >= 50).collect();
    let even = dear.iter().filter(|bid| bid.auction % 2 == 0);
    let mut prices: Vec<Price> = even.map(|bid| Price { auction: bid.auction, price: bid.price }).collect();
    prices.extend(
        dear.iter().flat_map(|bid| (0..bid.price % 3).map(|auction| Price { auction, price: bid.price })),
    );
    for (workers, epoch_rows) in [(1, 7), (1, 10_000), (3, 100), (2, 10_000)] {
        let store = open(&MemDisk::new());
        append(&store, Bids, &input);
        let before = CLONES.load(Ordering::Relaxed);
        run(shared_bids(), &store, RunOptions::new().workers(workers).epoch_rows(epoch_rows).close())
            .unwrap();
        assert_eq!(CLONES.load(Ordering::Relaxed), before, "{workers} workers, epochs of {epoch_rows} rows");
        let what = format!("{workers} workers, epochs of {epoch_rows} rows");
        assert_same_rows(read(&store, AllBids), bids(), &what);
        assert_same_rows(read(&store, DearBids), bids().into_iter().filter(|bid| bid.price >= 50), &what);
        assert_same_rows(read(&store, Prices), prices.clone(), &what);
        assert_same_rows(read(&store, EvenAndDear), prices.iter().filter(|p| p.price > 60).cloned(), &what);
        assert_eq!(read(&store, PerMinute), highest(input.iter()), "{what}");
        let of_dear = dear.iter().copied().filter(|bid| bid.auction != 3);
        assert_eq!(read(&store, DearPerMinute), highest(of_dear), "{what}");
    }
}
