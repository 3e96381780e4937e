//! Decimals, dates, UUIDs and bytes in pipelines: sums and means of decimals are those of whole numbers of the last place, whatever the
//! order, workers and restarts, and each is a key.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use uuid::Uuid;
use waterwheel::aggregates;
use waterwheel::civil::{Date, Time, date};
use waterwheel::prelude::*;
use waterwheel::record::Decimal;

use support::{Random, SOME_WAYS, append, assert_same_rows, by_partition, drive, read, seeds};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Record)]
struct Euros(Decimal);

aggregates::number!(Euros(Decimal));

#[derive(Debug, Clone, PartialEq, Record)]
struct Sale {
    id: Uuid,
    #[serde(rename = "unitPrice")]
    price: Decimal,
    tip: Option<Euros>,
    on: Date,
    noon: Time,
    receipt: Bytes,
    shop: u32,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Day {
    on: Date,
    #[serde(rename = "takings")]
    total: Decimal,
    mean: Decimal,
    tips: Euros,
    mean_tip: Option<Decimal>,
    greatest: Decimal,
    prices: u64,
    first: Uuid,
    last: Bytes,
    earliest: Time,
    n: u64,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct OfPrice {
    price: Decimal,
    sales: u64,
}

topics! {
    Sales("sales"): Sale { key: id, time: at, partitions: 3 }
    Days("days"): Day { key: on }
    DaysJson("days-json"): Day { key: on, format: json }
    OfPrices("of-prices"): OfPrice { key: price }
}

#[pipeline]
fn days() {
    let sales = source(Sales).lateness(100h).late_drop();
    let days = sales.group_by(|s| s.on).window(tumbling(240h)).select(|w, s| Day {
        on: w.key(),
        total: sum(s.price),
        mean: mean(s.price),
        tips: sum(s.tip),
        mean_tip: mean(s.tip),
        greatest: max(s.price),
        prices: distinct(s.price),
        first: first(s.id),
        last: last(s.receipt),
        earliest: min(s.noon),
        n: count(),
    });
    days.sink(Days);
    days.sink(DaysJson);
    let of_prices = sales
        .group_by(|s| s.price)
        .window(tumbling(240h))
        .select(|w, _| OfPrice { price: w.key(), sales: count() });
    of_prices.sink(OfPrices);
}

/// A sale, and its price and tip in ten-thousandths.
type Sold = (Sale, i128, Option<i128>);

/// Ten-thousandths, as texts that do not all have the same places.
fn decimal(ten_thousandths: i128) -> Decimal {
    format!("{ten_thousandths}e-4").parse().unwrap()
}

/// The sales, and their prices and tips in ten-thousandths.
fn any_sales(random: &mut Random) -> Vec<Sold> {
    let sale = |n: i64| {
        let price =
            i128::from(random.below(9)) * 2_500 - 5_000 + i128::from(random.below(4)) * 70_000_000_000_001;
        let tip = (random.below(3) > 0).then(|| i128::from(random.below(10_000)));
        let sale = Sale {
            id: Uuid::from_u128(u128::from(random.number()) << 64 | n as u128),
            price: decimal(price),
            tip: tip.map(|tip| Euros(decimal(tip))),
            on: date(2013, 1, 1 + random.below(3) as i8),
            noon: Time::new(random.below(24) as i8, random.below(60) as i8, 0, 0).unwrap(),
            receipt: format!("receipt {n}").into_bytes().into(),
            shop: n as u32,
            at: Timestamp::from_millis(n * 1_000),
        };
        (sale, price, tip)
    };
    (0..200).map(sale).collect()
}

/// A quotient of whole numbers of the 4th place, at the 28th or the last that 96 bits have room for, halves to even.
fn mean_of(sum: i128, count: i128) -> Decimal {
    let (negative, magnitude) = (sum < 0, sum.abs());
    for more in (0..=24).rev() {
        // Digit by digit, as 24 places more do not fit into 128 bits.
        let (mut digits, mut rest) = ((magnitude / count).to_string(), magnitude % count);
        for _ in 0..more {
            digits.push(char::from(b'0' + (rest * 10 / count) as u8));
            rest = rest * 10 % count;
        }
        let Ok(floor) = digits.parse::<i128>() else { continue };
        let up = 2 * rest > count || 2 * rest == count && floor % 2 == 1;
        let rounded = floor + i128::from(up);
        if rounded >> 96 == 0 {
            return format!("{}{rounded}e-{}", if negative { "-" } else { "" }, more + 4).parse().unwrap();
        }
    }
    unreachable!("the mean of prices is not greater than the greatest")
}

fn days_by_hand(sales: &[Sold]) -> Vec<Day> {
    let mut days = BTreeMap::<Date, Vec<&Sold>>::new();
    sales.iter().for_each(|sale| days.entry(sale.0.on).or_default().push(sale));
    let day = |(on, sales): (Date, Vec<&Sold>)| {
        let prices: Vec<i128> = sales.iter().map(|sale| sale.1).collect();
        let tips: Vec<i128> = sales.iter().filter_map(|sale| sale.2).collect();
        let sum = |numbers: &[i128]| numbers.iter().sum::<i128>();
        Day {
            on,
            total: decimal(sum(&prices)),
            mean: mean_of(sum(&prices), prices.len() as i128),
            tips: Euros(decimal(sum(&tips))),
            mean_tip: (!tips.is_empty()).then(|| mean_of(sum(&tips), tips.len() as i128)),
            greatest: decimal(*prices.iter().max().unwrap()),
            prices: prices.iter().collect::<BTreeSet<_>>().len() as u64,
            first: sales[0].0.id,
            last: sales[sales.len() - 1].0.receipt.clone(),
            earliest: sales.iter().map(|sale| sale.0.noon).min().unwrap(),
            n: sales.len() as u64,
        }
    };
    days.into_iter().map(day).collect()
}

fn of_prices_by_hand(sales: &[Sold]) -> Vec<OfPrice> {
    let mut counts = BTreeMap::<i128, u64>::new();
    sales.iter().for_each(|sale| *counts.entry(sale.1).or_default() += 1);
    counts.into_iter().map(|(price, sales)| OfPrice { price: decimal(price), sales }).collect()
}

#[test]
fn every_way_of_running_gives_what_whole_numbers_give() {
    for seed in seeds(3) {
        let sales = any_sales(&mut Random(seed));
        let rows: Vec<Sale> = sales.iter().map(|sale| sale.0.clone()).collect();
        for way in SOME_WAYS {
            let (store, _) = way.run(days(), |store| append(store, Sales, &rows));
            assert_same_rows(read(&store, Days), days_by_hand(&sales), way);
            assert_same_rows(read(&store, DaysJson), days_by_hand(&sales), way);
            assert_same_rows(read(&store, OfPrices), of_prices_by_hand(&sales), way);
        }
    }
}

#[test]
fn restarts_change_nothing() {
    for seed in seeds(3) {
        let mut random = Random(seed);
        let sales = any_sales(&mut random);
        let rows: Vec<Sale> = sales.iter().map(|sale| sale.0.clone()).collect();
        let logs = by_partition(&rows, 3, |sale| sale.shop % 3);
        let mut t = drive(days().test(), &mut random, logs, |t, rows| t.push_all(Sales, rows));
        assert_same_rows(t.rows(Days), days_by_hand(&sales), seed);
        assert_same_rows(t.rows(OfPrices), of_prices_by_hand(&sales), seed);
    }
}

#[test]
fn a_field_is_read_by_what_the_code_calls_it() {
    let plan = days().explain().unwrap();
    assert!(plan.contains("reads 7 of 8 fields: id, unitPrice, tip, on, noon, receipt, at"), "{plan}");
}

#[test]
fn a_sum_without_room_stops_with_the_key_and_all_digits() {
    let mut t = days().test();
    let sale = |price: Decimal, n| Sale {
        id: Uuid::nil(),
        price,
        tip: None,
        on: date(2013, 1, 1),
        noon: Time::midnight(),
        receipt: Bytes::new(),
        shop: 0,
        at: Timestamp::from_millis(n),
    };
    t.push_all(Sales, [sale(Decimal::MAX, 0), sale(Decimal::new(5, 1), 1)]);
    let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| t.close())).unwrap_err();
    let said = stopped.downcast_ref::<String>().expect("the driver panics with a text");
    assert!(said.contains("the sum 79228162514264337593543950335.5 does not fit into `Decimal`"), "{said}");
    assert!(said.contains("2013-01-01"), "{said}");
}

/// What a program loads from CSV goes through serde, by the names that JSON has.
#[test]
fn rows_are_read_from_csv() {
    #[derive(Debug, Clone, PartialEq, Record)]
    struct Line {
        on: Date,
        #[serde(rename = "unitPrice")]
        price: Decimal,
        tip: Option<Euros>,
        id: Uuid,
        at: Timestamp,
        opens: Time,
        #[serde(default)]
        pieces: u32,
    }
    let text = "unitPrice,on,tip,id,at,opens\n\
                19.90,2013-01-31,,00000000-0000-0000-0000-000000000007,2013-01-01T10:00:00Z,09:30:00\n\
                -3,2013-02-01,0.5,00000000-0000-0000-0000-000000000008,2013-01-01T10:00:00.250Z,00:00:00\n";
    let rows: Vec<Line> =
        csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect();
    let line = |price: &str, day, tip: Option<&str>, id, millis: i64, hour, minute| Line {
        on: day,
        price: price.parse().unwrap(),
        tip: tip.map(|tip| Euros(tip.parse().unwrap())),
        id: Uuid::from_u128(id),
        at: Timestamp::from_millis(1_357_034_400_000 + millis),
        opens: Time::constant(hour, minute, 0, 0),
        pieces: 0,
    };
    let expected = [
        line("19.9", date(2013, 1, 31), None, 7, 0, 9, 30),
        line("-3", date(2013, 2, 1), Some("0.5"), 8, 250, 0, 0),
    ];
    assert_eq!(rows, expected);
    let wrong = text.replace("2013-02-01", "2013-02-30");
    let said = csv::Reader::from_reader(wrong.as_bytes()).deserialize::<Line>().nth(1).unwrap().unwrap_err();
    assert!(said.to_string().contains("field `on`"), "{said}");
}
