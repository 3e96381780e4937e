//! What the pipelines must give, by plain loops over all of their input.

use std::collections::BTreeMap;

use waterwheel::Timestamp;
use waterwheel::key::partition_of;

use super::shop::{Order, Parcel, Shipped};
use super::town::{Cents, LEAST, Meter, MeterHour, Ride, Stay, Zone, ZoneDay, ZoneHour};

const HOUR_MS: i64 = 3_600_000;

fn floor(at: Timestamp, length_ms: i64) -> i64 {
    at.millis() - at.millis().rem_euclid(length_ms)
}

pub(crate) fn zone_hours(rides: &[Ride]) -> Vec<ZoneHour> {
    let mut groups: BTreeMap<(Zone, i64), Vec<&Ride>> = BTreeMap::new();
    for ride in rides.iter().filter(|ride| ride.fare.0 >= LEAST) {
        groups.entry((ride.zone, floor(ride.at, HOUR_MS))).or_default().push(ride);
    }
    let row = |((zone, from), mut rides): ((Zone, i64), Vec<&Ride>)| {
        rides.sort_by_key(|ride| ride.at);
        ZoneHour {
            zone,
            from: Timestamp::from_millis(from),
            rides: rides.len() as u64,
            fares: Cents(rides.iter().map(|ride| ride.fare.0).sum()),
            tipped: rides.iter().filter(|ride| ride.tip.is_some()).count() as u64,
            tip: rides.iter().filter_map(|ride| ride.tip).max(),
            rating: rides.iter().map(|ride| ride.rating).sum::<f64>() / rides.len() as f64,
            first: rides[0].note.clone(),
            last: rides[rides.len() - 1].pay.clone(),
        }
    };
    groups.into_iter().map(row).collect()
}

/// Each step of a day up to which a zone had rides in that day, once one was there.
pub(crate) fn zone_days(rides: &[Ride]) -> Vec<ZoneDay> {
    let mut groups: BTreeMap<(Zone, i64), Vec<&Ride>> = BTreeMap::new();
    for ride in rides {
        groups.entry((ride.zone, floor(ride.at, 24 * HOUR_MS))).or_default().push(ride);
    }
    let mut rows = Vec::new();
    for ((zone, from), rides) in groups {
        for until in (1..=4).map(|step| from + step * 6 * HOUR_MS) {
            let within: Vec<_> = rides.iter().filter(|ride| ride.at.millis() < until).collect();
            if let Some(least) = within.iter().map(|ride| ride.fare).min() {
                let (from, until) = (Timestamp::from_millis(from), Timestamp::from_millis(until));
                rows.push(ZoneDay { zone, from, until, rides: within.len() as u64, least });
            }
        }
    }
    rows
}

pub(crate) fn stays(rides: &[Ride]) -> Vec<Stay> {
    const GAP_MS: i64 = 40 * 60_000;
    let mut riders: BTreeMap<u64, Vec<&Ride>> = BTreeMap::new();
    rides.iter().for_each(|ride| riders.entry(ride.rider).or_default().push(ride));
    let mut rows: Vec<Stay> = Vec::new();
    for (rider, mut rides) in riders {
        rides.sort_by_key(|ride| ride.at);
        let mut open: Option<Stay> = None;
        for ride in rides {
            if open.as_ref().is_some_and(|stay| ride.at > stay.until) {
                rows.extend(open.take());
            }
            let stay = open.get_or_insert_with(|| Stay {
                rider,
                from: ride.at,
                until: ride.at,
                rides: 0,
                tip: 0,
                last: Vec::new(),
            });
            stay.until = Timestamp::from_millis(ride.at.millis() + GAP_MS);
            stay.rides += 1;
            stay.tip += ride.tip.unwrap_or(0);
            stay.last = vec![ride.clone()];
        }
        rows.extend(open);
    }
    rows
}

pub(crate) fn meter_hours(readings: &[Meter]) -> Vec<MeterHour> {
    let mut groups: BTreeMap<(String, i64), MeterHour> = BTreeMap::new();
    for reading in readings {
        let from = floor(reading.at, HOUR_MS);
        let row = groups.entry((reading.meter.clone(), from)).or_insert_with(|| MeterHour {
            meter: reading.meter.clone(),
            from: Timestamp::from_millis(from),
            told: 0,
            level: f64::MIN,
            broken: 0,
        });
        row.told += 1;
        row.level = row.level.max(reading.level);
        row.broken += u64::from(reading.broken);
    }
    groups.into_values().collect()
}

/// A row of the shop where it stands in the log.
struct Logged<'r, T> {
    row: &'r T,
    at: i64,
    partition: u32,
    offset: usize,
    /// The watermark of its partition before it.
    watermark_before: i64,
}

/// Rows that come partition after partition, each in the order of its log.
fn logged<'r, T>(
    rows: &'r [T],
    at: impl Fn(&T) -> Timestamp,
    key: impl Fn(&T) -> Vec<u8>,
) -> Vec<Logged<'r, T>> {
    const LATENESS_MS: i64 = 5 * 60_000;
    let mut greatest: BTreeMap<u32, i64> = BTreeMap::new();
    let mut all = Vec::new();
    for (offset, row) in rows.iter().enumerate() {
        let (at, partition) = (at(row).millis(), partition_of(&key(row), 2));
        let before = greatest.get(&partition);
        let watermark_before = before.map_or(i64::MIN, |greatest| greatest - LATENESS_MS);
        all.push(Logged { row, at, partition, offset, watermark_before });
        greatest.entry(partition).and_modify(|greatest| *greatest = at.max(*greatest)).or_insert(at);
    }
    all
}

/// What the pipeline `shop` gives.
#[derive(Default)]
pub(crate) struct Shop {
    pub(crate) firsts: Vec<Order>,
    pub(crate) shipments: Vec<Shipped>,
    /// Orders, once for each operator that dropped them.
    pub(crate) late_orders: Vec<Order>,
    /// Rows that were dropped, parcels too.
    pub(crate) late: u64,
}

pub(crate) fn shop(orders: &[Order], parcels: &[Parcel]) -> Shop {
    let orders = logged(orders, |order| order.at, |order| order.buyer.clone().into_bytes());
    let parcels = logged(parcels, |parcel| parcel.at, |parcel| parcel.order.to_be_bytes().to_vec());
    let mut shop = Shop::default();
    firsts(&orders, &mut shop);
    shipments(&orders, &parcels, &mut shop);
    shop
}

fn firsts(orders: &[Logged<'_, Order>], shop: &mut Shop) {
    let (mut in_time, late): (Vec<_>, Vec<_>) =
        orders.iter().partition(|order| order.at > order.watermark_before);
    shop.late += late.len() as u64;
    shop.late_orders.extend(late.iter().map(|order| order.row.clone()));
    in_time.sort_by_key(|order| (order.at, order.partition, order.offset));
    let mut kept: BTreeMap<u64, i64> = BTreeMap::new();
    for order in in_time {
        if kept.get(&order.row.id).is_none_or(|last| order.at - last >= 3 * HOUR_MS) {
            kept.insert(order.row.id, order.at);
            shop.firsts.push(order.row.clone());
        }
    }
}

fn shipments(orders: &[Logged<'_, Order>], parcels: &[Logged<'_, Parcel>], shop: &mut Shop) {
    let span = 4 * HOUR_MS;
    let dropped: Vec<_> = orders.iter().filter(|order| order.at + span <= order.watermark_before).collect();
    shop.late += dropped.len() as u64;
    shop.late_orders.extend(dropped.iter().map(|order| order.row.clone()));
    shop.late += parcels.iter().filter(|parcel| parcel.at + span <= parcel.watermark_before).count() as u64;
    for order in orders {
        for parcel in parcels.iter().filter(|parcel| parcel.row.order == order.row.id) {
            let meets = (0..=span).contains(&(parcel.at - order.at))
                && parcel.at > order.watermark_before
                && order.at + span > parcel.watermark_before;
            if meets {
                shop.shipments.push(Shipped {
                    order: order.row.id,
                    ordered: order.row.at,
                    sent: parcel.row.at,
                    lines: order.row.lines.len() as u64,
                    carrier: parcel.row.carrier.clone(),
                });
            }
        }
    }
}
