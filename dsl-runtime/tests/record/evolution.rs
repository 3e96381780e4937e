//! A type changes, and the rows written before are still read, or refused with the ways out.

use dsl_macros::Record;
use dsl_runtime::record::{
    Format, OwnedSchema, Record, RowCodec, RowLayout, SchemaError, SchemaNumber, TopicSchemas,
};

use crate::samples::{decode, encode};

/// The type as it was when the topic was made.
mod first {
    use super::Record;

    #[derive(Clone, Debug, PartialEq, Record)]
    pub(super) struct Order {
        pub(super) id: u64,
        pub(super) buyer: String,
        pub(super) amount: i64,
        pub(super) state: State,
        pub(super) lines: Vec<Line>,
    }

    #[derive(Clone, Debug, PartialEq, Record)]
    pub(super) enum State {
        Open,
        Paid { by: String },
    }

    #[derive(Clone, Debug, PartialEq, Record)]
    pub(super) struct Line {
        pub(super) item: String,
        pub(super) count: u32,
    }

    pub(super) fn order() -> Order {
        let line = Line { item: "wheel".to_owned(), count: 2 };
        let state = State::Paid { by: "card".to_owned() };
        Order { id: 1, buyer: "Ada".to_owned(), amount: 500, state, lines: vec![line] }
    }
}

/// Writes `old` into a new topic and reads it as `New`, whose type the topic takes as its second schema.
#[track_caller]
fn read_as<Old: Record, New: Record>(old: &Old) -> New {
    let mut schemas = TopicSchemas::new();
    let bytes = encode(&RowCodec::new(Format::Native, &mut schemas).unwrap(), old);
    let codec = RowCodec::<New>::new(Format::Native, &mut schemas).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(schemas.schemas().len(), 2);
    let new = decode(&codec, &bytes);
    let again = encode(&codec, &new);
    assert_eq!((bytes[0], again[0]), (0, 1), "each row begins with its schema's number");
    assert_eq!(encode(&codec, &decode(&codec, &again)), again);
    new
}

#[track_caller]
fn refused<Old: Record, New: Record>(expected: &str) {
    let mut schemas = TopicSchemas::new();
    schemas.register::<Old>().unwrap();
    let error = RowCodec::<New>::new(Format::Native, &mut schemas).err();
    assert_eq!(error.map(|error| error.to_string()).as_deref(), Some(expected));
    assert_eq!(schemas.schemas().len(), 1, "a refused type leaves no trace");
}

#[test]
fn fields_are_added_with_defaults_at_every_depth() {
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Order {
        id: u64,
        buyer: String,
        amount: i64,
        state: State,
        lines: Vec<Line>,
        #[field(default = "EUR".to_owned())]
        currency: String,
        #[field(default)]
        weight: u32,
        coupon: Option<String>,
    }
    #[derive(Clone, Debug, PartialEq, Record)]
    enum State {
        Open,
        Paid {
            by: String,
            #[field(default = 1)]
            rates: u8,
        },
        Sent,
    }
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Line {
        item: String,
        count: u32,
        #[field(default = 9)]
        price: i64,
    }
    let read: Order = read_as(&first::order());
    assert_eq!((read.id, read.buyer.as_str(), read.amount), (1, "Ada", 500));
    assert_eq!((read.currency.as_str(), read.weight, read.coupon), ("EUR", 0, None));
    assert_eq!(read.state, State::Paid { by: "card".to_owned(), rates: 1 });
    assert_eq!(read.lines, [Line { item: "wheel".to_owned(), count: 2, price: 9 }]);
    assert_ne!(read.state, State::Open);
    assert_ne!(read.state, State::Sent);
}

#[test]
fn fields_are_dropped_reordered_and_renamed() {
    #[derive(Clone, Debug, PartialEq, Record)]
    #[record(retired(2))]
    struct Order {
        #[field(5)]
        positions: Vec<first::Line>,
        #[field(3)]
        amount: i64,
        #[field(1)]
        number: u64,
    }
    let read: Order = read_as(&first::order());
    assert_eq!((read.number, read.amount, read.positions.len()), (1, 500, 1));
}

#[test]
fn a_field_becomes_optional() {
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Order {
        id: Option<u64>,
        buyer: Option<String>,
        #[field(5)]
        lines: Vec<Option<first::Line>>,
    }
    let read: Order = read_as(&first::order());
    assert_eq!((read.id, read.buyer.as_deref()), (Some(1), Some("Ada")));
    assert_eq!(read.lines[0].as_ref().map(|line| line.count), Some(2));
}

#[test]
fn older_programs_read_newer_rows() {
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Order {
        id: u64,
        buyer: String,
        amount: i64,
        state: first::State,
        lines: Vec<first::Line>,
        note: Option<String>,
    }
    let first::Order { id, buyer, amount, state, lines } = first::order();
    let mut schemas = TopicSchemas::new();
    schemas.register::<first::Order>().unwrap();
    let newer = RowCodec::new(Format::Native, &mut schemas).unwrap();
    let row = Order { id, buyer, amount, state, lines, note: Some("new".to_owned()) };
    let older = RowCodec::<first::Order>::read_only(Format::Native, &schemas).unwrap();
    assert_eq!(decode(&older, &encode(&newer, &row)), first::order());
    let message = older.encode(&first::order(), &mut Vec::new()).unwrap_err().to_string();
    assert_eq!(message, "the schema of `Order` is not registered with the topic: open the topic for writing");
}

#[test]
fn a_variant_that_only_the_writer_knows_is_an_error_of_that_row() {
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Order {
        #[field(4)]
        state: State,
    }
    #[derive(Clone, Debug, PartialEq, Record)]
    enum State {
        Open,
    }
    let mut schemas = TopicSchemas::new();
    let writer = RowCodec::new(Format::Native, &mut schemas).unwrap();
    let reader = RowCodec::<Order>::read_only(Format::Native, &schemas).unwrap();
    let open = first::Order { state: first::State::Open, ..first::order() };
    assert_eq!(decode(&reader, &encode(&writer, &open)).state, State::Open);
    let paid = encode(&writer, &first::order());
    assert_eq!(
        reader.decode(&paid, dsl_runtime::record::FieldMask::ALL).unwrap_err().to_string(),
        "field `state` of `Order`: `State` has no variant with id 2; was the row written by a newer program?",
    );
}

#[test]
fn a_changed_kind_is_refused() {
    #[derive(Clone, Record)]
    struct Order {
        id: u64,
        buyer: String,
        amount: f64,
    }
    refused::<first::Order, Order>(
        "row type `Order` does not fit rows that are in the topic already (its schema 0): field `amount` (id 3) of `Order` is `f64` now but was written as \
         `i64`: keep `i64`, or give the new field an id of its own and a default, as in `#[field(6, default)]`, or \
         write to a new topic",
    );
    let _ = |order: Order| (order.id, order.buyer, order.amount);
}

#[test]
fn an_option_is_not_read_as_a_value() {
    #[derive(Clone, Record)]
    struct Before {
        a: Option<u8>,
        b: Vec<Option<u8>>,
    }
    #[derive(Clone, Record)]
    struct After {
        a: u8,
        b: Vec<u8>,
    }
    refused::<Before, After>(
        "row type `After` does not fit rows that are in the topic already (its schema 0): field `a` (id 1) of `After` is `u8` now but was written as \
         `Option<u8>`: keep `Option<u8>`, or give the new field an id of its own and a default, as in \
         `#[field(3, default)]`, or write to a new topic; field `b` (id 2) of `After` is `Vec<u8>` now but was written \
         as `Vec<Option<u8>>`: keep `Vec<Option<u8>>`, or give the new field an id of its own and a default, as in \
         `#[field(3, default)]`, or write to a new topic",
    );
    let _ = |row: Before| (row.a, row.b);
    let _ = |row: After| (row.a, row.b);
}

#[test]
fn a_new_field_without_a_default_is_refused_also_inside_of_a_list() {
    #[derive(Clone, Record)]
    struct Order {
        #[field(5)]
        lines: Vec<Line>,
        #[field(6)]
        weight: u32,
    }
    #[derive(Clone, Record)]
    struct Line {
        item: String,
        #[field(3)]
        price: i64,
    }
    refused::<first::Order, Order>(
        "row type `Order` does not fit rows that are in the topic already (its schema 0): field `price` (id 3) of `Line` is not in the rows already written: \
         give it a default, as in `#[field(default)]` or `#[field(default = ...)]`, or make it an `Option`; \
         field `weight` (id 6) of `Order` is not in the rows already written: \
         give it a default, as in `#[field(default)]` or `#[field(default = ...)]`, or make it an `Option`",
    );
    let _ = |order: Order| (order.weight, order.lines.into_iter().map(|line| (line.item, line.price)).next());
}

#[test]
fn a_field_dropped_from_the_middle_does_not_shift_the_others() {
    #[derive(Clone, Record)]
    struct Before {
        a: u32,
        b: u32,
        c: u32,
    }
    #[derive(Clone, Record)]
    struct After {
        a: u32,
        c: u32,
    }
    refused::<Before, After>(
        "row type `After` does not fit rows that are in the topic already (its schema 0): field `c` of `After` has id 2 by its place, but id 2 was `b` in the \
         rows already written: if it is `b` renamed, write `#[field(2)]` before it; if fields were added, dropped or \
         moved, give each remaining field its old id and new fields an id from 4 on",
    );
    let _ = |row: Before| (row.a, row.b, row.c);
    let _ = |row: After| (row.a, row.c);
}

#[test]
fn variants_that_move_are_refused() {
    #[derive(Clone, Record)]
    struct Order {
        #[field(4)]
        state: State,
    }
    #[derive(Clone, Record)]
    enum State {
        Draft,
        Open,
    }
    refused::<first::Order, Order>(
        "row type `Order` does not fit rows that are in the topic already (its schema 0): variant `Draft` of `State` has id 1 by its place, but id 1 was \
         `Open` in the rows already written: if it is `Open` renamed, write `#[variant(1)]` before it; if variants were \
         added, dropped or moved, give each remaining variant its old id and new variants an id from 3 on; \
         variant `Open` of `State` has id 2 by its place, but id 2 was `Paid` in the rows already written: if it is \
         `Paid` renamed, write `#[variant(2)]` before it; if variants were added, dropped or moved, give each \
         remaining variant its old id and new variants an id from 3 on",
    );
    let _ = |order: Order| match order.state {
        State::Draft | State::Open => (),
    };
}

#[test]
fn a_dropped_id_does_not_come_back_as_another_field() {
    #[derive(Clone, Record)]
    struct First {
        a: u32,
        b: u32,
    }
    #[derive(Clone, Record)]
    struct Second {
        a: u32,
    }
    #[derive(Clone, Record)]
    struct Third {
        a: u32,
        #[field(2, default)]
        c: u32,
    }
    #[derive(Clone, Record)]
    struct Back {
        a: u32,
        #[field(default)]
        b: u32,
    }
    let mut schemas = TopicSchemas::new();
    schemas.register::<First>().unwrap();
    schemas.register::<Second>().unwrap();
    assert_eq!(
        schemas.register::<Third>().unwrap_err().to_string(),
        "field `c` of `Third` has id 2, which was `b` in schema 0 and dropped since: give `c` an id that was never \
         used, such as 3, and note `#[record(retired(2))]`",
    );
    // The same field may come back, and its values with it; it has the schema of the first type again.
    assert_eq!(schemas.register::<Back>(), Ok(SchemaNumber(0)));
    let _ = (
        |row: First| (row.a, row.b),
        |row: Second| row.a,
        |row: Third| (row.a, row.c),
        |row: Back| (row.a, row.b),
    );
}

#[test]
fn a_retired_id_stays_retired() {
    #[derive(Clone, Record)]
    #[record(retired(2))]
    struct Before {
        a: u32,
    }
    #[derive(Clone, Record)]
    struct After {
        a: u32,
        #[field(default)]
        b: u32,
    }
    refused::<Before, After>(
        "row type `After` does not fit rows that are in the topic already (its schema 0): field `b` of `After` has id 2, which the type of those rows has \
         retired: if a newer program dropped the field, use that program's type; if it is a new field, give it another id, as \
         in `#[field(3)]`",
    );
    let _ = (|row: Before| row.a, |row: After| (row.a, row.b));
}

#[test]
fn a_raw_topic_holds_one_field_of_bytes() {
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Line {
        text: String,
    }
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Blob {
        bytes: Vec<u8>,
    }
    let codec = RowCodec::<Line>::new(Format::Raw, &mut TopicSchemas::new()).unwrap();
    for length in [0, 3, 300, 70_000] {
        let line = Line { text: "x".repeat(length) };
        assert_eq!(encode(&codec, &line), line.text.as_bytes());
        assert_eq!(decode(&codec, line.text.as_bytes()), line);
    }
    assert_eq!(
        codec.decode(b"a\xff", dsl_runtime::record::FieldMask::ALL).unwrap_err().to_string(),
        "field `text` of `Line`: not UTF-8 from byte 1 on",
    );
    let blobs = RowCodec::<Blob>::new(Format::Raw, &mut TopicSchemas::new()).unwrap();
    assert_eq!(decode(&blobs, &[0xff]), Blob { bytes: vec![0xff] });
    let error = RowCodec::<first::Order>::new(Format::Raw, &mut TopicSchemas::new()).err();
    assert_eq!(error, Some(SchemaError::Raw("Order".to_owned())));
}

/// Whether rows of the type `Old` lie as those of `New` do.
fn lie_alike<Old: Record, New: Record>() -> bool {
    let [old, new] = [Old::SCHEMA, New::SCHEMA].map(OwnedSchema::from);
    RowLayout::resolve(&new, &old).is_ok_and(|layout| layout.is_current())
}

#[test]
fn rows_of_todays_layout_are_told_from_others() {
    #[derive(Clone, Record)]
    struct Now {
        #[field(1)]
        a: u64,
        #[field(2)]
        b: Option<String>,
    }
    #[derive(Clone, Record)]
    struct Renamed {
        #[field(2)]
        second: Option<String>,
        #[field(1)]
        first: u64,
    }
    #[derive(Clone, Record)]
    struct NotYetOptional {
        #[field(1)]
        a: u64,
        #[field(2)]
        b: String,
    }
    #[derive(Clone, Record)]
    struct WithMore {
        #[field(1)]
        a: u64,
        #[field(2)]
        b: Option<String>,
        #[field(3)]
        c: bool,
    }
    #[derive(Clone, Record)]
    struct WithLess {
        #[field(1)]
        a: u64,
    }
    assert!(lie_alike::<Now, Now>() && lie_alike::<first::Order, first::Order>());
    assert!(lie_alike::<Renamed, Now>() && lie_alike::<Now, Renamed>());
    assert!(!lie_alike::<NotYetOptional, Now>());
    assert!(!lie_alike::<WithMore, Now>());
    assert!(!lie_alike::<WithLess, Now>());
}
