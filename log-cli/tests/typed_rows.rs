//! Rows that typed topics wrote: `consume --json` prints what their types write as JSON, whatever the values are.

mod called;

use std::collections::{BTreeMap, HashMap};

use jiff::civil::{Date, DateTime, Time};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use waterwheel::__rt::Topic;
use waterwheel::prelude::*;
use waterwheel::record::{Decimal, OwnedField, OwnedKind, OwnedSchema, Record};

use called::Dir;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
struct CardId(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
enum Level {
    #[variant(9)]
    Low,
    High,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
struct Owner {
    bank: u16,
    holder: String,
    since: Option<Date>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
enum Account {
    Cash,
    Card { id: CardId, level: Option<Level> },
    Giro(Owner),
}

/// Every kind of numbers, times and texts, plain and as an `Option`.
#[derive(Clone, Debug, PartialEq, Record)]
struct Plain {
    truth: bool,
    a: i8,
    b: i16,
    c: i32,
    d: i64,
    e: i128,
    f: u8,
    g: u16,
    h: u32,
    i: u64,
    j: u128,
    k: f32,
    l: f64,
    at: Timestamp,
    long: Duration,
    price: Decimal,
    on: Date,
    from: Time,
    noted: DateTime,
    id: uuid::Uuid,
    text: String,
    bytes: Vec<u8>,
    perhaps: Option<i16>,
    no_number: Option<f64>,
    note: Option<String>,
    scan: Option<Vec<u8>>,
    due: Option<DateTime>,
}

/// Every kind that has parts, within others.
#[derive(Clone, Debug, PartialEq, Record)]
struct Nested {
    account: Account,
    refund: Option<Account>,
    level: Option<Level>,
    owner: Box<Owner>,
    accounts: Vec<Account>,
    gaps: Vec<Option<u16>>,
    words: Vec<Option<String>>,
    lists: Vec<Vec<u8>>,
    prices: [Decimal; 3],
    holes: [Option<Level>; 2],
    texts: [String; 2],
    pair: (u8, Option<Time>),
    triple: Option<(CardId, Owner, Vec<f32>)>,
    counts: BTreeMap<String, i64>,
    by_level: BTreeMap<Level, (bool, Duration)>,
    by_day: BTreeMap<Date, Vec<Account>>,
    by_price: BTreeMap<Decimal, Option<uuid::Uuid>>,
    by_time: HashMap<Timestamp, HashMap<i8, Option<String>>>,
    by_truth: HashMap<bool, [u16; 2]>,
}

/// A row that is one of several things.
#[derive(Clone, Debug, PartialEq, Record)]
enum Event {
    Opened,
    Paid(Box<Nested>),
    Noted { plain: Box<Plain>, level: Level },
}

topics! {
    PlainRows("plain"): Plain { partitions: 3 }
    NestedRows("nested"): Nested { key: account }
    EventRows("events"): Event {}
}

fn any_date() -> impl Strategy<Value = Date> {
    (-9999_i16..=9999, 1_i8..=12, 1_i8..=28)
        .prop_map(|(year, month, day)| Date::new(year, month, day).unwrap())
}

fn any_time() -> impl Strategy<Value = Time> {
    (0_i8..24, 0_i8..60, 0_i8..60, prop_oneof![Just(0), 0..1_000_000_000])
        .prop_map(|(hour, minute, second, nanos)| Time::new(hour, minute, second, nanos).unwrap())
}

fn any_date_time() -> impl Strategy<Value = DateTime> {
    (any_date(), any_time()).prop_map(|(date, time)| DateTime::from_parts(date, time))
}

fn any_decimal() -> impl Strategy<Value = Decimal> {
    (any::<i64>(), prop_oneof![Just(1_i64), Just(1_000_000)], 0_u32..=28)
        .prop_map(|(digits, step, places)| Decimal::new(digits / step * step, places))
}

fn any_timestamp() -> impl Strategy<Value = Timestamp> {
    let ms =
        prop_oneof![any::<i64>(), -1_i64 << 44..1 << 44, (-9_999_999_i64..9_999_999).prop_map(|s| s * 1_000)];
    ms.prop_map(Timestamp::from_millis)
}

fn any_uuid() -> impl Strategy<Value = uuid::Uuid> {
    any::<u128>().prop_map(uuid::Uuid::from_u128)
}

fn any_level() -> impl Strategy<Value = Level> {
    prop_oneof![Just(Level::Low), Just(Level::High)]
}

fn any_owner() -> impl Strategy<Value = Owner> {
    (any::<u16>(), ".{0,9}", option::of(any_date())).prop_map(|(bank, holder, since)| Owner {
        bank,
        holder,
        since,
    })
}

fn any_account() -> impl Strategy<Value = Account> {
    prop_oneof![
        Just(Account::Cash),
        (".{0,200}", option::of(any_level())).prop_map(|(id, level)| Account::Card { id: CardId(id), level }),
        any_owner().prop_map(Account::Giro),
    ]
}

fn any_plain() -> impl Strategy<Value = Plain> {
    let numbers = (
        any::<(bool, i8, i16, i32, i64, i128)>(),
        any::<(u8, u16, u32, u64, u128)>(),
        any::<(f32, f64)>(),
        (any_timestamp(), any::<i64>().prop_map(Duration::from_millis), any_decimal()),
        (any_date(), any_time(), any_date_time(), any_uuid()),
    );
    let others = (
        "\\PC{0,300}",
        vec(any::<u8>(), 0..300),
        option::of(any::<i16>()),
        option::of(any::<f64>()),
        option::of(any::<String>()),
        option::of(vec(any::<u8>(), 0..5)),
        option::of(any_date_time()),
    );
    (numbers, others).prop_map(|(numbers, others)| {
        let ((truth, a, b, c, d, e), (f, g, h, i, j), (k, l), (at, long, price), (on, from, noted, id)) =
            numbers;
        let (text, bytes, perhaps, no_number, note, scan, due) = others;
        Plain {
            truth,
            a,
            b,
            c,
            d,
            e,
            f,
            g,
            h,
            i,
            j,
            k,
            l,
            at,
            long,
            price,
            on,
            from,
            noted,
            id,
            text,
            bytes,
            perhaps,
            no_number,
            note,
            scan,
            due,
        }
    })
}

fn any_nested() -> impl Strategy<Value = Nested> {
    let parts = (
        any_account(),
        option::of(any_account()),
        option::of(any_level()),
        any_owner().prop_map(Box::new),
        vec(any_account(), 0..5),
        vec(option::of(any::<u16>()), 0..5),
        vec(option::of(".{0,200}"), 0..5),
        vec(vec(any::<u8>(), 0..5), 0..300),
    );
    let fixed = (
        [any_decimal(), any_decimal(), any_decimal()],
        [option::of(any_level()), option::of(any_level())],
        [".{0,9}", ".{0,9}"],
        (any::<u8>(), option::of(any_time())),
        option::of((".{0,9}".prop_map(CardId), any_owner(), vec(any::<f32>(), 0..4))),
    );
    let maps = (
        btree_map(any::<String>(), any::<i64>(), 0..5),
        btree_map(any_level(), (any::<bool>(), any::<i64>().prop_map(Duration::from_millis)), 0..3),
        btree_map(any_date(), vec(any_account(), 0..3), 0..3),
        btree_map(any_decimal(), option::of(any_uuid()), 0..3),
        btree_map(any_timestamp(), btree_map(any::<i8>(), option::of(".{0,9}"), 0..3), 0..3),
        btree_map(any::<bool>(), any::<[u16; 2]>(), 0..3),
    );
    (parts, fixed, maps).prop_map(|(parts, fixed, maps)| {
        let (account, refund, level, owner, accounts, gaps, words, lists) = parts;
        let (prices, holes, texts, pair, triple) = fixed;
        let (counts, by_level, by_day, by_price, by_time, by_truth) = maps;
        let by_time = by_time.into_iter().map(|(at, inner)| (at, inner.into_iter().collect())).collect();
        let by_truth = by_truth.into_iter().collect();
        Nested {
            account,
            refund,
            level,
            owner,
            accounts,
            gaps,
            words,
            lists,
            prices,
            holes,
            texts,
            pair,
            triple,
            counts,
            by_level,
            by_day,
            by_price,
            by_time,
            by_truth,
        }
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Opened),
        any_nested().prop_map(|row| Event::Paid(Box::new(row))),
        (any_plain(), any_level()).prop_map(|(plain, level)| Event::Noted { plain: Box::new(plain), level }),
    ]
}

/// So many values, the same in each run.
fn values<T>(strategy: impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// What stands between `"value":` and the headers of each line.
fn printed_values(dir: &Dir, topic: &str) -> Vec<String> {
    let called = dir.call(&format!("consume {topic} --until-end --json"));
    assert_eq!(called.said(), "");
    let value = |line: &str| {
        let (_, behind) = line.split_once(",\"value\":").unwrap();
        behind.strip_suffix(",\"headers\":{}}").unwrap().to_owned()
    };
    called.succeeded().lines().map(value).collect()
}

#[track_caller]
fn check<D: Topic>(topic: D, strategy: impl Strategy<Value = D::Row>, json: impl Fn(&D::Row) -> String) {
    let dir = Dir::new();
    let store = Store::open(dir.path()).unwrap();
    let rows = values(strategy, 300);
    TypedTopic::open(&store, topic).unwrap().append(&rows).unwrap();
    let (mut expected, mut found) =
        (rows.iter().map(json).collect::<Vec<_>>(), printed_values(&dir, D::NAME));
    // Of several partitions.
    expected.sort_unstable();
    found.sort_unstable();
    for (expected, found) in expected.iter().zip(&found) {
        assert_eq!(expected, found);
    }
    assert_eq!(expected.len(), found.len());
}

fn text<T: serde::Serialize>(row: &T) -> String {
    serde_json::to_string(row).unwrap()
}

#[test]
fn plain_values_are_what_their_types_write() {
    check(PlainRows, any_plain(), text);
}

#[test]
fn values_with_parts_are_what_their_types_write() {
    check(NestedRows, any_nested(), text);
}

#[test]
fn rows_that_are_enums_are_objects() {
    let object = |row: &Event| match row {
        Event::Opened => "{\"Opened\":null}".to_owned(),
        row => text(row),
    };
    check(EventRows, any_event(), object);
}

/// The number of a kind. One that is added needs a field in `Plain` or `Nested`, and a line in what prints rows.
fn number(kind: &OwnedKind) -> u32 {
    match kind {
        OwnedKind::Bool => 0,
        OwnedKind::I8 => 1,
        OwnedKind::I16 => 2,
        OwnedKind::I32 => 3,
        OwnedKind::I64 => 4,
        OwnedKind::I128 => 5,
        OwnedKind::U8 => 6,
        OwnedKind::U16 => 7,
        OwnedKind::U32 => 8,
        OwnedKind::U64 => 9,
        OwnedKind::U128 => 10,
        OwnedKind::F32 => 11,
        OwnedKind::F64 => 12,
        OwnedKind::Timestamp => 13,
        OwnedKind::Duration => 14,
        OwnedKind::String => 15,
        OwnedKind::Bytes => 16,
        OwnedKind::Option(_) => 17,
        OwnedKind::List(_) => 18,
        OwnedKind::Record { .. } => 19,
        OwnedKind::Enum { .. } => 20,
        OwnedKind::Map(..) => 21,
        OwnedKind::Tuple(_) => 22,
        OwnedKind::Array(..) => 23,
        OwnedKind::Decimal => 24,
        OwnedKind::Date => 25,
        OwnedKind::Time => 26,
        OwnedKind::DateTime => 27,
        OwnedKind::Uuid => 28,
    }
}

#[test]
fn every_kind_of_field_is_among_the_rows() {
    let [plain, nested] = [Plain::SCHEMA, Nested::SCHEMA].map(OwnedSchema::from);
    let kinds = plain.fields.iter().chain(&nested.fields).map(|field: &OwnedField| number(&field.kind));
    let mut kinds: Vec<u32> = kinds.collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, (0..29).collect::<Vec<_>>());
}
