//! A shop's orders and parcels through twenty operators of every kind. `cargo xtask bench build` measures how long this takes to build.

use std::process::ExitCode;

use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
struct Order {
    id: u64,
    customer: u64,
    city: String,
    cents: i64,
    items: Vec<u64>,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Parcel {
    order: u64,
    depot: u32,
    grams: u32,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Item {
    order: u64,
    item: u64,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct CityMinute {
    city: String,
    from: Timestamp,
    orders: u64,
    cents: i64,
    greatest: i64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Moving {
    customer: u64,
    until: Timestamp,
    mean: f64,
    spread: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Visit {
    customer: u64,
    from: Timestamp,
    orders: u64,
    first: i64,
    last: i64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct DepotDay {
    depot: u32,
    until: Timestamp,
    parcels: u64,
    orders: u64,
    heaviest: u32,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Smooth {
    customer: u64,
    cents: i64,
    mean: f64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Shipped {
    order: u64,
    city: String,
    grams: u32,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Ranked {
    from: Timestamp,
    rank: u64,
    city: String,
    orders: u64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Load {
    depot: u32,
    from: Timestamp,
    parcels: u64,
}

topics! {
    Orders("orders"): Order { key: id, time: at, partitions: 4 }
    Parcels("parcels"): Parcel { key: order, time: at, partitions: 4 }
    LateOrders("late-orders"): Order { key: id }
    Items("items"): Item { key: item }
    Dear("dear"): Order { key: customer }
    CityMinutes("city-minutes"): CityMinute { key: city }
    Movings("movings"): Moving { key: customer }
    Visits("visits"): Visit { key: customer }
    DepotDays("depot-days"): DepotDay { key: depot }
    Smooths("smooths"): Smooth { key: customer }
    FirstOrders("first-orders"): Order { key: customer }
    ShippedOrders("shipped-orders"): Shipped { key: order }
    Unshipped("unshipped"): Order { key: id }
    BusyCities("busy-cities"): Ranked { key: city }
    BestMinutes("best-minutes"): CityMinute { key: city }
    Loads("loads"): Load { key: depot }
}

/// Follows a shop.
#[pipeline]
fn shop(dear: i64) {
    let orders = source(Orders).lateness(10s).idle(1m).late_to(LateOrders);
    let parcels = source(Parcels).lateness(10s).late_drop();

    let paid = orders.filter(|o| o.cents > 0);
    let items = paid.flat_map(|o| {
        let (order, at) = (o.id, o.at);
        o.items.clone().into_iter().map(move |item| Item { order, item, at })
    });
    items.sink(Items);
    let dear_ones = paid.filter(|o| o.cents >= dear);
    dear_ones.sink(Dear);

    let per_minute = paid.group_by(|o| o.city).window(tumbling(1m)).select(|w, o| CityMinute {
        city: w.key(),
        from: w.start(),
        orders: count(),
        cents: sum(o.cents),
        greatest: max(o.cents),
    });
    per_minute.sink(CityMinutes);
    let busy = per_minute.per_window().top(3, |m| desc(m.orders)).select(|rank, m| Ranked {
        from: m.from,
        rank,
        city: m.city,
        orders: m.orders,
    });
    busy.sink(BusyCities);
    let best = per_minute.per_window().max_by(|m| m.cents);
    best.sink(BestMinutes);

    let moving = paid.group_by(|o| o.customer).window(sliding(10m, 1m)).select(|w, o| Moving {
        customer: w.key(),
        until: w.end(),
        mean: mean(o.cents),
        spread: stddev(o.cents),
    });
    moving.sink(Movings);
    let visits = paid.group_by(|o| o.customer).window(session(30m)).select(|w, o| Visit {
        customer: w.key(),
        from: w.start(),
        orders: count(),
        first: first(o.cents),
        last: last(o.cents),
    });
    visits.sink(Visits);
    let depot_days = parcels.group_by(|p| p.depot).window(cumulate(1d, 1h)).select(|w, p| DepotDay {
        depot: w.key(),
        until: w.end(),
        parcels: count(),
        orders: distinct(p.order),
        heaviest: max(p.grams),
    });
    depot_days.sink(DepotDays);
    let loads = parcels.group_by(|p| p.depot).window(tumbling(10s).by_clock()).select(|w, p| Load {
        depot: w.key(),
        from: w.start(),
        parcels: count(),
    });
    loads.sink(Loads);

    let smooth = paid.group_by(|o| o.customer).over(last(1h)).select(|o, w| Smooth {
        customer: o.customer,
        cents: o.cents,
        mean: mean(w.cents),
    });
    smooth.sink(Smooths);
    let firsts = paid.distinct_by(|o| o.customer).within(24h);
    firsts.sink(FirstOrders);

    let shipped = paid.join(parcels).on(|o| o.id, |p| p.order).between(0s..=48h).select(|o, p| Shipped {
        order: o.id,
        city: o.city,
        grams: p.grams,
    });
    shipped.sink(ShippedOrders);
    let unshipped = paid.anti_join(parcels).on(|o| o.id, |p| p.order).between(0s..=48h);
    unshipped.sink(Unshipped);
}

fn main() -> ExitCode {
    shop(10_000).main()
}
