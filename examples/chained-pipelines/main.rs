//! Three pipelines that read one another, in one program: large orders, what each shop took of them by the hour, and the best hour of
//! each day.

use std::process::ExitCode;

use waterwheel::cli::{App, Arg, Call, Command};
use waterwheel::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
struct Order {
    shop: String,
    at: Timestamp,
    cents: i64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct ShopHour {
    shop: String,
    hour: Timestamp,
    orders: u64,
    cents: i64,
}

/// The hour in which a shop took the most.
#[derive(Debug, Clone, PartialEq, Record)]
struct BestHour {
    shop: String,
    day: Timestamp,
    hour: Timestamp,
    cents: i64,
}

topics! {
    Orders("orders"): Order { key: shop, time: at, partitions: 2 }
    LargeOrders("large-orders"): Order { key: shop, time: at, partitions: 2 }
    ShopHours("shop-hours"): ShopHour { key: shop, time: hour }
    BestHours("best-hours"): BestHour { key: shop, time: day }
}

/// Orders of at least so much.
#[pipeline]
fn large_orders(
    /// The least amount of an order, in cents.
    #[default(1_000)]
    least: i64,
    /// Orders before this are left out.
    since: Option<Timestamp>,
) {
    let large = source(Orders)
        .lateness(10m)
        .late_drop()
        .filter(|order| order.cents >= least && since.is_none_or(|since| order.at >= since));
    large.sink(LargeOrders);
}

/// What each shop took by the hour.
///
#[doc = include_str!("shop_hours.svg")]
#[pipeline]
fn shop_hours() {
    let orders = source(LargeOrders).lateness(10m).late_drop();
    let hours = orders.group_by(|order| order.shop).window(tumbling(1h)).select(|w, order| ShopHour {
        shop: w.key(),
        hour: w.start(),
        orders: count(),
        cents: sum(order.cents),
    });
    hours.sink(ShopHours);
}

/// The best hour of each shop and day.
#[pipeline]
fn best_hours() {
    let hours = source(ShopHours).lateness(1h).late_drop();
    let best = hours.group_by(|hour| hour.shop).window(tumbling(1d)).select(|w, hour| BestHour {
        shop: w.key(),
        day: w.start(),
        hour: max_by(hour.hour, hour.cents),
        cents: max(hour.cents),
    });
    best.sink(BestHours);
}

fn main() -> ExitCode {
    let count = Arg::new("COUNT").required(true).value_parser(how_many).help("How many");
    let order = Command::new("order").about("Appends made-up orders, one a minute").arg(count);
    // In any order: who reads what another writes is run after it.
    App::new()
        .about("Finds the best hours of made-up shops")
        .pipeline(best_hours)
        .pipeline(shop_hours)
        .pipeline(large_orders)
        .command(order, place_orders)
        .main()
}

/// Reads how many orders are meant.
fn how_many(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "write a whole number, such as `10000`")
}

/// Appends orders behind those that are there.
fn place_orders(call: &Call) -> waterwheel::Result<()> {
    let count = *call.arguments().get_one::<u64>("COUNT").expect("the argument is required");
    let orders = TypedTopic::open(call.store()?, Orders)?;
    let before = orders.rows().count() as u64;
    let rows: Vec<Order> = (before..before + count).map(made_up).collect();
    orders.append(&rows)?;
    eprintln!("appended {count} orders to topic `orders`");
    Ok(())
}

/// The order of that number: always the same.
fn made_up(number: u64) -> Order {
    const SHOPS: [&str; 3] = ["bakery", "florist", "tailor"];
    // Spreads the numbers; its two ends say which shop and how much.
    let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Order {
        shop: SHOPS[(spread >> 40) as usize % SHOPS.len()].to_owned(),
        at: Timestamp::from_millis(1_767_225_600_000 + number as i64 * 60_000),
        cents: 100 + (spread >> 20) as i64 % 5_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_pipeline_writes_the_next_one_reads() {
        let mut t = large_orders(1_000, None).test();
        t.push_all(Orders, (0..180).map(made_up));
        t.close();
        let large = t.rows(LargeOrders);
        assert!(large.iter().all(|order| order.cents >= 1_000) && large.len() < 180, "{large:?}");

        let mut t = shop_hours().test();
        t.push_all(LargeOrders, large.clone());
        t.close();
        let hours = t.rows(ShopHours);
        assert_eq!(hours.iter().map(|hour| hour.orders).sum::<u64>(), large.len() as u64);

        let mut t = best_hours().test();
        t.push_all(ShopHours, hours.clone());
        t.close();
        for best in t.rows(BestHours) {
            let of_shop = hours.iter().filter(|hour| hour.shop == best.shop).map(|hour| hour.cents);
            assert_eq!(of_shop.max(), Some(best.cents));
        }
    }

    /// `cargo run --example chained-pipelines -- graph shop_hours --format svg` prints it.
    #[test]
    fn the_drawing_in_the_documentation_is_that_of_the_plan() {
        assert_eq!(shop_hours().svg().unwrap(), include_str!("shop_hours.svg"));
    }

    #[test]
    fn orders_before_a_time_are_left_out() {
        let since = made_up(60).at;
        let mut t = large_orders(0, Some(since)).test();
        t.push_all(Orders, (0..120).map(made_up));
        t.close();
        let mut times: Vec<Timestamp> = t.rows(LargeOrders).iter().map(|order| order.at).collect();
        times.sort();
        assert_eq!((times.first(), times.len()), (Some(&since), 60));
    }
}
