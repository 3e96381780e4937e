//! Arithmetic and comparison with the fields of a row: all that rustc takes beside a sign is taken, with the types that it would conclude.

use waterwheel::prelude::*;
use waterwheel::record::Decimal;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Record)]
struct Cents(i64);

impl std::ops::Mul<u32> for Cents {
    type Output = Cents;
    fn mul(self, pieces: u32) -> Cents {
        Cents(self.0 * i64::from(pieces))
    }
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Sale {
    pub shop: String,
    pub note: Option<String>,
    pub pieces: u32,
    pub small: u8,
    pub signed: i16,
    pub large: i128,
    pub rate: f64,
    pub weight: f32,
    pub price: Decimal,
    pub cents: Cents,
    pub tip: Option<i64>,
    pub pair: (i64, i64),
    pub paid: bool,
    pub took: Duration,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Record)]
struct Computed {
    pub total: Cents,
    pub mean: f64,
    pub half: f32,
    pub dear: Decimal,
    pub later: Timestamp,
    pub length: Duration,
    pub millis: i64,
    pub whole: i64,
    pub name: u64,
    pub sum: i64,
    pub rest: u8,
    pub bits: i16,
}

topics! {
    Sales("sales"): Sale { time: at }
    ComputedSales("computed-sales"): Computed { key: millis }
    ChosenSales("chosen-sales"): Sale { time: at }
}

#[pipeline]
fn computed(rate: f64, length: Duration, least: i64) {
    let sales = source(Sales);
    let computed = sales.map(|s| Computed {
        total: s.cents * s.pieces,
        mean: (s.rate + 0.5) * rate / s.pieces as f64,
        half: s.weight * 0.5,
        dear: s.price * s.price + s.price,
        later: s.at + length,
        length: s.took * 3,
        millis: (s.at - s.at + s.took).millis() % 60_000,
        whole: (s.rate * 100.0).round() as i64,
        name: (s.shop.len() + 1) as u64,
        sum: s.pair.0 - s.pair.1 * 2 + s.tip.unwrap_or(0) + least,
        rest: s.small % 7,
        bits: s.signed - 1,
    });
    let chosen = sales
        .filter(|s| s.paid && s.small > 1 && s.signed >= -5 && s.large < 1 << 70 && s.weight <= 2.5)
        .filter(|s| s.shop == "a" && s.note != Some("x".to_owned()) && s.paid == true && s.tip != Some(5))
        .filter(|s| (s.pieces as i64) < least + 1_000 && s.cents == s.cents && s.rate != rate)
        .filter(|s| s.took > length - s.took && s.pair.0 <= s.pair.1.abs() && s.at - s.at <= s.took)
        .filter(|s| [1, 2].iter().any(|n| *n + 1 > s.pair.0) && s.shop.len() as f64 > rate)
        .filter(|s| s.paid);
    computed.sink(ComputedSales);
    chosen.sink(ChosenSales);
}

const RATE: f64 = 0.5;
static PIECES: u32 = 2;

mod limits {
    pub(super) const LEAST: i64 = -7;
}

/// What a function gives takes its type from the function, or from what it is compared with.
fn fee(cents: i64) -> i64 {
    cents / 10
}

fn read<T: std::str::FromStr + Default>(text: &str) -> T {
    text.parse().unwrap_or_default()
}

/// What has a type of its own beside a field, on either side: literals, constants, variables, what a function gives.
#[pipeline]
fn beside(least: i64) {
    let sales = source(Sales);
    let computed = sales.map(|s| {
        let (fraction, whole) = (1.5, 3);
        let mut sum = 0;
        sum = sum + s.pair.0;
        sum = sum - whole * s.pair.1;
        Computed {
            total: s.cents * PIECES,
            mean: 2.0 * s.rate - RATE / s.rate + fraction * s.rate,
            half: 0.5 * s.weight,
            dear: s.price * Decimal::from(2),
            later: s.at + Duration::from_secs(2),
            length: 2 * s.took,
            millis: (10 * s.at.millis()).max(0),
            whole: (fee(s.pair.0) + s.pair.1 * fee(100)).min(i64::MAX - s.pair.0),
            name: 3 * s.shop.len() as u64,
            sum,
            rest: 10 - s.small,
            bits: -2 * s.signed,
        }
    });
    let chosen = sales
        .filter(|s| 1 < s.small && "a" == s.shop && 10 >= s.pieces && s.pair.0 > limits::LEAST)
        .filter(|s| s.pair.0 > read("-9") && read::<u8>("3") < s.small && 1.0 <= s.rate && s.paid == true)
        .filter(|s| [1, 2].iter().map(|n| n * s.pair.0).sum::<i64>() > least && Some(s.pair.0) != s.tip)
        .filter(|s| s.tip.map_or(true, |tip| tip > s.pair.0) && s.at < Timestamp::from_secs(9))
        .filter(|s| match s.tip {
            Some(tip) => tip > s.pair.1,
            None => true,
        });
    computed.sink(ComputedSales);
    chosen.sink(ChosenSales);
}

/// A text is put behind a copy of the row's, which stays.
#[pipeline]
fn marked(mark: String) {
    source(Sales)
        .map(|s| Sale { shop: s.shop + "-" + &mark, note: Some(s.shop + "?"), ..s })
        .sink(ChosenSales);
}

fn sale() -> Sale {
    Sale {
        shop: "a".to_owned(),
        note: None,
        pieces: 4,
        small: 9,
        signed: -3,
        large: 1 << 65,
        rate: 1.5,
        weight: 2.5,
        price: Decimal::from(3),
        cents: Cents(250),
        tip: None,
        pair: (1, -2),
        paid: true,
        took: Duration::from_secs(61),
        at: Timestamp::from_secs(5),
    }
}

#[test]
fn what_stands_beside_a_field_means_what_it_means_in_rust() {
    let mut t = beside(2).test();
    t.push(Sales, sale());
    let expected = Computed {
        total: Cents(500),
        mean: 3.0 - 0.5 / 1.5 + 2.25,
        half: 1.25,
        dear: Decimal::from(6),
        later: Timestamp::from_secs(7),
        length: Duration::from_secs(122),
        millis: 50_000,
        whole: -20,
        name: 3,
        sum: 7,
        rest: 1,
        bits: 6,
    };
    assert_eq!(t.rows(ComputedSales), [expected]);
    assert_eq!(t.rows(ChosenSales), [sale()]);
}

#[test]
fn signs_between_fields_mean_what_they_mean_in_rust() {
    let sale = sale();
    let mut t = computed(0.25, Duration::from_secs(60), 7).test();
    t.push(Sales, sale.clone());
    let expected = Computed {
        total: Cents(1000),
        mean: 0.125,
        half: 1.25,
        dear: Decimal::from(12),
        later: Timestamp::from_secs(65),
        length: Duration::from_secs(183),
        millis: 1_000,
        whole: 150,
        name: 2,
        sum: 1 + 4 + 7,
        rest: 2,
        bits: -4,
    };
    assert_eq!(t.rows(ComputedSales), [expected]);
    assert_eq!(t.rows(ChosenSales), std::slice::from_ref(&sale));

    let mut t = marked("x".to_owned()).test();
    t.push(Sales, sale.clone());
    let shop = format!("{}-x", sale.shop);
    let note = Some(format!("{}?", sale.shop));
    assert_eq!(t.rows(ChosenSales), [Sale { shop, note, ..sale }]);
}
