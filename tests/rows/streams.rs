//! Operators that look at one row at a time, and streams put together: what comes out is what plain loops over the logs give.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use waterwheel::log::{Disk, MemDisk};
use waterwheel::prelude::*;
use waterwheel::{Pipeline, RunOptions};

use support::{Random, append, assert_same_rows, open, read, run, seeds};

#[derive(Debug, Clone, PartialEq, Record)]
struct Order {
    shop: u64,
    number: u64,
    coupon: Option<String>,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Coupon {
    text: String,
    number: u64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct ShopMinute {
    shop: u64,
    from: Timestamp,
    orders: u64,
    numbers: u64,
}

topics! {
    Web("web"): Order { key: shop, time: at, partitions: 3 }
    Phone("phone"): Order { key: number, time: at }
    Post("post"): Order { key: shop, time: at, partitions: 2 }
    Coupons("coupons"): Coupon { key: text, partitions: 2 }
    ShopMinutes("shop-minutes"): ShopMinute { key: shop }
}

static SEEN: AtomicU64 = AtomicU64::new(0);

#[pipeline]
fn orders(least: u64) {
    let web = source(Web).lateness(3s).late_drop();
    let phone = source(Phone).lateness(20s).late_drop().filter(|o| o.number >= least);
    let post = source(Post).lateness(0s).late_drop();
    let all = web.union([phone, post.filter_map(|o| (o.shop != 3).then(|| o.clone()))]);
    let seen = all.inspect(|_| _ = SEEN.fetch_add(1, Ordering::Relaxed));
    seen.filter_map(|o| o.coupon.clone().map(|text| Coupon { text, number: o.number })).sink(Coupons);
    let minutes = seen.group_by(|o| o.shop).window(tumbling(10s)).select(|w, o| ShopMinute {
        shop: w.key(),
        from: w.start(),
        orders: count(),
        numbers: sum(o.number),
    });
    minutes.sink(ShopMinutes);
}

fn logs(random: &mut Random, length: u64) -> [Vec<Order>; 3] {
    let mut number = 0;
    [(); 3].map(|()| {
        let mut row = |at: u64, random: &mut Random| {
            number += 1;
            Order {
                shop: random.below(5),
                number,
                coupon: (random.below(3) == 0).then(|| format!("coupon {}", random.below(4))),
                at: Timestamp::from_millis((at * 500) as i64 - random.below(9_000) as i64),
            }
        };
        (0..random.below(length)).map(|at| row(at, random)).collect()
    })
}

/// The rows of one source with the watermark of their partitions before them, in ms.
fn judged(log: &[Order], partition: impl Fn(&Order) -> u32, lateness: i64) -> Vec<(&Order, i64)> {
    let mut greatest: BTreeMap<u32, i64> = BTreeMap::new();
    log.iter()
        .map(|order| {
            let seen = greatest.entry(partition(order)).or_insert(i64::MIN);
            let before = seen.saturating_sub(lateness);
            *seen = (*seen).max(order.at.millis());
            (order, before)
        })
        .collect()
}

/// Plain loops: what reaches the union, the coupons, the windows, and how many rows were late.
fn expected([web, phone, post]: &[Vec<Order>; 3], least: u64) -> (u64, Vec<Coupon>, Vec<ShopMinute>, u64) {
    use waterwheel::key::partition_of;
    let of_shop = |partitions| move |order: &Order| partition_of(&order.shop.to_be_bytes(), partitions);
    let mut rows = judged(web, of_shop(3), 3_000);
    rows.extend(judged(phone, |_| 0, 20_000).into_iter().filter(|(order, _)| order.number >= least));
    rows.extend(judged(post, of_shop(2), 0).into_iter().filter(|(order, _)| order.shop != 3));
    let coupon =
        |(order, _): &(&Order, i64)| order.coupon.clone().map(|text| Coupon { text, number: order.number });
    let (mut windows, mut late) = (BTreeMap::new(), 0);
    for (order, before) in &rows {
        let from = order.at.millis() - order.at.millis().rem_euclid(10_000);
        if from + 10_000 - 1 > *before {
            let (orders, numbers) = windows.entry((from, order.shop)).or_insert((0, 0));
            (*orders, *numbers) = (*orders + 1, *numbers + order.number);
        } else {
            late += 1;
        }
    }
    let minute = |((from, shop), (orders, numbers))| ShopMinute {
        shop,
        from: Timestamp::from_millis(from),
        orders,
        numbers,
    };
    (
        rows.len() as u64,
        rows.iter().filter_map(coupon).collect(),
        windows.into_iter().map(minute).collect(),
        late,
    )
}

/// Runs it to the end in two runs, of which the second closes event time; gives the late rows.
fn in_two_runs<D: Disk + Clone + 'static>(
    pipeline: impl Fn() -> Pipeline,
    disk: &D,
    random: &mut Random,
    mut parts: impl FnMut(&Store, usize),
) -> u64 {
    let mut options = || {
        RunOptions::new()
            .workers(random.one_of(&[1, 2, 3, 4]))
            .epoch_rows(random.one_of(&[1, 7, 1000]))
            .until_end()
    };
    let (first, second) = (options(), options());
    let store = open(disk);
    parts(&store, 0);
    run(pipeline(), &store, first).unwrap();
    drop(store);
    let store = open(disk);
    parts(&store, 1);
    run(pipeline(), &store, second.close()).unwrap().rows_late
}

#[test]
fn rows_that_are_looked_at_one_by_one_and_put_together_are_those_of_plain_loops() {
    for seed in seeds(12) {
        let mut random = Random(seed * 104_729);
        let logs = logs(&mut random, 120);
        let least = random.below(60);
        let disk = MemDisk::new();
        let cut = logs.each_ref().map(|log| log.len() / 2);
        let part = |log: usize, half: usize| match half {
            0 => &logs[log][..cut[log]],
            _ => &logs[log][cut[log]..],
        };
        let before = SEEN.load(Ordering::Relaxed);
        let late = in_two_runs(
            || orders(least).into(),
            &disk,
            &mut random,
            |store, half| {
                append(store, Web, part(0, half));
                append(store, Phone, part(1, half));
                append(store, Post, part(2, half));
            },
        );
        let (seen, coupons, minutes, expected_late) = expected(&logs, least);
        let store = open(&disk);
        assert_same_rows(read(&store, Coupons), coupons, format!("coupons, seed {seed}"));
        assert_same_rows(read(&store, ShopMinutes), minutes, format!("minutes, seed {seed}"));
        assert_eq!(late, expected_late, "seed {seed}");
        assert!(SEEN.load(Ordering::Relaxed) - before >= seen, "each row is seen once at least, seed {seed}");
    }
}

#[derive(Debug, Clone, PartialEq, Record)]
enum Kind {
    Order(Order),
    #[variant(9)]
    Nothing,
    Coupon(Coupon),
}

/// As clients write it that know no enums, and with one.
#[derive(Debug, Clone, PartialEq, Record)]
struct Event {
    order: Option<Order>,
    coupon: Option<Coupon>,
    kind: Kind,
}

topics! {
    Events("events"): Event { format: json, partitions: 2 }
    Even("even"): Order { key: shop }
    Odd("odd"): Order { key: shop, partitions: 2 }
    Nothings("nothings"): Coupon {}
    OrdersOfKinds("orders-of-kinds"): Order { key: shop }
    CouponsOfKinds("coupons-of-kinds"): Coupon {}
}

#[pipeline]
fn parts() {
    let events = source(Events);
    let (orders, coupons) = events.split(|e| (e.order, e.coupon));
    let (even, odd) = orders.split(|o| o.number % 2 == 0);
    even.sink(Even);
    odd.sink(Odd);
    coupons.sink(Coupons);
    let (orders_of_kinds, nothing, coupons_of_kinds) = events.split(|e| e.kind);
    orders_of_kinds.sink(OrdersOfKinds);
    nothing.map(|()| Coupon { text: String::new(), number: 0 }).sink(Nothings);
    coupons_of_kinds.sink(CouponsOfKinds);
}

fn event(random: &mut Random, number: u64) -> Event {
    let order = |random: &mut Random| Order {
        shop: random.below(4),
        number,
        coupon: None,
        at: Timestamp::from_millis(number as i64),
    };
    let coupon = Coupon { text: format!("coupon {number}"), number };
    let kind = match random.below(3) {
        0 => Kind::Order(order(random)),
        1 => Kind::Nothing,
        _ => Kind::Coupon(coupon.clone()),
    };
    let (with_order, with_coupon) = (random.below(2) == 0, random.below(2) == 0);
    Event { order: with_order.then(|| order(random)), coupon: with_coupon.then_some(coupon), kind }
}

#[test]
fn the_parts_of_a_stream_are_those_of_plain_loops() {
    for seed in seeds(12) {
        let mut random = Random(seed * 15_485_863);
        let events: Vec<Event> = (0..random.below(150)).map(|number| event(&mut random, number)).collect();
        let (disk, cut) = (MemDisk::new(), events.len() / 3);
        in_two_runs(
            || parts().into(),
            &disk,
            &mut random,
            |store, half| {
                append(store, Events, if half == 0 { &events[..cut] } else { &events[cut..] });
            },
        );
        let store = open(&disk);
        let orders = || events.iter().filter_map(|event| event.order.clone());
        let (even, odd): (Vec<Order>, Vec<Order>) = orders().partition(|order| order.number % 2 == 0);
        assert_same_rows(read(&store, Even), even, seed);
        assert_same_rows(read(&store, Odd), odd, seed);
        let coupons = events.iter().filter_map(|event| event.coupon.clone());
        assert_same_rows(read(&store, Coupons), coupons, seed);
        let of_kind = |of: fn(&Kind) -> bool| events.iter().map(|event| event.kind.clone()).filter(of);
        let orders = of_kind(|kind| matches!(kind, Kind::Order(_)));
        assert_same_rows(read(&store, OrdersOfKinds).into_iter().map(Kind::Order), orders, seed);
        let coupons = of_kind(|kind| matches!(kind, Kind::Coupon(_)));
        assert_same_rows(read(&store, CouponsOfKinds).into_iter().map(Kind::Coupon), coupons, seed);
        let nothings = of_kind(|kind| *kind == Kind::Nothing).count();
        assert_eq!(read(&store, Nothings).len(), nothings, "seed {seed}");
    }
}

#[pipeline]
fn split_sales() {
    let web = source(Web);
    let (large, _) = web.filter(|o| o.shop > 0).split(|o| o.number > 3);
    large.sink(Even);
}

#[test]
fn a_part_has_its_own_name_and_what_nobody_needs_does_not_run() {
    let explained = split_sales().explain().unwrap();
    assert_eq!(explained.matches(" split ").count(), 1, "{explained}");
    assert!(explained.contains("large"), "{explained}");
    assert!(
        explained.contains("reads 2 of 4 fields") || explained.contains("takes the whole row"),
        "{explained}"
    );
    let mut t = split_sales().test();
    let order = |number| Order { shop: 1, number, coupon: None, at: Timestamp::from_millis(0) };
    t.push_all(Web, [order(3), order(4)]);
    assert_eq!(t.rows(Even), [order(4)]);
}
