//! A second pipeline that has left state: late records in a topic, the first of what is alike, and a join. None of it may change.

use waterwheel::prelude::*;

use super::town::{START_MS, mix};

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) buyer: String,
    pub(crate) lines: Vec<Line>,
    pub(crate) at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Line {
    pub(crate) article: u32,
    pub(crate) cents: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Parcel {
    pub(crate) order: u64,
    pub(crate) carrier: Carrier,
    pub(crate) at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) enum Carrier {
    Bike,
    Van { plate: String },
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Shipped {
    pub(crate) order: u64,
    pub(crate) ordered: Timestamp,
    pub(crate) sent: Timestamp,
    pub(crate) lines: u64,
    pub(crate) carrier: Carrier,
}

topics! {
    pub(crate) Orders("orders"): Order { key: buyer, time: at, partitions: 2 }
    pub(crate) Parcels("parcels"): Parcel { key: order, time: at, partitions: 2, format: json }
    pub(crate) FirstOrders("first-orders"): Order { key: buyer }
    pub(crate) Shipments("shipments"): Shipped { key: order, partitions: 2 }
    pub(crate) LateOrders("late-orders"): Order { key: id, format: json }
}

#[pipeline]
pub(crate) fn shop() {
    let orders = source(Orders).lateness(5m).late_to(LateOrders);
    let firsts = orders.distinct_by(|o| o.id).within(3h);
    firsts.sink(FirstOrders);

    let parcels = source(Parcels).lateness(5m).late_drop();
    let shipments = orders.join(parcels).on(|o| o.id, |p| p.order).between(0s..=4h).select(|o, p| Shipped {
        order: o.id,
        ordered: o.at,
        sent: p.at,
        lines: o.lines.len() as u64,
        carrier: p.carrier,
    });
    shipments.sink(Shipments);
}

/// Order number `n`: a minute behind the one before it, and up to 20 later, so that some are late. Most ids come twice.
pub(crate) fn order(n: u64) -> Order {
    let chance = mix(n ^ 0xaaaa);
    let lines = (0..chance % 3).map(|line| Line {
        article: (chance >> (8 + line)) as u32 % 1000,
        cents: (line != 1).then_some((chance >> 20) as i64 % 10_000),
    });
    Order {
        id: n * 2 / 3,
        buyer: format!("buyer {}", (chance >> 30) % 40),
        lines: lines.collect(),
        at: at(n, chance),
    }
}

/// Parcel number `n`, for an order of the hours before.
pub(crate) fn parcel(n: u64) -> Parcel {
    let chance = mix(n ^ 0x3333);
    let carrier = match chance % 3 {
        0 => Carrier::Bike,
        _ => Carrier::Van { plate: format!("V-{}", chance % 1000) },
    };
    Parcel { order: (n * 2 / 3).saturating_sub((chance >> 10) % 120), carrier, at: at(n, chance) }
}

fn at(n: u64, chance: u64) -> Timestamp {
    let jitter_ms = (chance >> 40) as i64 % (20 * 60) * 1000;
    Timestamp::from_millis(START_MS + n as i64 * 60_000 + jitter_ms + (n % 1000) as i64)
}
