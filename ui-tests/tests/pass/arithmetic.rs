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

/// A text is put behind a copy of the row's, which stays.
#[pipeline]
fn marked(mark: String) {
    source(Sales)
        .map(|s| Sale { shop: s.shop + "-" + &mark, note: Some(s.shop + "?"), ..s })
        .sink(ChosenSales);
}

#[test]
fn signs_between_fields_mean_what_they_mean_in_rust() {
    let sale = Sale {
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
    };
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
