//! Lookups behind one another, behind `flat_map` and `union`, and of rows without event time: each is as a `map`.

use waterwheel::prelude::*;

use support::{Random, append, assert_same_rows, every_way, read, seeds};

#[derive(Debug, Clone, PartialEq, Record)]
struct Order {
    number: u64,
    items: Vec<u64>,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Item {
    item: u64,
    shelf: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Shelf {
    shelf: Option<u64>,
    hall: String,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Picked {
    number: u64,
    item: u64,
    copy: u64,
    hall: String,
}

topics! {
    Orders("orders"): Order { key: number, partitions: 2 }
    MoreOrders("more-orders"): Order { key: number }
    Items("items"): Item { key: item, partitions: 3 }
    Shelves("shelves"): Shelf { key: shelf }
    Picks("picks"): Picked { key: item, partitions: 2 }
}

/// What is made of an item of an order behind the first lookup.
#[derive(Debug, Clone)]
struct Wanted {
    number: u64,
    item: u64,
    shelf: Option<u64>,
}

/// One order's items come apart at the first lookup, and are made several again behind it. The same table is looked up by both.
#[pipeline]
fn picks() {
    let shelves = side(Shelves);
    let orders = source(Orders);
    let more = source(MoreOrders);
    let items =
        orders.union(more).flat_map(|o| o.items.iter().map(|item| (o.number, *item)).collect::<Vec<_>>());
    let wanted = items.lookup(side(Items)).on(|i| i.1, |i| i.item).select(|i, item| Wanted {
        number: i.0,
        item: i.1,
        shelf: item.and_then(|item| item.shelf),
    });
    let copies = wanted.flat_map(|w| (0..w.item % 3).map(|copy| (copy, w.clone())).collect::<Vec<_>>());
    let picked = copies.lookup(shelves).on(|c| c.1.shelf, |s| s.shelf).select(|c, shelf| Picked {
        number: c.1.number,
        item: c.1.item,
        copy: c.0,
        hall: shelf.hall.unwrap_or_default(),
    });
    picked.sink(Picks);
}

#[test]
fn lookups_behind_one_another_are_those_of_loops() {
    for seed in seeds(3) {
        let mut random = Random(seed * 104_729);
        let order = |number: u64, random: &mut Random| Order {
            number,
            items: (0..random.below(4)).map(|_| random.below(20)).collect(),
        };
        let orders: Vec<Order> = (0..80).map(|number| order(number, &mut random)).collect();
        let items: Vec<Item> = (0..30)
            .map(|_| {
                let shelf = (random.below(4) > 0).then(|| random.below(5));
                Item { item: random.below(18), shelf }
            })
            .collect();
        let shelves: Vec<Shelf> = (0..8)
            .map(|at| Shelf {
                shelf: Some(random.below(5)).filter(|shelf| *shelf > 0),
                hall: format!("hall {at}"),
            })
            .collect();
        let mut expected = Vec::new();
        for order in &orders {
            for item in &order.items {
                let shelf = items.iter().rfind(|row| row.item == *item).and_then(|row| row.shelf);
                let hall = shelves.iter().rfind(|row| row.shelf == shelf).map(|row| row.hall.clone());
                let hall = hall.unwrap_or_default();
                let pick = |copy| Picked { number: order.number, item: *item, copy, hall: hall.clone() };
                expected.extend((0..item % 3).map(pick));
            }
        }
        let mut first = None;
        for way in every_way(seed) {
            let (store, _) = way.run(picks(), |store| {
                append(store, Items, &items);
                append(store, Shelves, &shelves);
                append(store, Orders, &orders[..50]);
                append(store, MoreOrders, &orders[50..]);
            });
            let what = format!("seed {seed}, {way}");
            let found = read(&store, Picks);
            assert_same_rows(found.clone(), expected.clone(), &what);
            if way.is_of_one_epoch() {
                assert_eq!(*first.get_or_insert(found.clone()), found, "{what}: the order of the rows");
            }
        }
    }
}
