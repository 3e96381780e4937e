//! Records of every kind of field, and what the tests do with them.

use dsl_macros::{Key, Record};
use dsl_runtime::record::{FieldMask, Format, Record, RowCodec, TopicSchemas};
use dsl_runtime::{Duration, Timestamp};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
pub(crate) struct CardId(pub(crate) String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
pub(crate) enum Level {
    Low,
    #[variant(7)]
    High,
}

#[derive(Clone, Debug, PartialEq, Record)]
pub(crate) enum Paid {
    Cash,
    Card { id: CardId, contactless: Option<bool> },
    Voucher(u64),
}

#[derive(Clone, Debug, PartialEq, Record)]
pub(crate) struct Place {
    pub(crate) city: String,
    pub(crate) zip: Option<u32>,
}

/// Small enough for a drawing of its bytes.
#[derive(Clone, Debug, PartialEq, Record)]
pub(crate) struct Payment {
    pub(crate) card: CardId,
    pub(crate) amount: i64,
    pub(crate) tip: Option<u16>,
    pub(crate) note: Option<String>,
    pub(crate) at: Timestamp,
}

/// Numbers of every width.
#[derive(Clone, Debug, PartialEq, Record)]
pub(crate) struct Numbers {
    pub(crate) a: bool,
    pub(crate) b: i8,
    pub(crate) c: i16,
    pub(crate) d: i32,
    pub(crate) e: i64,
    pub(crate) f: i128,
    pub(crate) g: u8,
    pub(crate) h: u16,
    pub(crate) i: u32,
    pub(crate) j: u64,
    pub(crate) k: u128,
    pub(crate) l: f32,
    pub(crate) m: f64,
    pub(crate) n: Timestamp,
    pub(crate) o: Duration,
}

/// Fields of variable width and of types of one's own.
#[derive(Clone, Debug, PartialEq, Record)]
pub(crate) struct Mixture {
    pub(crate) raw: Vec<u8>,
    pub(crate) tags: Vec<String>,
    pub(crate) counts: Vec<i32>,
    pub(crate) gaps: Vec<Option<u16>>,
    pub(crate) notes: Vec<Option<String>>,
    pub(crate) rows: Vec<Vec<u8>>,
    pub(crate) level: Level,
    pub(crate) levels: Vec<Level>,
    pub(crate) paid: Paid,
    pub(crate) refunds: Vec<Paid>,
    pub(crate) place: Place,
    pub(crate) places: Option<Vec<Place>>,
    pub(crate) perhaps: Option<Paid>,
    #[field(default = 7)]
    pub(crate) weight: u8,
}

/// A codec for a new topic.
pub(crate) fn codec<T: Record>() -> RowCodec<T> {
    RowCodec::new(Format::Native, &mut TopicSchemas::new()).expect("a new topic takes any schema")
}

pub(crate) fn encode<T: Record>(codec: &RowCodec<T>, row: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec.encode(row, &mut bytes).expect("the codec may write");
    bytes
}

pub(crate) fn decode<T: Record>(codec: &RowCodec<T>, bytes: &[u8]) -> T {
    codec.decode(bytes, FieldMask::ALL).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn payment() -> Payment {
    Payment {
        card: CardId("4711".to_owned()),
        amount: -250,
        tip: None,
        note: Some("für Öl".to_owned()),
        at: "2013-01-01T10:00:00Z".parse().expect("a time"),
    }
}

pub(crate) fn numbers() -> Numbers {
    Numbers {
        a: true,
        b: -1,
        c: -2,
        d: -3,
        e: i64::MIN,
        f: i128::MAX,
        g: 1,
        h: 2,
        i: 3,
        j: u64::MAX,
        k: 5,
        l: 0.5,
        m: -0.25,
        n: Timestamp::from_millis(1),
        o: Duration::from_secs(2),
    }
}

pub(crate) fn mixture() -> Mixture {
    let card = Paid::Card { id: CardId("4711".to_owned()), contactless: Some(true) };
    let place = Place { city: "Köln".to_owned(), zip: Some(50_667) };
    Mixture {
        raw: vec![0, 255],
        tags: vec!["a".to_owned(), String::new(), "long ".repeat(30)],
        counts: vec![1, -1],
        gaps: vec![Some(1), None],
        notes: vec![None, Some(String::new()), Some("x".to_owned())],
        rows: vec![vec![], vec![9]],
        level: Level::High,
        levels: vec![Level::Low, Level::High],
        paid: card.clone(),
        refunds: vec![Paid::Cash, Paid::Voucher(3), card],
        place: place.clone(),
        places: Some(vec![place, Place { city: String::new(), zip: None }]),
        perhaps: None,
        weight: 2,
    }
}

pub(crate) fn any_payment() -> impl Strategy<Value = Payment> {
    let fields = (".{0,300}", any::<i64>(), option::of(any::<u16>()), option::of(".{0,9}"), any::<i64>());
    fields.prop_map(|(card, amount, tip, note, at)| Payment {
        card: CardId(card),
        amount,
        tip,
        note,
        at: Timestamp::from_millis(at),
    })
}

pub(crate) fn any_mixture() -> impl Strategy<Value = Mixture> {
    let lists = (
        vec(any::<u8>(), 0..300),
        vec(".{0,90}", 0..5),
        vec(any::<i32>(), 0..9),
        vec(option::of(any::<u16>()), 0..9),
        vec(option::of(".{0,200}"), 0..4),
        vec(vec(any::<u8>(), 0..9), 0..9),
        vec(any_level(), 0..4),
        vec(any_paid(), 0..4),
    );
    let others =
        (any_level(), any_paid(), any_place(), option::of(vec(any_place(), 0..4)), option::of(any_paid()));
    (lists, others, any::<u8>()).prop_map(|(lists, others, weight)| {
        let (raw, tags, counts, gaps, notes, rows, levels, refunds) = lists;
        let (level, paid, place, places, perhaps) = others;
        Mixture {
            raw,
            tags,
            counts,
            gaps,
            notes,
            rows,
            level,
            levels,
            paid,
            refunds,
            place,
            places,
            perhaps,
            weight,
        }
    })
}

pub(crate) fn any_level() -> impl Strategy<Value = Level> {
    prop_oneof![Just(Level::Low), Just(Level::High)]
}

pub(crate) fn any_place() -> impl Strategy<Value = Place> {
    (".{0,20}", option::of(any::<u32>())).prop_map(|(city, zip)| Place { city, zip })
}

pub(crate) fn any_paid() -> impl Strategy<Value = Paid> {
    prop_oneof![
        Just(Paid::Cash),
        any::<u64>().prop_map(Paid::Voucher),
        (".{0,200}", option::of(any::<bool>()))
            .prop_map(|(id, contactless)| Paid::Card { id: CardId(id), contactless }),
    ]
}
