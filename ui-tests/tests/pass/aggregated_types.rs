//! Aggregates take the types of the user's own that `#[derive(Record)]` makes fields of.

use waterwheel::aggregates::number;
use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Record)]
struct Cents(i64);

number!(Cents(i64));

/// Without `Ord`, which only `min` and `max` ask for.
#[derive(Clone, Debug, PartialEq, Record)]
enum Status {
    Open,
    Refunded { by: u64 },
}

#[derive(Clone, Debug, PartialEq, Record)]
struct Shop {
    id: u32,
    rating: f64,
}

/// Without `Clone`, which only aggregates ask for.
#[derive(Debug, PartialEq, Record)]
struct Unread(u8);

#[derive(Debug, PartialEq, Record)]
struct Order {
    card: u64,
    price: Cents,
    tip: Option<Cents>,
    status: Status,
    shop: Shop,
    unread: Unread,
    at: Timestamp,
}

impl Clone for Order {
    fn clone(&self) -> Self {
        let unread = Unread(self.unread.0);
        let (price, tip) = (self.price.clone(), self.tip.clone());
        let (status, shop) = (self.status.clone(), self.shop.clone());
        Order { card: self.card, price, tip, status, shop, unread, at: self.at }
    }
}

#[derive(Clone, Debug, PartialEq, Record)]
struct Spending {
    card: u64,
    total: Cents,
    mean: f64,
    tips: Cents,
    least: Option<Cents>,
    most: Cents,
    first: Shop,
    last: Status,
}

topics! {
    Orders("orders"): Order { key: card, time: at }
    Spendings("spendings"): Spending { key: card }
}

#[pipeline]
fn spendings() {
    let orders = source(Orders).lateness(10s).late_drop();
    let spendings = orders.group_by(|o| o.card).window(tumbling(1m)).select(|w, o| Spending {
        card: w.key(),
        total: sum(o.price),
        mean: mean(o.price),
        tips: sum(o.tip),
        least: min(o.tip),
        most: max(o.price),
        first: first(o.shop),
        last: last(o.status),
    });
    spendings.sink(Spendings);
}

#[test]
fn types_of_the_users_own_are_aggregated() {
    let mut t = spendings().test();
    let orders = [(2, 500, Some(7), Status::Refunded { by: 3 }), (1, 250, None, Status::Open)];
    for (second, price, tip, status) in orders {
        t.push(
            Orders,
            Order {
                card: 1,
                price: Cents(price),
                tip: tip.map(Cents),
                status,
                shop: Shop { id: second, rating: 0.5 },
                unread: Unread(0),
                at: Timestamp::from_millis(i64::from(second) * 1000),
            },
        );
    }
    t.close();
    let expected = Spending {
        card: 1,
        total: Cents(750),
        mean: 375.0,
        tips: Cents(7),
        least: Some(Cents(7)),
        most: Cents(500),
        first: Shop { id: 1, rating: 0.5 },
        last: Status::Refunded { by: 3 },
    };
    assert_eq!(t.rows(Spendings), [expected]);
}
