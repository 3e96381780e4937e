//! Sales looked up in tables of a topic and of files, and fields of every type that came after the first directories: as keys, as what aggregates keep,
//! and in rows that are kept whole. None of it may change: a changed pipeline does not go on from its state.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;
use waterwheel::aggregates;
use waterwheel::civil::{Date, DateTime, Time, date};
use waterwheel::prelude::*;
use waterwheel::record::{Decimal, EcoString};

use super::super::town::mix;

/// 1 January 2013, 10:00 UTC.
const START_MS: i64 = 1_357_034_400_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Record)]
pub(crate) struct Euros(Decimal);

aggregates::number!(Euros(Decimal));

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
pub(crate) struct Product(Uuid);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
pub(crate) enum Currency {
    Euro,
    Dollar,
    Koruna,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) enum Paid {
    Cash,
    Card { number: [u8; 8], until: Date },
}

/// In JSON in the order of its keys, as what was left is compared as a text.
#[derive(Debug, Clone, PartialEq, Record)]
#[record(serde = manual)]
pub(crate) struct Counts(HashMap<u32, i64>);

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.iter().collect::<BTreeMap<_, _>>().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Counts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        HashMap::deserialize(deserializer).map(Counts)
    }
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Note {
    pub(crate) text: EcoString,
    pub(crate) pages: Vec<(u16, Option<String>)>,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Sale {
    pub(crate) id: Uuid,
    pub(crate) product: Product,
    /// Kind and name.
    pub(crate) shop: (u16, String),
    pub(crate) clerk: EcoString,
    pub(crate) currency: Currency,
    pub(crate) price: Decimal,
    pub(crate) tip: Option<Euros>,
    pub(crate) on: Date,
    pub(crate) opened: Time,
    pub(crate) local: DateTime,
    pub(crate) waited: Duration,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) counts: Counts,
    pub(crate) spot: [i32; 2],
    pub(crate) receipt: Bytes,
    pub(crate) account: i128,
    pub(crate) paid: Paid,
    pub(crate) note: Option<Box<Note>>,
    pub(crate) at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Return {
    pub(crate) product: Product,
    pub(crate) on: Date,
    pub(crate) refund: Decimal,
    pub(crate) reasons: BTreeMap<Date, (EcoString, [u8; 2])>,
    pub(crate) clerk: EcoString,
    pub(crate) at: Timestamp,
}

/// A row of the side table that is a topic. A product has several.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Described {
    pub(crate) product: Product,
    pub(crate) name: EcoString,
    pub(crate) prices: BTreeMap<Date, Decimal>,
    pub(crate) stock: Counts,
    pub(crate) size: [f32; 3],
    pub(crate) shelf: Option<(u16, Time)>,
    pub(crate) note: Box<Note>,
}

/// A line of the side table that is a CSV file.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Rate {
    pub(crate) currency: Currency,
    pub(crate) on: Date,
    pub(crate) per_euro: Decimal,
    pub(crate) by: Option<Uuid>,
}

/// A line of the side table that is a JSON file.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Limit {
    pub(crate) shop: (u16, String),
    pub(crate) most: Decimal,
    pub(crate) spots: BTreeMap<u8, [i32; 2]>,
}

/// A sale with what the three tables say of it.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Told {
    pub(crate) id: Uuid,
    pub(crate) product: Product,
    pub(crate) name: Option<EcoString>,
    pub(crate) listed: Option<Decimal>,
    pub(crate) shelf: Option<(u16, Time)>,
    pub(crate) per_euro: Option<Decimal>,
    pub(crate) by: Option<Uuid>,
    pub(crate) most: Option<Decimal>,
    pub(crate) spot: Option<[i32; 2]>,
    pub(crate) at: Timestamp,
}

/// What aggregates keep of every type.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Sum {
    pub(crate) key: String,
    pub(crate) until: Timestamp,
    pub(crate) n: u64,
    pub(crate) total: Decimal,
    pub(crate) mean: Decimal,
    pub(crate) tips: Euros,
    pub(crate) mean_tip: Option<Decimal>,
    pub(crate) dearest: Decimal,
    pub(crate) prices: u64,
    pub(crate) days: u64,
    pub(crate) shops: u64,
    pub(crate) clerks: u64,
    pub(crate) waited: Duration,
    pub(crate) opened: Time,
    pub(crate) local: DateTime,
    pub(crate) account: i128,
    pub(crate) first: Uuid,
    pub(crate) last: BTreeMap<String, String>,
    pub(crate) last_paid: Paid,
    pub(crate) last_note: Option<Box<Note>>,
    pub(crate) receipt_of_dearest: Bytes,
    pub(crate) spot_of_longest: [i32; 2],
    pub(crate) all: Vec<(u16, String)>,
}

/// A sale and a return of it, or one of the two.
#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Back {
    pub(crate) sale: Option<Uuid>,
    pub(crate) counts: Option<Counts>,
    pub(crate) refund: Option<Decimal>,
    pub(crate) reasons: Option<BTreeMap<Date, (EcoString, [u8; 2])>>,
}

topics! {
    pub(crate) Sales("sales"): Sale { key: id, time: at, partitions: 3 }
    pub(crate) Returns("returns"): Return { key: product, time: at, partitions: 2, format: json }
    pub(crate) LateSales("late-sales"): Sale { key: id, format: json }
    pub(crate) Products("products"): Described { key: product, partitions: 2 }
    pub(crate) Rates("rates"): Rate { key: |rate| (rate.currency, rate.on) }
    pub(crate) Limits("limits"): Limit { key: shop, partitions: 2, format: json }
    pub(crate) Tolds("tolds"): Told { key: id, time: at, partitions: 2 }
    pub(crate) ByDay("by-day"): Sum { key: key }
    pub(crate) ByProduct("by-product"): Sum { key: key, format: json }
    pub(crate) ByPrice("by-price"): Sum { key: key }
    pub(crate) ByOpening("by-opening"): Sum { key: key }
    pub(crate) ByReceipt("by-receipt"): Sum { key: key, partitions: 2 }
    pub(crate) ByShop("by-shop"): Sum { key: key }
    pub(crate) ByClerk("by-clerk"): Sum { key: key }
    pub(crate) Firsts("firsts"): Sale { key: id }
    pub(crate) Backs("backs"): Back { key: sale }
    pub(crate) BacksInWindows("backs-in-windows"): Back { key: sale }
}

/// The pipeline, with a window for each key: they differ in key and window alone.
macro_rules! till {
    ($($name:ident: [$($key:tt)*] [$($windows:tt)*] $topic:ident;)*) => {
        #[pipeline]
        pub(crate) fn till() {
            let sales = source(Sales).lateness(10m).late_to(LateSales);
            let returns = source(Returns).lateness(20m).late_drop();

            let described = sales.lookup(side(Products)).on(|s| s.product, |p| p.product).select(|s, p| {
                (s.clone(), p.name, p.and_then(|p| p.prices.get(&s.on).copied()), p.and_then(|p| p.shelf))
            });
            let rates = side(Rates).csv("tests/golden/tables/rates.csv");
            let in_euro = described
                .lookup(rates)
                .on(|d| (d.0.currency, d.0.on), |r| (r.currency, r.on))
                .select(|d, r| (d.clone(), r.per_euro, r.and_then(|r| r.by)));
            let limits = side(Limits).json(concat!(env!("CARGO_TARGET_TMPDIR"), "/golden-limits.jsonl"));
            let tolds = in_euro.lookup(limits).on(|e| e.0.0.shop, |l| l.shop).select(|e, l| Told {
                id: e.0.0.id,
                product: e.0.0.product,
                name: e.0.1.clone(),
                listed: e.0.2,
                shelf: e.0.3,
                per_euro: e.1,
                by: e.2,
                most: l.most,
                spot: l.and_then(|l| l.spots.get(&3).copied()),
                at: e.0.0.at,
            });
            tolds.sink(Tolds);

            $(
                let $name = sales.group_by($($key)*).window($($windows)*).select(|w, s| Sum {
                    key: format!("{:?}", w.key()),
                    until: w.end(),
                    n: count(),
                    total: sum(s.price),
                    mean: mean(s.price),
                    tips: sum(s.tip),
                    mean_tip: mean(s.tip),
                    dearest: max(s.price),
                    prices: distinct(s.price),
                    days: distinct(s.on),
                    shops: distinct(s.shop),
                    clerks: approx_distinct(s.clerk),
                    waited: sum(s.waited),
                    opened: min(s.opened),
                    local: max(s.local),
                    account: min(s.account),
                    first: first(s.id),
                    last: last(s.labels),
                    last_paid: last(s.paid),
                    last_note: last(s.note),
                    receipt_of_dearest: max_by(s.receipt, s.price),
                    spot_of_longest: max_by(s.spot, s.waited),
                    all: collect(s.shop, 1000),
                });
                $name.sink($topic);
            )*

            let by_clerk = sales.group_by(|s| s.clerk).over(last(30m)).select(|s, w| Sum {
                key: s.clerk.to_string(),
                until: s.at,
                n: count(),
                total: sum(w.price),
                mean: mean(w.price),
                tips: sum(w.tip),
                mean_tip: mean(w.tip),
                dearest: max(w.price),
                prices: distinct(w.price),
                days: distinct(w.on),
                shops: distinct(w.shop),
                clerks: approx_distinct(w.clerk),
                waited: sum(w.waited),
                opened: min(w.opened),
                local: max(w.local),
                account: min(w.account),
                first: first(w.id),
                last: last(w.labels),
                last_paid: last(w.paid),
                last_note: last(w.note),
                receipt_of_dearest: max_by(w.receipt, w.price),
                spot_of_longest: max_by(w.spot, w.waited),
                all: collect(w.shop, 1000),
            });
            by_clerk.sink(ByClerk);

            let firsts = sales.distinct_by(|s| (s.product, s.local, s.waited, s.account)).within(1h);
            firsts.sink(Firsts);

            let backs = sales
                .full_join(returns)
                .on(|s| (s.product, s.on), |r| (r.product, r.on))
                .between(-10m..=40m)
                .select(|s, r| Back { sale: s.id, counts: s.counts, refund: r.refund, reasons: r.reasons });
            backs.sink(Backs);
            let backs_in_windows = sales
                .left_join(returns)
                .on(|s| s.clerk, |r| r.clerk)
                .window(tumbling(20m))
                .select(|_, s, r| Back {
                    sale: Some(s.id),
                    counts: Some(s.counts),
                    refund: r.refund,
                    reasons: r.reasons,
                });
            backs_in_windows.sink(BacksInWindows);
        }
    };
}

till! {
    by_day: [|s| (s.on, s.currency)] [tumbling(1h)] ByDay;
    by_product: [|s| s.product] [sliding(1h, 20m)] ByProduct;
    by_price: [|s| s.price] [cumulate(2h, 30m)] ByPrice;
    by_opening: [|s| (s.opened, s.local.date())] [session(15m)] ByOpening;
    by_receipt: [|s| (s.receipt.slice(..2), Some(s.waited))] [every(3)] ByReceipt;
    by_shop: [|s| (s.shop, s.account % 3)] [tumbling(1d).in_zone("Europe/Berlin")] ByShop;
}

/// Sale number `n`: 40 s behind the one before it and up to four minutes later; a third come late, by up to an hour and a half. No two are of one instant.
pub(crate) fn sale(n: u64) -> Sale {
    let chance = mix(n ^ 0x7777);
    let part = |shift: u32, below: u64| (chance >> shift) % below;
    let at = at(n, chance);
    let on = date(2013, 1, 1 + part(8, 3) as i8);
    Sale {
        id: Uuid::from_u128(u128::from(chance) << 64 | u128::from(n)),
        product: product(part(16, 12)),
        shop: (part(20, 2) as u16, format!("shop {}, süd", part(20, 5))),
        clerk: EcoString::from(format!("{} who has a long name", part(24, 9)).as_str()),
        currency: [Currency::Euro, Currency::Dollar, Currency::Koruna][part(28, 3) as usize],
        price: Decimal::new(part(32, 20) as i64 * 2_505 - 4_990, 3),
        tip: (!n.is_multiple_of(4)).then(|| Euros(Decimal::new(part(36, 500) as i64, 2))),
        on,
        opened: Time::new(part(12, 6) as i8, 30, 0, 1_000 * part(12, 2) as i32).expect("a time of day"),
        local: on.at(part(40, 24) as i8, 15, 0, 0),
        waited: Duration::from_millis(part(44, 4) as i64 * 30_500),
        labels: (0..part(46, 4)).map(|label| (label.to_string(), format!("label {n}"))).collect(),
        counts: Counts((0..part(48, 5)).map(|count| (count as u32 * 7, n as i64 - 50)).collect()),
        spot: [part(50, 100) as i32 - 50, n as i32],
        receipt: Bytes::from(vec![b'r', part(52, 4) as u8, n as u8]),
        account: (i128::from(n) - 100) << 70 | i128::from(part(54, 7)),
        paid: match part(56, 2) {
            0 => Paid::Cash,
            _ => Paid::Card { number: chance.to_le_bytes(), until: on },
        },
        note: (part(57, 3) == 0).then(|| Box::new(note(n))),
        at,
    }
}

/// Return number `n`, likewise.
pub(crate) fn returned(n: u64) -> Return {
    let chance = mix(n ^ 0x8888);
    let part = |shift: u32, below: u64| (chance >> shift) % below;
    let on = date(2013, 1, 1 + part(8, 3) as i8);
    Return {
        product: product(part(16, 12)),
        on,
        refund: Decimal::new(part(32, 20) as i64 * 2_505, 3),
        reasons: (0..part(20, 3))
            .map(|reason| (date(2013, 2, 1 + reason as i8), (EcoString::from("späť"), [n as u8, 7])))
            .collect(),
        clerk: EcoString::from(format!("{} who has a long name", part(24, 9)).as_str()),
        at: at(n, chance),
    }
}

fn at(n: u64, chance: u64) -> Timestamp {
    let shift_ms = match chance % 16 {
        0 => -((chance >> 40) as i64 % (90 * 60_000)),
        1..6 => -((chance >> 40) as i64 % (40 * 60_000)),
        _ => (chance >> 40) as i64 % (4 * 60_000),
    };
    // Times end on the number, so that no two of a side are the same.
    Timestamp::from_millis((START_MS + n as i64 * 40_000 + shift_ms) / 1000 * 1000 + (n % 1000) as i64)
}

fn product(n: u64) -> Product {
    Product(Uuid::from_u128(u128::from(mix(n ^ 0x5555)) << 32))
}

fn note(n: u64) -> Note {
    let pages = (0..n % 3).map(|page| (page as u16, (page != 1).then(|| format!("page {page} of {n}"))));
    Note { text: EcoString::from(format!("note {n}").as_str()), pages: pages.collect() }
}

/// Row number `n` of the products: each of nine has several, of which the last counts, and three have none.
pub(crate) fn described(n: u64) -> Described {
    Described {
        product: product(n % 9),
        name: EcoString::from(format!("product {}, in words number {n}", n % 9).as_str()),
        prices: (1..3).map(|day| (date(2013, 1, day), Decimal::new(n as i64 * 100 + 5, 2))).collect(),
        stock: Counts((0..n % 4).map(|place| (place as u32, -(n as i64))).collect()),
        size: [n as f32 / 4.0, 1.5, f32::MIN_POSITIVE],
        shelf: n
            .is_multiple_of(2)
            .then(|| (n as u16, Time::new(n as i8 % 24, 0, 0, 0).expect("a time of day"))),
        note: Box::new(note(n)),
    }
}

/// The lines of the JSON file. One shop has none, and one has two.
pub(crate) fn limits() -> Vec<Limit> {
    let limit = |n: u64| Limit {
        shop: ((n % 5 % 2) as u16, format!("shop {}, süd", n % 5)),
        most: Decimal::new(n as i64 * 1_001, 2),
        spots: (0..n as u8).map(|spot| (spot, [spot.into(), n as i32])).collect(),
    };
    [0, 1, 2, 4, 6].map(limit).into()
}
