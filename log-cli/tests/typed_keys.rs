//! Keys of typed topics: `consume --json` prints the fields that they are made of, or bytes where it cannot know them.

mod called;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::{Date, Time};
use log_store::RecordsBuilder;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use waterwheel::__rt::Topic;
use waterwheel::prelude::*;
use waterwheel::record::Decimal;

use called::Dir;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
struct Owner {
    bank: u16,
    holder: String,
    since: Option<Date>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
enum Account {
    Cash,
    #[variant(7)]
    Card {
        id: CardId,
        number: i8,
    },
    Giro(Owner),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
struct CardId(u64);

/// Its fields stand in a key as they are declared, which is not the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
struct Turned {
    #[field(2)]
    low: u8,
    #[field(1)]
    high: u8,
}

#[derive(Clone, Debug, PartialEq, Record)]
struct Row {
    card: CardId,
    #[serde(rename = "shopName")]
    shop_name: String,
    owner: Owner,
    account: Account,
    opens: Option<Time>,
    price: Decimal,
    id: uuid::Uuid,
    parts: (i32, Option<String>),
    scan: Vec<u8>,
    turned: Turned,
}

topics! {
    ByCard("by-card"): Row { key: card }
    ByShop("by-shop"): Row { key: shop_name }
    ByOwner("by-owner"): Row { key: owner }
    ByBank("by-bank"): Row { key: owner.bank }
    ByAccount("by-account"): Row { key: account }
    ByTime("by-time"): Row { key: opens }
    ByPrice("by-price"): Row { key: price }
    ById("by-id"): Row { key: id }
    ByParts("by-parts"): Row { key: parts }
    ByScan("by-scan"): Row { key: scan }
    BySeveral("by-several"): Row { key: (account, owner, shop_name, opens) }
    ByClosure("by-closure"): Row { key: |row| row.card.0 }
    ByTurned("by-turned"): Row { key: turned }
}

fn any_owner() -> impl Strategy<Value = Owner> {
    let date = (-9999_i16..=9999, 1_i8..=12).prop_map(|(year, month)| Date::new(year, month, 3).unwrap());
    (any::<u16>(), ".{0,9}", option::of(date)).prop_map(|(bank, holder, since)| Owner { bank, holder, since })
}

fn any_row() -> impl Strategy<Value = Row> {
    let account = prop_oneof![
        Just(Account::Cash),
        any::<(u64, i8)>().prop_map(|(id, number)| Account::Card { id: CardId(id), number }),
        any_owner().prop_map(Account::Giro),
    ];
    let time = (0_i8..24, 0_i32..1_000_000_000).prop_map(|(hour, nano)| Time::new(hour, 1, 2, nano).unwrap());
    let price = (any::<i64>(), 0_u32..=28).prop_map(|(digits, places)| Decimal::new(digits, places));
    let texts = (".{0,200}", option::of(".{0,9}"), proptest::collection::vec(any::<u8>(), 0..9));
    let fields = (any::<u64>(), any_owner(), account, option::of(time), price, any::<u128>(), texts);
    (fields, any::<i32>(), 0_u8..9).prop_map(|(fields, number, low)| {
        let (card, owner, account, opens, price, id, (shop_name, part, scan)) = fields;
        Row {
            card: CardId(card),
            shop_name,
            owner,
            account,
            opens,
            price,
            id: uuid::Uuid::from_u128(id),
            parts: (number, part),
            scan,
            turned: Turned { low, high: low + 1 },
        }
    })
}

/// What is printed as the keys of random rows, and these rows.
fn printed_keys<D: Topic<Row = Row>>(topic: D) -> Vec<(Value, Row)> {
    let dir = Dir::new();
    let store = Store::open(dir.path()).unwrap();
    let mut runner = TestRunner::deterministic();
    let rows: Vec<Row> = (0..200).map(|_| any_row().new_tree(&mut runner).unwrap().current()).collect();
    TypedTopic::open(&store, topic).unwrap().append(&rows).unwrap();
    let called = dir.call(&format!("consume {} --until-end --json", D::NAME));
    assert_eq!(called.said(), "");
    let key = |line: &str| serde_json::from_str::<Value>(line).unwrap()["key"].take();
    called.succeeded().lines().map(key).zip(rows).collect()
}

#[track_caller]
fn check<D: Topic<Row = Row>>(topic: D, key: impl Fn(&Row) -> Value) {
    for (printed, row) in printed_keys(topic) {
        assert_eq!(printed, key(&row), "{row:?}");
    }
}

/// As keys without a schema are printed.
fn as_bytes(bytes: &[u8]) -> Value {
    std::str::from_utf8(bytes)
        .map_or_else(|_| json!({ "base64": STANDARD.encode(bytes) }), |text| json!(text))
}

#[test]
fn keys_of_a_field_are_that_field() {
    check(ByCard, |row| json!(row.card));
    check(ByShop, |row| json!(row.shop_name));
    check(ByOwner, |row| json!(row.owner));
    check(ByBank, |row| json!(row.owner.bank));
    check(ByAccount, |row| json!(row.account));
    check(ByTime, |row| json!(row.opens));
    check(ByPrice, |row| json!(row.price));
    check(ById, |row| json!(row.id));
    check(ByParts, |row| json!(row.parts));
    check(ByScan, |row| json!(row.scan));
}

#[test]
fn keys_of_several_fields_are_a_list() {
    check(BySeveral, |row| json!([row.account, row.owner, row.shop_name, row.opens]));
}

#[test]
fn keys_that_no_schema_tells_are_bytes() {
    check(ByClosure, |row| as_bytes(&row.card.0.to_be_bytes()));
    check(ByTurned, |row| as_bytes(&[row.turned.low, row.turned.high]));
}

/// A tombstone has no row: its key goes by the latest schema, and a struct's order is not known.
#[test]
fn keys_without_a_row_are_decoded_where_their_type_tells_all() {
    let dir = Dir::new();
    let store = Store::open(dir.path()).unwrap();
    let mut runner = TestRunner::deterministic();
    let row = any_row().new_tree(&mut runner).unwrap().current();
    let mut printed = Vec::new();
    for (name, key) in [("by-card", &[0, 0, 0, 0, 0, 0, 1, 0][..]), ("by-owner", &[0, 7, 1, b'x', 1, 0])] {
        match name {
            "by-card" => TypedTopic::open(&store, ByCard).unwrap().append(&row).unwrap(),
            _ => TypedTopic::open(&store, ByOwner).unwrap().append(&row).unwrap(),
        }
        let mut tombstone = RecordsBuilder::new();
        tombstone.push(0, Some(key), None);
        store.topic(name).unwrap().partition(0).unwrap().append(tombstone).unwrap();
        let last = dir.call(&format!("consume {name} --until-end --json --from-offset 1")).succeeded();
        printed.push(serde_json::from_str::<Value>(&last).unwrap()["key"].take());
    }
    assert_eq!(printed, [json!(256), as_bytes(&[0, 7, 1, b'x', 1, 0])]);
}
